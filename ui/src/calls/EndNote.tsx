import { clsx } from "clsx"
import type { Call } from "./call.ts"
import { endReasons, owners, toneOfEnd } from "./endReasons.ts"

const looks = {
  plain: "bg-raised",
  warn: "bg-warn-soft",
  bad: "bg-bad-soft"
} as const

/** Why a call ended, whose doing it was, and what to do about it. */
export const EndNote = ({ call: { end_owner, end_reason } }: { readonly call: Call }) => {
  if (end_reason === null) return null
  const { advice, sentence } = endReasons[end_reason]
  const tone = toneOfEnd(end_reason)
  return (
    <div className={clsx("mt-4 rounded-md p-3", looks[tone])}>
      <p className={clsx("font-medium", tone === "bad" && "text-bad")}>{sentence}</p>
      {advice === undefined ? null : <p className="mt-1">{advice}</p>}
      <p className="text-muted mt-1 text-xs">
        <code>{end_reason}</code>
        {end_owner === null ? null : ` · by ${owners[end_owner]}`}
      </p>
    </div>
  )
}
