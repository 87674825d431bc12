import { Badge, type Tone } from "../parts/Badge.tsx"
import { Card } from "../parts/Page.tsx"
import { Moment } from "../parts/time.tsx"
import type { Call, Transfer } from "./call.ts"
import { useTransfers } from "./queries.ts"

const states: Readonly<Record<Transfer["state"], readonly [tone: Tone, word: string]>> = {
  requested: ["plain", "Asked for"],
  dialing: ["accent", "Calling"],
  answered: ["accent", "Answered"],
  bridging: ["accent", "Joining"],
  bridged: ["good", "Joined"],
  failed: ["bad", "Failed"],
  canceled: ["plain", "Called off"]
}

const failures: Readonly<Record<NonNullable<Transfer["failure"]>, string>> = {
  busy: "The destination was busy. The caller is still with the agent.",
  no_answer: "Nobody answered. The caller is still with the agent.",
  rejected: "The destination or the carrier refused. The caller is still with the agent.",
  timeout: "It rang for as long as it may. The caller is still with the agent.",
  unreachable: "The destination cannot be reached: check the number.",
  caller_gone: "The caller hung up meanwhile.",
  bridge_failed: "The two could not be joined.",
  carrier_failed: "The carrier failed.",
  canceled: "It was called off."
}

/** Where one transfer stands, and why it failed. */
export const TransferLine = ({ transfer }: { readonly transfer: Transfer }) => {
  const [tone, word] = states[transfer.state]
  const { failure, failure_message } = transfer
  return (
    <div>
      <p className="flex flex-wrap items-center gap-2">
        <Badge tone={tone}>{word}</Badge>
        <span className="font-mono text-xs break-all">{transfer.destination}</span>
        <span className="text-muted text-xs">
          by {transfer.requested_by === "agent" ? "the agent" : "an operator"}, <Moment at={transfer.created_at} />
        </span>
      </p>
      {failure === null ? null : <p className="mt-1">{failures[failure]}</p>}
      {failure_message === null ? null : <p className="text-muted mt-1 text-xs">{failure_message}</p>}
    </div>
  )
}

/** The transfers of a call; nothing where there is none. */
export const Transfers = ({ call }: { readonly call: Call }) => {
  const { data = [] } = useTransfers(call.id)
  if (data.length === 0) return null
  return (
    <Card title="Transfers">
      <ul className="flex flex-col gap-3">
        {data.map((transfer) => (
          <li key={transfer.id}>
            <TransferLine transfer={transfer} />
          </li>
        ))}
      </ul>
    </Card>
  )
}
