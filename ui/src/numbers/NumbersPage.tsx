import { Link } from "@tanstack/react-router"
import { useDeferredValue, useState } from "react"
import { useConfigurationChoices } from "../configurations/queries.ts"
import { useProviderName } from "../parts/providers.ts"
import { Labelled, TextInput } from "../form/inputs.tsx"
import { buttonClass } from "../parts/Button.tsx"
import { MoreButton } from "../parts/MoreButton.tsx"
import { EmptyState, Loaded, PageHeader } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { AddNumber } from "./AddNumber.tsx"
import { NumbersTable } from "./NumbersTable.tsx"
import { type ListedNumber, useAllNumbers } from "./queries.ts"

const ConfigurationLink = ({ of }: { readonly of: ListedNumber }) => {
  const nameOf = useProviderName()
  return (
    <>
      <Link
        to="/configurations/$configurationId"
        params={{ configurationId: of.telephony_configuration_id }}
        className="text-accent underline-offset-2 hover:underline"
      >
        {of.configuration_name}
      </Link>
      <span className="text-muted block text-xs">{nameOf(of.provider)}</span>
    </>
  )
}

const Nothing = ({ search }: { readonly search: string }) => {
  const { data } = useConfigurationChoices()
  const mayWrite = useMay("operator")
  if (search !== "") return <EmptyState title="No number matches">Nothing has “{search}” in it.</EmptyState>
  return data?.length === 0 ? (
    <EmptyState
      title="No number yet"
      action={
        <Link to="/configurations" className={buttonClass("primary")}>
          To the configurations
        </Link>
      }
    >
      A number belongs to a carrier account. Add a configuration first.
    </EmptyState>
  ) : (
    <EmptyState title="No number yet" action={mayWrite ? <AddNumber /> : null}>
      Add a number that one of your carrier accounts holds, and choose the agent that answers it.
    </EmptyState>
  )
}

/** The numbers of all configurations. */
export const NumbersPage = () => {
  const [text, setText] = useState("")
  const search = useDeferredValue(text.trim())
  const numbers = useAllNumbers(search)
  const mayWrite = useMay("operator")
  return (
    <>
      <PageHeader title="Numbers" actions={mayWrite ? <AddNumber /> : undefined}>
        Every number, SIP URI and extension, whatever carrier account it is on.
      </PageHeader>
      <div className="mb-4 max-w-sm">
        <Labelled id="number-search" label="Find">
          {(aria) => (
            <TextInput
              id={aria.id}
              type="search"
              maxLength={100}
              placeholder="Part of a number, label or configuration"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Labelled>
      </div>
      <Loaded of={numbers}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.phone_numbers)
          return all.length === 0 ? (
            <Nothing search={search} />
          ) : (
            <>
              <NumbersTable numbers={all} configurationOf={(number) => <ConfigurationLink of={number} />} />
              <MoreButton of={numbers} />
            </>
          )
        }}
      </Loaded>
    </>
  )
}
