import { Clock, Effect } from "effect"
import type { ReportsUnavailable } from "../../carrier/ProviderRoute.ts"
import type { AriAccount } from "./account.ts"
import { type AriEvent, timeOf } from "./events.ts"
import { isOwnLeg } from "./inbound.ts"
import type { Legs } from "./legs.ts"
import type { Channel } from "./resources.ts"

type Told = Effect.Effect<void, ReportsUnavailable>

/** How long a channel that left our application may take to be gone altogether. */
const farewell = "2 seconds"

/** What one event means: which channel it is about, and what is to be done. Undefined: nothing. */
export interface Task {
  readonly channelId: string
  readonly run: Told
}

const isAlerting = (state: string | null | undefined) => state === "Ringing"
/** A `Dial` event's words for a phone that rings (Asterisk: ARI, Dial). */
const alerting: ReadonlyArray<string | null | undefined> = ["RINGING", "PROGRESS"]

const at = (event: AriEvent) => Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.succeed(timeOf(event) ?? now))

/**
 * Makes tasks of events. Channels are told apart by their names and arguments, never by their state alone: a dialplan may have
 * answered before it hands a call over, and a channel that we dialled may enter before it is answered.
 */
export const eventHandler = (account: AriAccount, legs: Legs) => {
  const { names, rest } = account
  /** Channels that we dialled, in our application before their answer. */
  const early = new Set<string>()

  const entered = (event: AriEvent, channel: Channel): Told => {
    const own = names.read(channel.id)
    const args = event.args ?? []
    if (event.replace_channel !== undefined) return replaced(event, channel, event.replace_channel)
    switch (own?.kind) {
      case "call":
        if (channel.state === "Up") return ourCallAnswered(event, channel.id, own.callId)
        early.add(channel.id)
        return Effect.void
      case "target":
        return legs.target(own.transferId, channel.id, "answered")
      case "media":
      case "bridge":
        return Effect.void
      case undefined:
        return isOwnLeg(args)
          ? Effect.logInfo("A channel of another Switchboard is in this configuration's Stasis application.")
          : Effect.flatMap(at(event), (time) => legs.arrived(channel, args, time))
    }
  }

  const ourCallAnswered = (event: AriEvent, id: string, callId: string): Told => {
    early.delete(id)
    const leg = legs.legOf(id)
    return leg === undefined ? Effect.void : Effect.flatMap(at(event), (time) => legs.answered(id, leg, callId, time))
  }

  /** Somebody else has transferred a channel of ours: what we have of the call is over. */
  const replaced = (event: AriEvent, channel: Channel, before: Channel): Told => {
    const leg = legs.legOf(before.id)
    if (leg === undefined) return Effect.void
    const gone = legs.callerGone({ ...event, cause: 16, cause_txt: "Transferred elsewhere" }, before, leg)
    const dropped = Effect.catchTag(rest.hangUp(channel.id, "normal"), "CarrierError", ({ message }) =>
      Effect.logWarning(`A channel that was put in a call's place is still there: ${message}`)
    )
    return Effect.andThen(gone, dropped)
  }

  const changed = (event: AriEvent, { id, state }: Channel): Told => {
    const own = names.read(id)
    if (own?.kind === "target") return isAlerting(state) ? legs.target(own.transferId, id, "ringing") : Effect.void
    if (own?.kind === "call") {
      if (isAlerting(state)) return legs.ringing(id, own.callId)
      return state === "Up" && early.has(id) ? ourCallAnswered(event, id, own.callId) : Effect.void
    }
    const leg = legs.legOf(id)
    return leg !== undefined && state === "Up"
      ? Effect.flatMap(at(event), (time) => legs.callerAnswered(id, leg, time))
      : Effect.void
  }

  const destroyed = (event: AriEvent, channel: Channel): Told => {
    early.delete(channel.id)
    const own = names.read(channel.id)
    if (own?.kind === "media") return legs.mediaGone(event, channel, own)
    if (own?.kind === "target") return legs.targetGone(event, channel, own.transferId)
    const leg = legs.legOf(channel.id)
    return leg === undefined ? Effect.void : legs.callerGone(event, channel, leg)
  }

  /** Leaving is no proof of a hang-up; a channel that then goes on elsewhere is not ours any more either. */
  const left = (event: AriEvent, channel: Channel): Told => {
    const own = names.read(channel.id)
    if (own !== undefined && own.kind !== "call") return Effect.void
    return Effect.suspend(() => {
      const leg = legs.isKnown(channel.id) ? legs.legOf(channel.id) : undefined
      if (leg === undefined) return Effect.void
      return legs.callerGone({ ...event, cause: 16, cause_txt: "Left the application" }, channel, leg)
    }).pipe(Effect.delay(farewell))
  }

  return (event: AriEvent): Task | undefined => {
    const { channel, peer, type } = event
    if (type === "Dial" && peer !== undefined) {
      const own = names.read(peer.id)
      if (!alerting.includes(event.dialstatus) || own === undefined) return undefined
      const run =
        own.kind === "target"
          ? legs.target(own.transferId, peer.id, "ringing")
          : own.kind === "call"
            ? legs.ringing(peer.id, own.callId)
            : Effect.void
      return { channelId: peer.id, run }
    }
    if (channel === undefined) return undefined
    const task = (run: (event: AriEvent, channel: Channel) => Told): Task => ({
      channelId: channel.id,
      run: Effect.suspend(() => run(event, channel))
    })
    switch (type) {
      case "StasisStart":
        return task(entered)
      // Beside the channel's other events: it only waits for them.
      case "StasisEnd":
        return legs.legOf(channel.id) === undefined ? undefined : { ...task(left), channelId: `${channel.id} left` }
      case "ChannelStateChange":
        return names.read(channel.id) === undefined && legs.legOf(channel.id) === undefined ? undefined : task(changed)
      case "ChannelDestroyed":
        return names.read(channel.id) === undefined && legs.legOf(channel.id) === undefined
          ? undefined
          : task(destroyed)
      default:
        return undefined
    }
  }
}
