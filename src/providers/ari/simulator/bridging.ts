import { Effect } from "effect"
import { openStream } from "../../../simulator/CallRecord.ts"
import { type Bridge, bridgeResource, type Channel, channelResource, type Leg } from "./channel.ts"
import type { Pbx } from "./pbx.ts"

/** Between the answer to `addChannel` and the channel's being in the bridge, ms. */
const enterMs = 5
/** What the playout behind the phone holds; the queue of the media channel is in front of it, ms. */
const playoutLimitMs = 60_000

const publishBridge = (pbx: Pbx, bridge: Bridge, type: string, channel: Channel) => {
  const sources = [`bridge:${bridge.id}`, `channel:${channel.id}`]
  const fields = { bridge: bridgeResource(bridge), channel: channelResource(channel) }
  pbx.events.publish({ type, ...fields }, sources, channel.leg)
}

/** Starts moving a channel into a bridge; it is in when `ChannelEnteredBridge` comes. */
export const joinBridge = (pbx: Pbx, bridge: Bridge, channel: Channel, absorbsDigits: boolean) => {
  channel.joining = bridge
  const enter = Effect.sync(() => {
    if (channel.joining !== bridge || bridge.isGone || !pbx.channels.has(channel.id)) return
    leaveBridge(pbx, channel)
    channel.bridge = bridge
    channel.absorbsDigits = absorbsDigits
    bridge.channels.push(channel)
    if (channel.application !== undefined) pbx.events.follow(channel.application, `bridge:${bridge.id}`)
    publishBridge(pbx, bridge, "ChannelEnteredBridge", channel)
    const { leg } = channel
    if (leg !== undefined) pbx.exits.set(channel, pbx.rooms.join(bridge.id, { id: leg.id, record: leg.record }))
    refreshMedia(pbx, bridge)
  })
  pbx.run(Effect.delay(enter, enterMs))
}

export const leaveBridge = (pbx: Pbx, channel: Channel) => {
  channel.joining = undefined
  const { bridge } = channel
  if (bridge === undefined) return
  channel.bridge = undefined
  bridge.channels.splice(bridge.channels.indexOf(channel), 1)
  publishBridge(pbx, bridge, "ChannelLeftBridge", channel)
  if (channel.application !== undefined) pbx.events.unfollow(channel.application, `bridge:${bridge.id}`)
  pbx.exits.get(channel)?.()
  pbx.exits.delete(channel)
  if (channel.leg !== undefined) endStream(channel.leg)
  refreshMedia(pbx, bridge)
}

export const endStream = ({ record }: Leg) => {
  if (record.media !== "streaming") return
  record.stream?.end()
  record.media = "ended"
  record.changed()
}

/** A person's stream is up while their channel shares a bridge with a media channel that is connected. */
export const refreshMedia = (pbx: Pbx, bridge: Bridge) => {
  const streams = bridge.channels.some(({ media }) => media?.isStreaming === true)
  for (const { leg } of bridge.channels) {
    if (leg === undefined) continue
    if (!streams) endStream(leg)
    else if (leg.record.media !== "streaming") {
      const { jitterMs, trunk } = pbx.settings
      leg.record.stream = openStream({ format: trunk.audio, jitterMs, playoutLimitMs, nowMs: pbx.monotonicMs })
      leg.record.media = "streaming"
      leg.record.changed()
    }
  }
}

export const destroyBridge = (pbx: Pbx, bridge: Bridge) => {
  bridge.isGone = true
  for (const channel of bridge.channels.slice()) leaveBridge(pbx, channel)
  pbx.bridges.delete(bridge.id)
  pbx.events.publish({ type: "BridgeDestroyed", bridge: bridgeResource(bridge) }, [`bridge:${bridge.id}`], undefined)
  pbx.events.forgetSource(`bridge:${bridge.id}`)
}
