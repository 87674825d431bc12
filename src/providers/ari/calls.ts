import { Effect, Result } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type {
  CallReference,
  InboundCall,
  PlaceCall,
  PlacedCall,
  Refusal,
  StatusReport
} from "../../carrier/TelephonyProvider.ts"
import type { AriAccount } from "./account.ts"
import { channelStatus } from "./causes.ts"
import { provider } from "./config.ts"
import { callerId, dialString } from "./dialString.ts"
import { ownArguments } from "./ids.ts"
import type { Origination } from "./rest.ts"

/** How long what is beside the caller's channel may take to be cleared away, each. */
const clearingTime = "3 seconds"

/** The caller's channel: Asterisk's own of an inbound call, ours of one that we placed. */
export const channelOf = ({ names }: AriAccount, { callId, providerCallId }: CallReference): string =>
  providerCallId ?? names.call(callId)

/** Calls somebody into our application. A channel of that name that is there already is this very call. */
export const originate = Effect.fnUntraced(function* (
  { rest, config, app }: AriAccount,
  leg: {
    readonly channelId: string
    readonly to: string
    readonly from: string
    readonly ringTimeoutSeconds: number
  } & Pick<Origination, "appArgs">
) {
  const endpoint = dialString(config.dialTemplate, leg.to)
  if (Result.isFailure(endpoint))
    return yield* new CarrierError({ provider, kind: "rejected", message: endpoint.failure })
  const placed: PlacedCall = yield* rest
    .originate({
      channelId: leg.channelId,
      endpoint: endpoint.success,
      app,
      appArgs: leg.appArgs,
      timeoutSeconds: leg.ringTimeoutSeconds,
      callerId: callerId(leg.from)
    })
    .pipe(
      Effect.map(({ id, state }) => ({ providerCallId: id, rawStatus: state ?? "Down" })),
      Effect.catchIf(
        ({ httpStatus }) => httpStatus === 409,
        () => Effect.succeed({ providerCallId: leg.channelId, rawStatus: "Down" })
      )
    )
  return placed
})

export const placeCall = (account: AriAccount) =>
  Effect.fn("Ari.placeCall")(({ callId, from, to, ringTimeoutSeconds }: PlaceCall) =>
    originate(account, {
      channelId: account.names.call(callId),
      to,
      from,
      ringTimeoutSeconds,
      appArgs: `${ownArguments.call},${callId}`
    })
  )

/** Takes down what a call has besides its caller: bridge, media, and destinations of transfers that were joined. */
export const clearAway = Effect.fnUntraced(function* ({ rest, names }: AriAccount, callId: string) {
  const bounded = <A>(step: Effect.Effect<A, CarrierError>) =>
    Effect.timeoutOption(step, clearingTime).pipe(
      Effect.catchTag("CarrierError", ({ message }) =>
        Effect.logWarning(`A part of a call was left to be found later: ${message}`)
      )
    )
  yield* bounded(rest.destroyBridge(names.bridge(callId)))
  yield* bounded(rest.hangUp(names.media(callId), "normal"))
})

/** The caller first, then the rest; what is gone already is fine, and no failure keeps the next step from being done. */
export const hangUp = (account: AriAccount) =>
  Effect.fn("Ari.hangUp")(function* (call: CallReference) {
    const ended = yield* Effect.result(account.rest.hangUp(channelOf(account, call), "normal"))
    yield* clearAway(account, call.callId)
    yield* Effect.fromResult(ended)
  })

export const reportOf = (id: string, state: string | null | undefined): StatusReport => ({
  providerCallId: id,
  status: channelStatus(state ?? undefined),
  rawStatus: state ?? "unknown",
  dedupeKey: `state:${state ?? "unknown"}`
})

export const callStatus = (account: AriAccount) =>
  Effect.fn("Ari.callStatus")(function* (call: CallReference) {
    const channel = yield* account.rest.channel(channelOf(account, call))
    return channel === undefined ? undefined : reportOf(channel.id, channel.state)
  })

/** The word for why a caller is not taken, from which the trunk makes what the caller hears (Asterisk: ARI, hang up). */
const reasons: Readonly<Record<Refusal, string>> = {
  "unknown-number": "unallocated",
  "no-agent": "congestion",
  inactive: "congestion",
  busy: "busy",
  "not-allowed": "rejected",
  over: "normal",
  draining: "congestion"
}

export const turnAway = ({ rest }: AriAccount) =>
  Effect.fn("Ari.turnAway")((call: InboundCall, refusal: Refusal) => rest.hangUp(call.providerCallId, reasons[refusal]))

export const sendDigits = (account: AriAccount) =>
  Effect.fn("Ari.sendDigits")((call: CallReference, digits: string) =>
    account.rest.sendDigits(channelOf(account, call), digits)
  )
