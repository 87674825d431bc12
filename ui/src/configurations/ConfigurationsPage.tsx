import { Link } from "@tanstack/react-router"
import { Plus } from "lucide-react"
import { Badge } from "../parts/Badge.tsx"
import { buttonClass } from "../parts/Button.tsx"
import { MoreButton } from "../parts/MoreButton.tsx"
import { EmptyState, Loaded, PageHeader } from "../parts/Page.tsx"
import { Cell, Table } from "../parts/Table.tsx"
import { useMay } from "../session/session.ts"
import { ConfigurationState } from "./ConfigurationState.tsx"
import { type ConfigurationSummary, useConfigurations } from "./queries.ts"
import { useProviderName } from "../parts/providers.ts"

const Row = ({ of }: { readonly of: ConfigurationSummary }) => {
  const nameOf = useProviderName()
  return (
    <tr>
      <Cell>
        <div className="flex flex-wrap items-center gap-2">
          <Link
            to="/configurations/$configurationId"
            params={{ configurationId: of.id }}
            className="text-accent font-medium break-words underline-offset-2 hover:underline"
          >
            {of.name}
          </Link>
          {of.is_default_outbound ? <Badge tone="accent">default for outbound</Badge> : null}
          {of.simulated ? <Badge title="Its calls go to a carrier that this service imitates.">simulated</Badge> : null}
        </div>
      </Cell>
      <Cell className="whitespace-nowrap">{nameOf(of.provider)}</Cell>
      <Cell>
        <ConfigurationState of={of} />
      </Cell>
      <Cell className="tabular-nums">{of.number_count}</Cell>
    </tr>
  )
}

const NewLink = () => (
  <Link to="/configurations/new" className={buttonClass("primary")}>
    <Plus size={16} aria-hidden /> New configuration
  </Link>
)

/** Every carrier account of the organization. */
export const ConfigurationsPage = () => {
  const configurations = useConfigurations()
  const isAdmin = useMay("admin")
  return (
    <>
      <PageHeader title="Configurations" {...(isAdmin ? { actions: <NewLink /> } : {})}>
        Carrier accounts: one configuration is one account of one carrier, with its credentials.
      </PageHeader>
      <Loaded of={configurations}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.configurations)
          if (all.length === 0) {
            return (
              <EmptyState title="No configuration yet" {...(isAdmin ? { action: <NewLink /> } : {})}>
                {isAdmin
                  ? "Add an account of a carrier: then its numbers can be called, and it can place calls."
                  : "An admin has to add a carrier account first."}
              </EmptyState>
            )
          }
          return (
            <>
              <Table label="Configurations" head={["Name", "Carrier", "State", "Numbers"]}>
                {all.map((each) => (
                  <Row key={each.id} of={each} />
                ))}
              </Table>
              <MoreButton of={configurations} />
            </>
          )
        }}
      </Loaded>
    </>
  )
}
