import { randomBytes } from "node:crypto"
import { Deferred, Effect } from "effect"
import type { WebSocket } from "ws"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import type { Rooms } from "../../../simulator/Rooms.ts"
import { causeText, dialStatusOf } from "./causes.ts"
import { endStream, leaveBridge } from "./bridging.ts"
import { type Bridge, type Channel, channelResource, type Leg, timestamp } from "./channel.ts"
import type { Events } from "./events.ts"
import type { MediaLeg } from "./mediaLeg.ts"
import type { Settings } from "./options.ts"

/** The whole state of one fake Asterisk. Everything that happens to it is a function of this file over it. */
export interface Pbx {
  readonly settings: Settings
  readonly panel: FaultPanel
  readonly events: Events
  readonly channels: Map<string, Channel>
  readonly bridges: Map<string, Bridge>
  readonly rooms: Rooms
  /** The media sockets that Asterisk dialled. */
  readonly sockets: Set<WebSocket>
  /** Ways out of the rooms, by channel. */
  readonly exits: Map<Channel, () => void>
  readonly monotonicMs: () => number
  /** Runs an effect in the fake's scope. */
  readonly run: (effect: Effect.Effect<void>) => void
  /** The one section of websocket_client.conf. */
  readonly section: string
  readonly startedAt: string
  nextChannel: number
  /** Frames of our side's audio that were taken from a queue while nobody could hear them. */
  lostFrames: number
  /** When the next tick of the media clock is due, ms of `monotonicMs`. */
  nextTickMs: number
  /** The address in websocket_client.conf. */
  mediaUrl: string | undefined
}

/** Between a command's answer and what comes of it, ms. */
const soonMs = 5

/** Does what a command asked for, after it was answered. */
const soon = (pbx: Pbx, act: () => void) => pbx.run(Effect.delay(Effect.sync(act), soonMs))

export const newChannelNumber = (pbx: Pbx) => {
  pbx.nextChannel += 1
  return pbx.nextChannel
}

/** `1757062800.12`: the second and a running number, as Asterisk names channels that nobody named. */
export const newChannelId = (pbx: Pbx) => `${Math.floor(pbx.events.nowMs() / 1000)}.${newChannelNumber(pbx)}`

export interface NewChannel {
  readonly id: string
  readonly name: string
  readonly state: Channel["state"]
  readonly caller?: Channel["caller"]
  readonly connected?: Channel["connected"]
  readonly dialplan?: Channel["dialplan"]
  readonly variables?: Readonly<Record<string, string>>
  readonly sipHeaders?: Readonly<Record<string, string>>
  readonly leg?: Leg
}

const nobody = { name: "", number: "" }

