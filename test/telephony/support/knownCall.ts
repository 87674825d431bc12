import { Effect } from "effect"
import type { StatusReport } from "../../../src/carrier/TelephonyProvider.ts"
import { Calls } from "../../../src/telephony/Calls.ts"
import { Tickets } from "../../../src/telephony/Tickets.ts"
import { Carrier, makeScript } from "./fakeCarrier.ts"
import { begin } from "./place.ts"
import { makeTenant } from "./world.ts"

/** What the carrier answers when it is asked about a call. */
export const says = (status: StatusReport["status"]) =>
  Effect.succeed<StatusReport>({
    providerCallId: "CA-asked",
    status,
    rawStatus: String(status),
    dedupeKey: `asked:${status}`,
    ...(status === "completed" ? { durationMs: 5000 } : {})
  })

/** A tenant's call that is known to the carrier, and a carrier with a new script. */
export const knownCall = Effect.fnUntraced(function* (direction: "inbound" | "outbound" = "outbound") {
  const carrier = yield* Carrier
  carrier.script = makeScript()
  const tenant = yield* makeTenant()
  const call = yield* begin(tenant, { direction, providerCallId: "CA-asked" })
  return { tenant, script: carrier.script, call, calls: yield* Calls }
})

/** The call's media is open on this node. */
export const stream = Effect.fnUntraced(function* (callId: string) {
  const tickets = yield* Tickets
  const calls = yield* Calls
  yield* tickets.consume(yield* tickets.issue(callId))
  yield* calls.moveMedia(callId, "streaming")
})
