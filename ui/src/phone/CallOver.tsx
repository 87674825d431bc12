import { Link } from "@tanstack/react-router"
import { ProblemNote } from "../parts/Page.tsx"
import { clockText } from "./clock.tsx"
import { useEnding } from "./queries.ts"
import type { PhoneState } from "./softphone.ts"

const words = (reason: string) => reason.replaceAll("_", " ")

/** What became of the last call: why it ended as the service has it, or why it never began. */
export const CallOver = ({ state }: { readonly state: Extract<PhoneState, { readonly phase: "over" }> }) => {
  const { agentName, callId, lastedMs, trouble } = state
  const { data: call } = useEnding(callId)
  const reason = call?.end_reason ?? undefined
  if (callId === undefined) {
    return trouble === undefined ? (
      <p role="status" className="text-muted">
        You gave up before {agentName} was reached.
      </p>
    ) : (
      <ProblemNote cause={new Error(trouble)} />
    )
  }
  return (
    <div className="flex flex-col gap-3">
      {trouble === undefined ? null : <ProblemNote cause={new Error(trouble)} />}
      <p role="status" className="border-line bg-raised rounded-md border p-3">
        The call with {agentName} is over
        {lastedMs === undefined ? "" : ` after ${clockText(lastedMs)}`}
        {reason === undefined
          ? "."
          : `: ${words(reason)}${call?.end_owner == null ? "" : ` (by ${call.end_owner})`}.`}{" "}
        <Link to="/calls/$callId" params={{ callId }} className="text-accent underline">
          The call's page
        </Link>
      </p>
    </div>
  )
}