export const createChannel = (pbx: Pbx, options: NewChannel): Channel => {
  const channel: Channel = {
    id: options.id,
    name: options.name,
    createdAt: timestamp(pbx.events.nowMs()),
    protocolId: options.name.startsWith("PJSIP/") ? `${randomBytes(7).toString("hex")}@203.0.113.9` : "",
    caller: options.caller ?? nobody,
    connected: options.connected ?? nobody,
    dialplan: options.dialplan ?? { context: "default", exten: "" },
    variables: new Map(Object.entries(options.variables ?? {})),
    sipHeaders: new Map(Object.entries(options.sipHeaders ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    leg: options.leg,
    media: undefined,
    state: options.state,
    application: undefined,
    applicationData: "",
    bridge: undefined,
    joining: undefined,
    absorbsDigits: false,
    hangingUp: false,
    undialled: undefined,
    dialling: undefined,
    onDestroyed: []
  }
  pbx.channels.set(channel.id, channel)
  pbx.events.publishToAll({ type: "ChannelCreated", channel: channelResource(channel) }, channel.leg)
  return channel
}

/** Tells of a channel to whoever is subscribed to it. */
export const publishChannel = (
  pbx: Pbx,
  channel: Channel,
  type: string,
  fields: Readonly<Record<string, unknown>> = {}
) => pbx.events.publish({ type, ...fields, channel: channelResource(channel) }, [`channel:${channel.id}`], channel.leg)

export const setState = (pbx: Pbx, channel: Channel, state: Channel["state"]) => {
  if (channel.state === state) return
  channel.state = state
  publishChannel(pbx, channel, "ChannelStateChange")
}

/**
 * Tells how the dialling of a channel goes: `""` begins it, ANSWER and the failures end it. An originated channel has no
 * caller, only itself as `peer`.
 */
export const publishDial = (pbx: Pbx, channel: Channel, dialstatus: string, dialstring: string) => {
  channel.dialling = dialstatus === "" || dialstatus === "RINGING" ? dialstring : undefined
  pbx.events.publish(
    { type: "Dial", dialstatus, forward: "", dialstring, peer: channelResource(channel) },
    [`channel:${channel.id}`],
    channel.leg
  )
}

/** Brings a channel into an application. False: nobody is there (`STASISSTATUS=FAILED`). */
export const enterStasis = (pbx: Pbx, channel: Channel, name: string, args: ReadonlyArray<string>) => {
  const application = pbx.events.applications.get(name)
  if (application?.socket === undefined) return false
  channel.application = name
  channel.applicationData = [name, ...args].join(",")
  pbx.events.follow(name, `channel:${channel.id}`)
  pbx.events.tell(application, { type: "StasisStart", args, channel: channelResource(channel) }, channel.leg)
  return true
}

/** Takes a channel out of its application. The subscription goes with it, so what follows may not be heard of. */
export const leaveStasis = (pbx: Pbx, channel: Channel) => {
  leaveBridge(pbx, channel)
  const { application: name } = channel
  if (name === undefined) return
  const application = pbx.events.applications.get(name)
  if (application !== undefined) {
    pbx.events.tell(application, { type: "StasisEnd", channel: channelResource(channel) }, channel.leg)
  }
  channel.application = undefined
  channel.applicationData = ""
  pbx.events.unfollow(name, `channel:${channel.id}`)
}

/**
 * Asks a channel to hang up; it is destroyed a moment later. With `soft` the event's cause is Asterisk's own flag (32:
 * asked for by the API), not Q.850.
 */
export const hangUp = (
  pbx: Pbx,
  channel: Channel,
  options: { readonly cause: number; readonly tech?: number; readonly soft?: boolean }
) => {
  if (channel.hangingUp) return
  channel.hangingUp = true
  const { cause, soft, tech } = options
  publishChannel(pbx, channel, "ChannelHangupRequest", soft === true ? { cause: 32, soft: true } : { cause })
  soon(pbx, () => destroyChannel(pbx, channel, cause, tech))
}

/** The end of a channel: out of its bridge and its application, then gone. */
export const destroyChannel = (pbx: Pbx, channel: Channel, cause: number, tech?: number) => {
  if (!pbx.channels.has(channel.id)) return
  // Whoever is still being dialled is given up.
  if (channel.dialling !== undefined) publishDial(pbx, channel, "CANCEL", channel.dialling)
  leaveStasis(pbx, channel)
  const told = tech === undefined || tech === 0 || !pbx.settings.release.namesChannels ? {} : { tech_cause: tech }
  publishChannel(pbx, channel, "ChannelDestroyed", { cause, cause_txt: causeText(cause), ...told })
  pbx.channels.delete(channel.id)
  pbx.events.forgetSource(`channel:${channel.id}`)
  for (const act of channel.onDestroyed.splice(0)) act(cause)
  if (channel.leg !== undefined) endLeg(pbx, channel.leg, cause)
}

const endLeg = (pbx: Pbx, leg: Leg, cause: number) => {
  if (!isOver(leg)) leg.record.state = finalState(leg, cause)
  endStream(leg)
  if (leg.record.media === "opening") leg.record.media = "ended"
  leg.record.changed()
  pbx.events.finish(leg)
}

const finalState = (leg: Leg, cause: number) => {
  if (leg.answered) return "completed"
  if (leg.direction === "inbound") {
    if (!leg.hungUpByApi) return "canceled"
    return cause === 17 ? "busy" : "failed"
  }
  if (leg.hungUpByApi) return "canceled"
  if (cause === 17) return "busy"
  return cause === 18 || cause === 19 ? "no-answer" : "failed"
}

/** A dial that came to nothing. */
export const failDial = (pbx: Pbx, channel: Channel, dialstring: string, cause: number, tech?: number) => {
  if (!pbx.channels.has(channel.id)) return undefined
  publishDial(pbx, channel, dialStatusOf(cause), dialstring)
  destroyChannel(pbx, channel, cause, tech)
  return undefined
}

/** Marks the pick-up of a person's phone. */
export const answerChannel = (pbx: Pbx, channel: Channel) => {
  setState(pbx, channel, "Up")
  const { leg } = channel
  if (leg === undefined) return
  leg.answered = true
  leg.record.state = "in-progress"
  leg.record.changed()
}

export const note = (leg: Leg | undefined, text: string) => {
  if (leg === undefined) return
  leg.record.notes.push(text)
  leg.record.changed()
}

/** An error, once. */
export const complain = (leg: Leg | undefined, text: string) => {
  if (leg === undefined || leg.record.errors.includes(text)) return
  leg.record.errors.push(text)
  leg.record.changed()
}

/** The person whose call a media channel serves: who is with it in a bridge, else whom it was made for, as far as one can tell. */
export const ownerOf = ({ channel, guess }: MediaLeg): Leg | undefined =>
  channel.bridge?.channels.find(({ leg }) => leg !== undefined)?.leg ?? guess

export const settleLeg = (leg: Leg) => void Deferred.doneUnsafe(leg.settled, Effect.void)
