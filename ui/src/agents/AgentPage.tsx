import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { Phone, PhoneOutgoing, Trash2 } from "lucide-react"
import { useState } from "react"
import { Problem } from "../api/problem.ts"
import { Button, buttonClass } from "../parts/Button.tsx"
import { EmptyState, Loading, PageHeader, ProblemNote } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { AgentSettings } from "./AgentSettings.tsx"
import { DialOut } from "./DialOut.tsx"
import { RemoveAgent } from "./RemoveAgent.tsx"
import { type Agent, type AgentKind, useAgent, useAgentKinds } from "./queries.ts"

const Shown = ({ agent, kinds }: { readonly agent: Agent; readonly kinds: ReadonlyArray<AgentKind> }) => {
  const [asked, setAsked] = useState<"dial" | "remove">()
  const navigate = useNavigate()
  const mayEdit = useMay("operator")
  const kind = kinds.find((each) => each.kind === agent.kind)
  const close = () => setAsked(undefined)
  return (
    <>
      <PageHeader
        title={agent.name}
        actions={
          mayEdit ? (
            <>
              <Link to="/phone" search={{ agent: agent.id }} className={buttonClass("primary")}>
                <Phone size={16} aria-hidden />
                Call it now
              </Link>
              <Button onClick={() => setAsked("dial")}>
                <PhoneOutgoing size={16} aria-hidden />
                Dial out
              </Button>
              <Button look="danger" onClick={() => setAsked("remove")}>
                <Trash2 size={16} aria-hidden />
                Delete
              </Button>
            </>
          ) : null
        }
      >
        <p>{kind === undefined ? agent.kind : `${kind.display_name}. ${kind.description}`}</p>
        <p className="font-mono text-xs">{agent.id}</p>
      </PageHeader>
      {kind === undefined ? (
        <ProblemNote
          cause={
            new Error(`This service does not know agents of the kind "${agent.kind}" (any more): see its version.`)
          }
        />
      ) : (
        <AgentSettings agent={agent} kind={kind} />
      )}
      {asked === "dial" ? <DialOut agent={agent} onClose={close} /> : null}
      {asked === "remove" ? (
        <RemoveAgent agent={agent} onClose={close} onRemoved={() => void navigate({ to: "/agents" })} />
      ) : null}
    </>
  )
}

/** One agent: its settings, to be changed, and what can be done with it. */
export const AgentPage = () => {
  const { agentId = "" } = useParams({ strict: false })
  const agent = useAgent(agentId)
  const kinds = useAgentKinds()
  if (agent.data !== undefined && kinds.data !== undefined) return <Shown agent={agent.data} kinds={kinds.data} />
  const error = agent.error ?? kinds.error
  if (error instanceof Problem && error.status === 404) {
    return (
      <EmptyState
        title="There is no such agent"
        action={
          <Link to="/agents" className={buttonClass()}>
            To the agents
          </Link>
        }
      >
        It was deleted, or belongs to another organization.
      </EmptyState>
    )
  }
  if (error !== null) {
    return <ProblemNote cause={error} retry={() => void Promise.all([agent.refetch(), kinds.refetch()])} />
  }
  return <Loading />
}
