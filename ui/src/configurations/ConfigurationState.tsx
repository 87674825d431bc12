import { CircleAlert, CircleCheck, CirclePause } from "lucide-react"
import { Badge } from "../parts/Badge.tsx"
import type { ConfigurationSummary } from "./queries.ts"

/** Ready, incomplete with the step that blocks, or parked with the reason. A simulated one rests between its calls. */
export const ConfigurationState = ({
  of: { blocking_step, inactive_reason, inactive_since, ready, simulated },
  brief = false
}: {
  readonly of: Pick<
    ConfigurationSummary,
    "blocking_step" | "inactive_reason" | "inactive_since" | "ready" | "simulated"
  >
  /** Only the word, without why. */
  readonly brief?: boolean
}) => {
  if (ready) {
    return (
      <Badge tone="good">
        <CircleCheck size={12} aria-hidden /> ready
      </Badge>
    )
  }
  if (simulated) return <Badge>idle</Badge>
  const parked = inactive_since !== null
  const why = parked ? (inactive_reason ?? "It was switched off.") : blocking_step
  return (
    <div className="flex flex-col items-start gap-1">
      <Badge tone={parked ? "bad" : "warn"}>
        {parked ? <CirclePause size={12} aria-hidden /> : <CircleAlert size={12} aria-hidden />}
        {parked ? "parked" : "setup incomplete"}
      </Badge>
      {brief || why === null ? null : <span className="text-muted max-w-sm text-xs">{why}</span>}
    </div>
  )
}
