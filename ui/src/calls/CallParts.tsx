import { PhoneIncoming, PhoneOutgoing } from "lucide-react"
import { Badge } from "../parts/Badge.tsx"
import type { StreamState } from "../parts/eventStream.ts"
import { useNow } from "../parts/now.ts"
import { durationText } from "../parts/time.tsx"
import { type Call, isLive, lasted, statuses } from "./call.ts"
import { endReasons, owners, toneOfEnd } from "./endReasons.ts"

export const StatusBadge = ({ status }: { readonly status: Call["status"] }) => (
  <Badge tone={statuses[status].tone}>{statuses[status].label}</Badge>
)

/** `small`: on a narrow page only the icon is seen. */
export const Direction = ({ of: { direction }, small = false }: { readonly of: Call; readonly small?: boolean }) => {
  const [Icon, word] = direction === "inbound" ? [PhoneIncoming, "Inbound"] : [PhoneOutgoing, "Outbound"]
  return (
    <span title={word} className="relative inline-flex items-center gap-1.5 align-middle whitespace-nowrap">
      <Icon size={14} aria-hidden className="text-muted" />
      <span className={small ? "max-md:sr-only" : undefined}>{word}</span>
    </span>
  )
}

const Counting = ({ call }: { readonly call: Call }) => <Lasted call={call} now={useNow()} />

const Lasted = ({ call, now }: { readonly call: Call; readonly now: number }) => {
  const ms = lasted(call, now)
  if (ms === undefined) return <span className="text-muted">not answered</span>
  return <span className="whitespace-nowrap tabular-nums">{ms < 1000 && isLive(call) ? "0 s" : durationText(ms)}</span>
}

/** How long a call has lasted since its answer; counts while it is live. */
export const CallDuration = ({ call }: { readonly call: Call }) =>
  isLive(call) ? <Counting call={call} /> : <Lasted call={call} now={0} />

export const EndBadge = ({ call: { end_owner, end_reason } }: { readonly call: Call }) =>
  end_reason === null ? null : (
    <Badge
      tone={toneOfEnd(end_reason)}
      title={`${endReasons[end_reason].sentence}${end_owner === null ? "" : ` (${owners[end_owner]})`}`}
    >
      {endReasons[end_reason].short}
    </Badge>
  )

const streams: Readonly<Record<StreamState, readonly [tone: "plain" | "good" | "warn", word: string]>> = {
  connecting: ["plain", "Connecting"],
  live: ["good", "Live"],
  reconnecting: ["warn", "Reconnecting"]
}

/** Whether what the page shows is told as it happens. */
export const LiveBadge = ({ state }: { readonly state: StreamState }) => {
  const [tone, word] = streams[state]
  return (
    <span role="status" aria-label="Updates">
      <Badge tone={tone}>
        <span aria-hidden className="size-1.5 rounded-full bg-current" />
        {word}
      </Badge>
    </span>
  )
}
