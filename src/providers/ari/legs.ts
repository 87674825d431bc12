import { Effect } from "effect"
import type { ListenerDesk } from "../../carrier/Listener.ts"
import type { ReportsUnavailable } from "../../carrier/ProviderRoute.ts"
import type { CallReference, StatusReport } from "../../carrier/TelephonyProvider.ts"
import type { AriAccount } from "./account.ts"
import { channelOf, clearAway } from "./calls.ts"
import { finalStatus, transferFailure } from "./causes.ts"
import { type AriEvent, timeOf } from "./events.ts"
import type { OwnName } from "./ids.ts"
import { inboundCall } from "./inbound.ts"
import type { Channel } from "./resources.ts"

/** What is remembered with a call: when it was answered, ms since 1970. */
const answeredAt = "answered_at"

/** What is known of a channel beyond what its events say. */
interface Leg {
  readonly callId: string | undefined
  readonly direction: "inbound" | "outbound"
  answeredAt: number | undefined
}

type Told = Effect.Effect<void, ReportsUnavailable>

const causesOf = ({ cause, cause_txt, tech_cause }: AriEvent) => ({
  cause: String(cause ?? 0),
  ...(cause_txt ? { cause_text: cause_txt } : {}),
  ...(tech_cause === undefined ? {} : { tech_cause: String(tech_cause) })
})

/** The channels of one configuration, and what is told about them. Everything may be told again. */
export const makeLegs = (account: AriAccount, desk: ListenerDesk) => {
  const { names } = account
  const legs = new Map<string, Leg>()

  const learn = (call: CallReference) => {
    const id = channelOf(account, call)
    const known = Number(call.memory[answeredAt] ?? Number.NaN)
    const before = legs.get(id)
    legs.set(id, {
      callId: call.callId,
      direction: names.read(id) === undefined ? "inbound" : "outbound",
      answeredAt: before?.answeredAt ?? (Number.isFinite(known) ? known : undefined)
    })
  }

  const legOf = (id: string): Leg | undefined => {
    const known = legs.get(id)
    if (known !== undefined) return known
    const own = names.read(id)
    if (own?.kind !== "call") return undefined
    const leg: Leg = { callId: own.callId, direction: "outbound", answeredAt: undefined }
    legs.set(id, leg)
    return leg
  }

  const unnamed = (providerCallId: string) => ({ configurationId: account.configurationId, providerCallId })

  /** The report of an answer: the first time counts. */
  const inProgress = (id: string, leg: Leg, at: number): StatusReport => {
    leg.answeredAt ??= at
    return {
      providerCallId: id,
      status: "in-progress",
      rawStatus: "Up",
      dedupeKey: "answered",
      memory: { [answeredAt]: String(leg.answeredAt) }
    }
  }

  /** A caller is in our application. A dialplan may have answered before. */
  const arrived = Effect.fnUntraced(function* (channel: Channel, args: ReadonlyArray<string>, at: number) {
    const leg: Leg = legs.get(channel.id) ?? { callId: undefined, direction: "inbound", answeredAt: undefined }
    legs.set(channel.id, leg)
    yield* desk.inbound(inboundCall(channel, args))
    if (channel.state === "Up") yield* callerAnswered(channel.id, leg, at)
  })

  const callerAnswered = (id: string, leg: Leg, at: number): Told =>
    desk.reports.status(leg.callId === undefined ? unnamed(id) : { callId: leg.callId }, inProgress(id, leg, at))

  /** Somebody whom we called has picked up. */
  const answered = (id: string, leg: Leg, callId: string, at: number): Told =>
    Effect.andThen(desk.reports.status({ callId }, inProgress(id, leg, at)), desk.answered(callId))

  const ringing = (id: string, callId: string): Told =>
    desk.reports.status(
      { callId },
      { providerCallId: id, status: "ringing", rawStatus: "Ringing", dedupeKey: "ringing" }
    )

  /** A caller's channel is gone: the call is over, and nothing of it may stay behind. */
  const callerGone = Effect.fnUntraced(function* (event: AriEvent, { id, state }: Channel, leg: Leg) {
    legs.delete(id)
    const at = timeOf(event)
    const cause = event.cause ?? 0
    const since = leg.answeredAt
    const status = finalStatus(cause, leg.direction, since !== undefined || state === "Up")
    const report = {
      providerCallId: id,
      status,
      rawStatus: `cause ${cause}`,
      dedupeKey: "destroyed",
      details: causesOf(event),
      ...(status === "completed" ? {} : { failureCode: String(event.tech_cause ?? cause) }),
      ...(since === undefined || at === undefined ? {} : { durationMs: Math.max(0, at - since) })
    }
    const callId = leg.callId ?? (yield* callIdOf(id))
    yield* desk.reports.status(callId === undefined ? unnamed(id) : { callId }, report)
    if (callId !== undefined) yield* clearAway(account, callId)
  })

  /** Our call behind an inbound channel. */
  const callIdOf = (id: string) =>
    Effect.map(desk.liveCalls, (calls) => calls.find(({ providerCallId }) => providerCallId === id)?.callId)

  const mediaGone = (event: AriEvent, { state }: Channel, { callId }: OwnName): Told => {
    // Once it was up its socket tells; one that we took down ourselves is no failure.
    if (state === "Up" || event.cause === 16) return Effect.void
    const error = `Asterisk could not open the call's media (cause ${event.cause ?? 0}). Check websocket_client.conf and whether Asterisk reaches Switchboard.`
    return desk.reports.mediaFailed({ callId }, { dedupeKey: "destroyed", error })
  }

  const target = (transferId: string, id: string, state: "ringing" | "answered"): Told =>
    desk.reports.transferLeg(transferId, { providerCallId: id, state, rawStatus: state, dedupeKey: state })

  const targetGone = (event: AriEvent, { id, state }: Channel, transferId: string): Told =>
    desk.reports.transferLeg(transferId, {
      providerCallId: id,
      state: "ended",
      ...(state === "Up" ? {} : { failure: transferFailure(event.cause ?? 0) }),
      rawStatus: `cause ${event.cause ?? 0}`,
      dedupeKey: "destroyed"
    })

  /** Whether a channel is one of ours that has not been told to be gone. */
  const isKnown = (id: string) => legs.has(id)

  return {
    learn,
    legOf,
    isKnown,
    arrived,
    callerAnswered,
    answered,
    ringing,
    callerGone,
    mediaGone,
    target,
    targetGone
  }
}
export type Legs = ReturnType<typeof makeLegs>
