import { Link } from "@tanstack/react-router"
import type { ReactNode } from "react"
import { useAgents } from "../agents/queries.ts"
import { Badge } from "../parts/Badge.tsx"
import { Cell, Table } from "../parts/Table.tsx"
import { useMay } from "../session/session.ts"
import { countryName } from "./countryNames.ts"
import { DeleteNumber } from "./DeleteNumber.tsx"
import { EditNumber } from "./EditNumber.tsx"
import type { PhoneNumber } from "./queries.ts"
import { SyncState } from "./SyncState.tsx"

const Agent = ({ id }: { readonly id: string | null }) => {
  const { data } = useAgents()
  if (id === null) return <span className="text-muted">none: calls are refused</span>
  return (
    <Link to="/agents/$agentId" params={{ agentId: id }} className="text-accent underline-offset-2 hover:underline">
      {data?.find((agent) => agent.id === id)?.name ?? "an agent"}
    </Link>
  )
}

const Row = ({ of, configuration }: { readonly of: PhoneNumber; readonly configuration: ReactNode }) => {
  const mayWrite = useMay("operator")
  const details = [of.label, of.country_code === null ? null : countryName(of.country_code)].filter(
    (each) => each !== null
  )
  return (
    <tr>
      <Cell>
        <span className="block font-mono whitespace-nowrap" title={`Added as ${of.address}`}>
          {of.address_normalized}
        </span>
        <span className="text-muted text-xs">{details.join(" · ")}</span>
      </Cell>
      {configuration === undefined ? null : <Cell>{configuration}</Cell>}
      <Cell>
        <Agent id={of.agent_id} />
      </Cell>
      <Cell>
        <div className="flex flex-wrap gap-1">
          <Badge tone={of.is_active ? "good" : "plain"}>{of.is_active ? "active" : "inactive"}</Badge>
          {of.is_default_caller_id ? <Badge tone="accent">default caller id</Badge> : null}
        </div>
      </Cell>
      <Cell>
        <SyncState of={of} />
      </Cell>
      <Cell>
        {mayWrite ? (
          <div className="flex justify-end gap-1">
            <EditNumber number={of} />
            <DeleteNumber number={of} />
          </div>
        ) : null}
      </Cell>
    </tr>
  )
}

/** Numbers as rows. `configurationOf` says whose each is, where the page does not. */
export const NumbersTable = <Each extends PhoneNumber>({
  numbers,
  configurationOf
}: {
  readonly numbers: ReadonlyArray<Each>
  readonly configurationOf?: (number: Each) => ReactNode
}) => (
  <Table
    label="Phone numbers"
    head={[
      "Number",
      ...(configurationOf === undefined ? [] : ["Configuration"]),
      "Agent",
      "State",
      "Webhook at the carrier",
      "(Actions)"
    ]}
  >
    {numbers.map((number) => (
      <Row key={number.id} of={number} configuration={configurationOf?.(number)} />
    ))}
  </Table>
)
