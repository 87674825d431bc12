import { Link, useParams } from "@tanstack/react-router"
import { Phone, Stethoscope } from "lucide-react"
import { NumbersCard } from "../numbers/NumbersCard.tsx"
import { Badge } from "../parts/Badge.tsx"
import { Button, buttonClass } from "../parts/Button.tsx"
import { CopyButton } from "../parts/CopyButton.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { Card, Loaded, PageHeader, ProblemNote } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { ConfigurationState } from "./ConfigurationState.tsx"
import { ConnectionCard } from "./ConnectionCard.tsx"
import { DeleteConfiguration } from "./DeleteConfiguration.tsx"
import { type Configuration, useConfiguration, useReactivate, useSetDefault } from "./queries.ts"
import { type Provider, useProviders } from "../parts/providers.ts"
import { SettingsCard } from "./SettingsCard.tsx"
import { SetupCard } from "./SetupCard.tsx"

const Actions = ({ of, provider }: { readonly of: Configuration; readonly provider: Provider }) => {
  const setDefault = useSetDefault(of.id)
  const { refetch, isFetching } = useConfiguration(of.id)
  const { bad, good } = useNotices()
  const isAdmin = useMay("admin")
  return (
    <>
      <Button busy={isFetching} onClick={() => void refetch()}>
        Reload
      </Button>
      <Link to="/doctor" search={{ configuration: of.id }} className={buttonClass()}>
        <Stethoscope size={16} aria-hidden /> Doctor
      </Link>
      {isAdmin && !of.is_default_outbound && !of.simulated && !provider.phone ? (
        <Button
          busy={setDefault.isPending}
          onClick={() =>
            setDefault.mutate(undefined, {
              onError: bad,
              onSuccess: () => good(`Calls that name no configuration are placed with "${of.name}".`)
            })
          }
        >
          Make default
        </Button>
      ) : null}
      {isAdmin ? <DeleteConfiguration of={of} /> : null}
    </>
  )
}

const Parked = ({ of }: { readonly of: Configuration }) => {
  const reactivate = useReactivate(of.id)
  const { bad, good } = useNotices()
  const isAdmin = useMay("admin")
  return (
    <div
      role="status"
      className="border-bad bg-bad-soft text-bad flex flex-wrap items-center gap-3 rounded-lg border p-4"
    >
      <p className="min-w-0 flex-1">
        <strong>Parked:</strong> {of.inactive_reason ?? "It was switched off."} It takes and places no calls.
      </p>
      <Button
        busy={reactivate.isPending}
        disabled={!isAdmin}
        title={isAdmin ? undefined : "Only admins reactivate a configuration."}
        onClick={() => reactivate.mutate(undefined, { onError: bad, onSuccess: () => good(`"${of.name}" is active.`) })}
      >
        Reactivate
      </Button>
    </div>
  )
}

const InboundCard = ({ url }: { readonly url: string }) => (
  <Card title="Webhook URL">
    <div className="flex items-center gap-1">
      <output className="border-line bg-raised min-w-0 flex-1 rounded-md border px-2.5 py-1.5 font-mono text-xs break-all">
        {url}
      </output>
      <CopyButton text={url} what="webhook URL" />
    </div>
    <p className="text-muted mt-2 text-xs">
      Where the carrier announces calls. It is set there for each number with an agent, as far as the carrier lets us.
    </p>
  </Card>
)

const PhoneCard = () => (
  <Card title="Phone">
    <p className="mb-3">It needs no number: you call an agent from this browser.</p>
    <Link to="/phone" className={buttonClass()}>
      <Phone size={16} aria-hidden /> To the phone
    </Link>
  </Card>
)

const Detail = ({ of, provider }: { readonly of: Configuration; readonly provider: Provider }) => (
  <>
    <PageHeader title={of.name} actions={<Actions of={of} provider={provider} />}>
      <div className="flex flex-wrap items-center gap-2">
        <span>{provider.display_name}</span>
        <ConfigurationState of={of} brief />
        {of.is_default_outbound ? <Badge tone="accent">default for outbound</Badge> : null}
        {of.simulated ? <Badge title="Its calls go to a carrier that this service imitates.">simulated</Badge> : null}
      </div>
    </PageHeader>
    <div className="flex flex-col gap-4">
      {of.inactive_since === null ? null : <Parked of={of} />}
      <div className="grid gap-4 lg:grid-cols-2">
        <SetupCard of={of} provider={provider} />
        <div className="flex min-w-0 flex-col gap-4">
          <ConnectionCard id={of.id} />
          {of.inbound_url === null ? null : <InboundCard url={of.inbound_url} />}
        </div>
      </div>
      {provider.phone ? <PhoneCard /> : <NumbersCard configurationId={of.id} />}
      <SettingsCard key={of.id} provider={provider} current={of} />
    </div>
  </>
)

/** One carrier account: whether it works, its numbers, its settings. */
export const ConfigurationPage = () => {
  const { configurationId } = useParams({ from: "/configurations/$configurationId" })
  const configuration = useConfiguration(configurationId)
  const providers = useProviders()
  return (
    <Loaded of={configuration}>
      {(of) => (
        <Loaded of={providers}>
          {(all) => {
            const provider = all.find((each) => each.provider === of.provider)
            return provider === undefined ? (
              <ProblemNote
                cause={
                  new Error(
                    `This service does not know the carrier "${of.provider}". Was it started from an older version?`
                  )
                }
              />
            ) : (
              <Detail of={of} provider={provider} />
            )
          }}
        </Loaded>
      )}
    </Loaded>
  )
}
