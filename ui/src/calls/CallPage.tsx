import { Link, useParams } from "@tanstack/react-router"
import type { ReactNode } from "react"
import { Problem } from "../api/problem.ts"
import { buttonClass } from "../parts/Button.tsx"
import { CopyButton } from "../parts/CopyButton.tsx"
import { Card, EmptyState, Loaded, PageHeader } from "../parts/Page.tsx"
import { Moment } from "../parts/time.tsx"
import { useProviderName } from "../parts/providers.ts"
import { type Call, costText, isLive, newer } from "./call.ts"
import { CallDuration, Direction, StatusBadge } from "./CallParts.tsx"
import { EndNote } from "./EndNote.tsx"
import { LiveControls } from "./LiveControls.tsx"
import { useLiveCalls, useToldCalls } from "./live.ts"
import { useAgent } from "./names.ts"
import { useCall } from "./queries.ts"
import { Recordings } from "./Recordings.tsx"
import { Timeline } from "./Timeline.tsx"
import { Transfers } from "./Transfers.tsx"

const Fact = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-muted text-xs">{name}</dt>
    <dd className="mt-0.5 break-words">{children}</dd>
  </div>
)

const AgentName = ({ id }: { readonly id: string | null }) => {
  const { data } = useAgent(id)
  if (id === null) return "None"
  if (data === null) return <span className="text-muted">deleted</span>
  return (
    <Link to="/agents/$agentId" params={{ agentId: id }} className="text-accent underline">
      {data?.name ?? "…"}
    </Link>
  )
}

const Head = ({ call }: { readonly call: Call }) => {
  const provider = useProviderName()(call.mode)
  return (
    <Card>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3 lg:grid-cols-4">
        <Fact name="State">
          <StatusBadge status={call.status} />
        </Fact>
        <Fact name="Direction">
          <Direction of={call} />
        </Fact>
        <Fact name="From">
          <span className="font-mono text-xs">{call.from}</span>
        </Fact>
        <Fact name="To">
          <span className="font-mono text-xs">{call.to}</span>
        </Fact>
        <Fact name="Agent">
          <AgentName id={call.agent_id} />
        </Fact>
        <Fact name="Carrier">
          <Link
            to="/configurations/$configurationId"
            params={{ configurationId: call.telephony_configuration_id }}
            className="text-accent underline"
          >
            {provider}
          </Link>
        </Fact>
        <Fact name="Duration">
          <CallDuration call={call} />
        </Fact>
        <Fact name="Cost">
          {call.cost === null ? <span className="text-muted">not known</span> : costText(call.cost)}
        </Fact>
        <Fact name="Began">
          <Moment at={call.created_at} />
        </Fact>
        <Fact name="Carrier's id">
          {call.provider_call_id === null ? (
            <span className="text-muted">not known</span>
          ) : (
            <span className="flex items-center gap-1">
              <span className="truncate font-mono text-xs">{call.provider_call_id}</span>
              <CopyButton text={call.provider_call_id} what="carrier's id" />
            </span>
          )}
        </Fact>
      </dl>
      <EndNote call={call} />
    </Card>
  )
}

const Raw = ({ call }: { readonly call: Call }) => (
  <details className="text-muted text-xs">
    <summary className="w-fit rounded">The call as JSON</summary>
    <pre
      className="border-line bg-surface text-ink mt-2 overflow-x-auto rounded border p-3 font-mono"
      tabIndex={0}
      role="region"
      aria-label="The call as JSON"
    >
      {JSON.stringify(call, null, 2)}
    </pre>
  </details>
)

const Shown = ({ call: read }: { readonly call: Call }) => {
  const told = useToldCalls().get(read.id)
  const call = told === undefined ? read : newer(read, told)
  const live = isLive(call)
  useLiveCalls(live)
  const other = call.direction === "inbound" ? `from ${call.from}` : `to ${call.to}`
  return (
    <>
      <PageHeader title={`Call ${other}`} />
      <div className="flex flex-col gap-4">
        <Head call={call} />
        {live ? <LiveControls call={call} /> : null}
        <Transfers call={call} />
        <Recordings call={call} />
        <Timeline call={call} />
        <Raw call={call} />
      </div>
    </>
  )
}

const isMissing = (cause: unknown) => cause instanceof Problem && cause.status === 404

/** One call: what it is, what happened to it, and what can be done with it. */
export const CallPage = () => {
  const { callId = "" } = useParams({ strict: false })
  const query = useCall(callId)
  if (isMissing(query.error))
    return (
      <>
        <PageHeader title="Call" />
        <EmptyState
          title="There is no such call"
          action={
            <Link to="/calls" className={buttonClass()}>
              All calls
            </Link>
          }
        >
          The address may be mistyped, or the call is another organization's.
        </EmptyState>
      </>
    )
  return <Loaded of={query}>{(call) => <Shown key={call.id} call={call} />}</Loaded>
}
