import { Plus } from "lucide-react"
import { useMemo, useState } from "react"
import { useAgents } from "../agents/queries.ts"
import { useConfigurationChoices } from "../configurations/queries.ts"
import { useProviderName, useProviders } from "../parts/providers.ts"
import { textOf } from "../form/fields.ts"
import { GenericForm } from "../form/GenericForm.tsx"
import { Button } from "../parts/Button.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { Loaded } from "../parts/Page.tsx"
import { AddressPreview } from "./AddressPreview.tsx"
import { countryOptions } from "./countryNames.ts"
import { addressFields, configurationField, problemFields, settingFields } from "./numberFields.ts"
import { type Countries, useAddNumber, useCountries } from "./queries.ts"
import { useSyncNotice } from "./syncNotice.ts"

interface Named {
  readonly id: string
  readonly name: string
}

const Form = ({
  agents,
  configurations,
  configurationId,
  countries,
  onDone
}: {
  readonly agents: ReadonlyArray<Named>
  /** To choose from; none: the number goes to `configurationId`. */
  readonly configurations: ReadonlyArray<Named>
  readonly configurationId: string | undefined
  readonly countries: Countries
  readonly onDone: () => void
}) => {
  const add = useAddNumber()
  const tell = useSyncNotice()
  const fields = useMemo(() => {
    const choices = (all: ReadonlyArray<Named>) => all.map(({ id, name }) => ({ value: id, label: name }))
    return [
      ...(configurationId === undefined ? [configurationField(choices(configurations))] : []),
      ...addressFields(countryOptions(countries), countries.default_country ?? undefined),
      ...settingFields(choices(agents))
    ]
  }, [agents, configurationId, configurations, countries])
  return (
    <GenericForm
      fields={fields}
      submit="Add number"
      at={problemFields}
      beside={{
        address: ({ address, address_type, country_code }) => (
          <AddressPreview address={address} address_type={address_type} country_code={country_code} />
        )
      }}
      onSubmit={async ({ configuration, ...payload }) => {
        const number = await add.mutateAsync({
          configurationId: configurationId ?? textOf(configuration) ?? "",
          payload
        })
        tell(`${number.address_normalized} is added.`, number.provider_sync)
        onDone()
      }}
      aside={<Button onClick={onDone}>Cancel</Button>}
    />
  )
}

const Choices = ({
  configurationId,
  onDone
}: {
  readonly configurationId: string | undefined
  readonly onDone: () => void
}) => {
  const agents = useAgents()
  const countries = useCountries()
  const configurations = useConfigurationChoices()
  const nameOf = useProviderName()
  const { data: providers = [] } = useProviders()
  const hasNumbers = (provider: string) => providers.find((each) => each.provider === provider)?.phone !== true
  return (
    <Loaded of={agents}>
      {(agentList) => (
        <Loaded of={countries}>
          {(countryList) => (
            <Loaded of={configurations}>
              {(all) => (
                <Form
                  agents={agentList}
                  countries={countryList}
                  configurationId={configurationId}
                  configurations={all
                    .filter(({ provider }) => hasNumbers(provider))
                    .map(({ id, name, provider }) => ({ id, name: `${name} (${nameOf(provider)})` }))}
                  onDone={onDone}
                />
              )}
            </Loaded>
          )}
        </Loaded>
      )}
    </Loaded>
  )
}

/** Adds a number: to this configuration, else to one that is chosen in the form. */
export const AddNumber = ({
  configurationId,
  small = false
}: {
  readonly configurationId?: string
  readonly small?: boolean
}) => {
  const [open, setOpen] = useState(false)
  const close = () => setOpen(false)
  return (
    <>
      <Button look="primary" small={small} onClick={() => setOpen(true)}>
        <Plus size={16} aria-hidden /> Add number
      </Button>
      <Dialog open={open} onClose={close} title="Add a number">
        <Choices configurationId={configurationId} onDone={close} />
      </Dialog>
    </>
  )
}
