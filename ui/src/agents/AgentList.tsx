import { Link } from "@tanstack/react-router"
import { Phone, PhoneOutgoing, Trash2 } from "lucide-react"
import { useState } from "react"
import { useEveryNumber } from "../numbers/queries.ts"
import { Button, buttonClass } from "../parts/Button.tsx"
import { EmptyState, Loaded } from "../parts/Page.tsx"
import { Cell, Table } from "../parts/Table.tsx"
import { Moment } from "../parts/time.tsx"
import { useMay } from "../session/session.ts"
import { DialOut } from "./DialOut.tsx"
import { RemoveAgent } from "./RemoveAgent.tsx"
import { type AgentSummary, useAgentKinds, useAgents } from "./queries.ts"

const NumbersOf = ({ agent }: { readonly agent: AgentSummary }) => {
  const { data } = useEveryNumber()
  if (data === undefined) return <span className="text-muted">…</span>
  const addresses = data.filter(({ agent_id }) => agent_id === agent.id).map(({ address }) => address)
  return addresses.length === 0 ? (
    <span className="text-muted">none</span>
  ) : (
    <span title={addresses.join(", ")}>{addresses.length === 1 ? addresses[0] : `${addresses.length} numbers`}</span>
  )
}

type Asked = { readonly what: "dial" | "remove"; readonly agent: AgentSummary }

/** The agents, each with what can be done with it. */
export const AgentList = () => {
  const agents = useAgents()
  const { data: kinds = [] } = useAgentKinds()
  const mayEdit = useMay("operator")
  const [asked, setAsked] = useState<Asked>()
  const close = () => setAsked(undefined)
  const nameOf = (kind: string) => kinds.find((each) => each.kind === kind)?.display_name ?? kind

  return (
    <>
      <Loaded of={agents}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState
              title="No agents yet"
              action={
                mayEdit ? (
                  <>
                    <Link to="/agents/new" className={buttonClass("primary")}>
                      Make an agent
                    </Link>
                    <Link to="/phone" className={buttonClass()}>
                      Try one from the browser
                    </Link>
                  </>
                ) : undefined
              }
            >
              {mayEdit
                ? "Make one that answers calls with your own server or a model, or try a call with one that needs no settings."
                : "Somebody with the role operator can make one."}
            </EmptyState>
          ) : (
            <Table label="Agents" head={["Name", "Kind", "Numbers", "Changed", "(What to do)"]}>
              {list.map((agent) => (
                <tr key={agent.id}>
                  <Cell className="max-w-72 font-medium">
                    <Link
                      to="/agents/$agentId"
                      params={{ agentId: agent.id }}
                      className="text-accent block truncate hover:underline"
                    >
                      {agent.name}
                    </Link>
                  </Cell>
                  <Cell className="whitespace-nowrap">{nameOf(agent.kind)}</Cell>
                  <Cell className="whitespace-nowrap">
                    <NumbersOf agent={agent} />
                  </Cell>
                  <Cell className="text-muted">
                    <Moment at={agent.updated_at} />
                  </Cell>
                  <Cell>
                    {mayEdit ? (
                      <div className="flex justify-end gap-1">
                        <Link
                          to="/phone"
                          search={{ agent: agent.id }}
                          aria-label={`Call ${agent.name} now`}
                          className={buttonClass("plain", true)}
                        >
                          <Phone size={14} aria-hidden />
                          Call it now
                        </Link>
                        <Button
                          small
                          aria-label={`Dial out with ${agent.name}`}
                          onClick={() => setAsked({ what: "dial", agent })}
                        >
                          <PhoneOutgoing size={14} aria-hidden />
                          Dial out
                        </Button>
                        <Button
                          small
                          look="danger"
                          aria-label={`Delete ${agent.name}`}
                          onClick={() => setAsked({ what: "remove", agent })}
                        >
                          <Trash2 size={14} aria-hidden />
                          Delete
                        </Button>
                      </div>
                    ) : null}
                  </Cell>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      {asked?.what === "dial" ? <DialOut agent={asked.agent} onClose={close} /> : null}
      {asked?.what === "remove" ? <RemoveAgent agent={asked.agent} onClose={close} onRemoved={close} /> : null}
    </>
  )
}
