import { Clock, Effect } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { ListenerDesk } from "../../carrier/Listener.ts"
import type { ReportsUnavailable } from "../../carrier/ProviderRoute.ts"
import type { CallReference } from "../../carrier/TelephonyProvider.ts"
import type { AriAccount } from "./account.ts"
import { channelOf } from "./calls.ts"
import { argumentsIn, isOwnLeg } from "./inbound.ts"
import type { Legs } from "./legs.ts"
import type { Bridge, Channel } from "./resources.ts"

/** What is just being made may belong to no call for so long, ms. */
const settlingMs = 25_000

/** How long the event of a channel's end may be on its way. */
const eventWait = "2 seconds"

type Step = Effect.Effect<void, CarrierError | ReportsUnavailable>

const cleared = (kind: string, id: string, clear: Effect.Effect<void, CarrierError>) =>
  Effect.andThen(Effect.logWarning(`A ${kind} at Asterisk belonged to no call and was taken down.`, { id }), clear)

/**
 * Compares what Asterisk has with what we have: events are lost while nobody is connected, and a crash leaves things behind.
 * Touches only what has our names, or is in our application.
 */
export const reconciliation = (account: AriAccount, desk: ListenerDesk, legs: Legs) => {
  const { app, names, rest } = account
  /** What belongs to no call, and since when, ms. */
  let strays = new Map<string, number>()

  /** A live call, and its channel as Asterisk has it. */
  const compared = (call: CallReference, channel: Channel | undefined, now: number): Step => {
    const id = channelOf(account, call)
    legs.learn(call)
    const leg = legs.legOf(id)
    if (leg === undefined) return Effect.void
    if (channel === undefined) return call.providerCallId === undefined ? Effect.void : missing(id)
    if (leg.direction === "inbound") return Effect.void
    if (channel.state === "Ringing") return legs.ringing(id, call.callId)
    const isAnswered = channel.state === "Up" && leg.answeredAt === undefined
    return isAnswered && argumentsIn(channel, app) !== undefined
      ? legs.answered(id, leg, call.callId, now)
      : Effect.void
  }

  /** The list may be older than the call: only Asterisk's own no is believed, and its event, which knows the cause, comes first. */
  const missing = Effect.fnUntraced(function* (id: string) {
    if ((yield* rest.channel(id)) !== undefined) return
    yield* Effect.sleep(eventWait)
    const leg = legs.isKnown(id) ? legs.legOf(id) : undefined
    if (leg === undefined) return
    yield* legs.callerGone({ type: "lost-events", cause: 0, cause_txt: "The event was lost" }, { id }, leg)
  })

  /** A caller who waits in our application and of whom nobody told us. */
  const unheard = (channel: Channel, liveIds: ReadonlySet<string>) => {
    const args = argumentsIn(channel, app)
    return args !== undefined && names.read(channel.id) === undefined && !isOwnLeg(args) && !liveIds.has(channel.id)
      ? args
      : undefined
  }

  /** What has our names, or is in our application, and belongs to no live call. */
  const strayIds = (
    channels: ReadonlyArray<Channel>,
    bridges: ReadonlyArray<Bridge>,
    calls: ReadonlyArray<CallReference>
  ) => {
    const liveIds = new Set(calls.map((call) => channelOf(account, call)))
    const liveCalls = new Set(calls.map(({ callId }) => callId))
    const isStray = (name: string) => {
      const own = names.read(name)
      return own !== undefined && !liveCalls.has(own.callId)
    }
    return {
      liveIds,
      channels: channels.filter((each) => isStray(each.id) || unheard(each, liveIds) !== undefined).map(({ id }) => id),
      bridges: bridges.filter(({ id }) => isStray(id)).map(({ id }) => id)
    }
  }

  return Effect.gen(function* () {
    const channels = yield* rest.channels
    const bridges = yield* rest.bridges
    const calls = yield* desk.liveCalls
    const now = yield* Clock.currentTimeMillis
    const there = new Map(channels.map((channel) => [channel.id, channel]))
    yield* Effect.forEach(calls, (call) => compared(call, there.get(channelOf(account, call)), now), {
      concurrency: 4,
      discard: true
    })
    const stray = strayIds(channels, bridges, calls)
    for (const channel of channels) {
      const args = unheard(channel, stray.liveIds)
      if (args !== undefined && channel.state === "Ring") yield* legs.arrived(channel, args, now)
    }
    const before = strays
    strays = new Map([...stray.channels, ...stray.bridges].map((id) => [id, before.get(id) ?? now]))
    const isOld = (id: string) => now - (strays.get(id) ?? now) >= settlingMs
    yield* Effect.forEach(stray.channels.filter(isOld), (id) => cleared("channel", id, rest.hangUp(id, "normal")))
    yield* Effect.forEach(stray.bridges.filter(isOld), (id) => cleared("bridge", id, rest.destroyBridge(id)))
  }).pipe(
    Effect.catch(({ message }) => Effect.logWarning(`The calls could not be compared with Asterisk's: ${message}`))
  )
}
