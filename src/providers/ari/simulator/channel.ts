import type { DeskCall } from "../../../simulator/CallDesk.ts"
import type { EventLine } from "./events.ts"
import type { MediaLeg } from "./mediaLeg.ts"

export interface Party {
  readonly name: string
  readonly number: string
}

/** A person's side of a call: what the desk knows of it, and the deliveries it waits for. */
export interface Leg extends DeskCall {
  readonly line: EventLine
  answered: boolean
  /** A hang-up was asked for by the REST API, not by the person. */
  hungUpByApi: boolean
  /** Milliseconds of speech that the next packet still lacks. */
  packetMs: number
}

/** One channel. What is at its other end is a person's phone, or a media socket. */
export interface Channel {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  readonly protocolId: string
  readonly caller: Party
  readonly connected: Party
  readonly dialplan: { readonly context: string; readonly exten: string }
  readonly variables: Map<string, string>
  readonly sipHeaders: ReadonlyMap<string, string>
  readonly leg: Leg | undefined
  media: MediaLeg | undefined
  state: "Down" | "Ring" | "Ringing" | "Up"
  /** The Stasis application that it is in. */
  application: string | undefined
  applicationData: string
  bridge: Bridge | undefined
  /** Where it is on its way to: `addChannel` is answered before the channel is in. */
  joining: Bridge | undefined
  absorbsDigits: boolean
  hangingUp: boolean
  /** It was created without being dialled (`POST /channels/create`). */
  undialled: ((timeoutSeconds: number) => void) | undefined
  /** The dial string while it is being dialled. */
  dialling: string | undefined
  /** Runs once when it is destroyed. */
  readonly onDestroyed: Array<(cause: number) => void>
}

export interface Bridge {
  readonly id: string
  readonly name: string
  readonly types: string
  readonly createdAt: string
  readonly channels: Array<Channel>
  isGone: boolean
}

/** `2026-09-05T09:00:00.123+0000`: no colon in the offset. */
export const timestamp = (ms: number) => new Date(ms).toISOString().replace("Z", "+0000")

/** The Channel of the REST API and of events (Asterisk: rest-api/api-docs/channels.json). */
export const channelResource = (channel: Channel) => ({
  id: channel.id,
  name: channel.name,
  state: channel.state,
  protocol_id: channel.protocolId,
  caller: channel.caller,
  connected: channel.connected,
  accountcode: "",
  dialplan: {
    ...channel.dialplan,
    priority: channel.dialplan.exten === "" ? 1 : 2,
    app_name: channel.application === undefined ? "" : "Stasis",
    app_data: channel.applicationData
  },
  creationtime: channel.createdAt,
  language: "en"
})

/** The Bridge of the REST API and of events: two channels need no mixer, three do. */
export const bridgeResource = (bridge: Bridge) => ({
  id: bridge.id,
  technology: bridge.channels.length > 2 ? "softmix" : "simple_bridge",
  bridge_type: bridge.types.includes("holding") ? "holding" : "mixing",
  bridge_class: "stasis",
  creator: "Stasis",
  name: bridge.name,
  channels: bridge.channels.map(({ id }) => id),
  creationtime: bridge.createdAt,
  video_mode: "talker"
})
