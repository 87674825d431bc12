import { randomUUID } from "node:crypto"
import type { RestReply } from "../../../simulator/RestServer.ts"
import { type Bridge, bridgeResource, type Channel, timestamp } from "./channel.ts"
import type { Params } from "./params.ts"
import { destroyBridge, joinBridge, leaveBridge } from "./bridging.ts"
import { note, type Pbx } from "./pbx.ts"
import { done, invalidMethod, ok, refuse, resourceNotFound } from "./replies.ts"
import type { ChannelRequest } from "./restChannels.ts"

const bridgeTypes = new Set([
  "mixing",
  "holding",
  "dtmf_events",
  "proxy_media",
  "video_sfu",
  "video_single",
  "sdp_label"
])

/** Everything under `/ari/bridges`. */
export const bridgesResource = (pbx: Pbx, { method, params, path }: ChannelRequest): RestReply => {
  const [id, action, ...more] = path
  if (more.length > 0) return resourceNotFound
  if (id === undefined) {
    if (method === "GET") return ok(Array.from(pbx.bridges.values(), bridgeResource))
    return method === "POST" ? createBridge(pbx, params, params.get("bridgeId") ?? randomUUID()) : invalidMethod
  }
  if (action === undefined && method === "POST") return createBridge(pbx, params, id)
  const bridge = pbx.bridges.get(id)
  if (action === undefined) {
    if (method !== "GET" && method !== "DELETE") return invalidMethod
    if (bridge === undefined) return refuse(404, "Bridge not found")
    if (method === "GET") return ok(bridgeResource(bridge))
    destroyBridge(pbx, bridge)
    return done
  }
  if (action !== "addChannel" && action !== "removeChannel" && action !== "moh") return resourceNotFound
  if (method !== "POST" && !(action === "moh" && method === "DELETE")) return invalidMethod
  if (bridge === undefined) return refuse(404, "Bridge not found")
  if (action === "moh") {
    for (const { leg } of bridge.channels) note(leg, `hears ${method === "POST" ? "" : "no more "}hold music`)
    return done
  }
  return moveChannels(pbx, bridge, params, action)
}

const createBridge = (pbx: Pbx, params: Params, id: string): RestReply => {
  if (pbx.bridges.has(id)) return refuse(409, `Bridge with id '${id}' already exists`)
  const types = params.get("type") ?? "mixing"
  const unknown = types.split(",").find((type) => !bridgeTypes.has(type))
  if (unknown !== undefined) return refuse(500, `Unable to create bridge. Unknown bridge type '${unknown}'`)
  const bridge: Bridge = {
    id,
    name: params.get("name") ?? "",
    types,
    createdAt: timestamp(pbx.events.nowMs()),
    channels: [],
    isGone: false
  }
  pbx.bridges.set(id, bridge)
  pbx.events.publishToAll({ type: "BridgeCreated", bridge: bridgeResource(bridge) }, undefined)
  return ok(bridgeResource(bridge))
}

/** Moves several channels at once, or none when one of them cannot be moved. */
const moveChannels = (pbx: Pbx, bridge: Bridge, params: Params, action: "addChannel" | "removeChannel"): RestReply => {
  const ids = (params.get("channel") ?? "").split(",").filter((id) => id !== "")
  if (ids.length === 0) return refuse(400, "Channel not found")
  const channels: Array<Channel> = []
  for (const id of ids) {
    const channel = pbx.channels.get(id)
    if (channel === undefined) return refuse(400, "Channel not found")
    if (channel.application === undefined) return refuse(422, "Channel not in Stasis application")
    if (action === "removeChannel" && channel.bridge !== bridge && channel.joining !== bridge) {
      return refuse(422, "Channel not in this bridge")
    }
    channels.push(channel)
  }
  for (const channel of channels) {
    channel.leg?.record.answers.push(`POST bridges ${bridge.id} ${action}`)
    if (action === "addChannel") joinBridge(pbx, bridge, channel, params.get("absorbDTMF") === "true")
    else leaveBridge(pbx, channel)
  }
  return done
}
