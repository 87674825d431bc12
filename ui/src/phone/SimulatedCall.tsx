import { Link } from "@tanstack/react-router"
import { buttonClass } from "../parts/Button.tsx"
import { useEnding } from "./queries.ts"

const words = (text: string) => text.replaceAll("_", " ")

/** How a simulated call goes, and the way to its timeline. Null: the fault kept it from coming into being. */
export const SimulatedCall = ({ callId }: { readonly callId: string | null }) => {
  const { data: call } = useEnding(callId ?? undefined)
  if (callId === null) {
    return (
      <p role="status" className="border-warn bg-warn-soft text-warn rounded-md border p-3">
        No call came of it: the fault was there before the call was. The doctor shows requests that were refused.{" "}
        <Link to="/doctor" className="underline">
          To the doctor
        </Link>
      </p>
    )
  }
  const reason = call?.end_reason ?? undefined
  return (
    <div className="border-line bg-raised flex flex-wrap items-center justify-between gap-3 rounded-md border p-3">
      <p role="status">
        {reason === undefined
          ? `The simulated call is ${call === undefined ? "being placed" : words(call.status)}…`
          : `The simulated call is over: ${words(reason)}${call?.end_owner == null ? "" : ` (by ${call.end_owner})`}.`}
      </p>
      <Link to="/calls/$callId" params={{ callId }} className={buttonClass("plain", true)}>
        Watch its timeline
      </Link>
    </div>
  )
}
