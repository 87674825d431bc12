import type { RestReply } from "../../../simulator/RestServer.ts"
import type { Application } from "./events.ts"
import type { Pbx } from "./pbx.ts"
import { done, invalidMethod, ok, refuse, resourceNotFound } from "./replies.ts"
import type { ChannelRequest } from "./restChannels.ts"

const resource = ({ interest, name }: Application) => {
  const idsOf = (kind: string) =>
    Array.from(interest.keys()).flatMap((source) =>
      source.startsWith(`${kind}:`) ? [source.slice(kind.length + 1)] : []
    )
  return {
    name,
    channel_ids: idsOf("channel"),
    bridge_ids: idsOf("bridge"),
    endpoint_ids: [],
    device_names: [],
    events_allowed: [],
    events_disallowed: []
  }
}

/** Everything under `/ari/applications`. */
export const applicationsResource = (pbx: Pbx, { method, params, path }: ChannelRequest): RestReply => {
  const { applications } = pbx.events
  const [name, action, ...more] = path
  if (more.length > 0 || (action !== undefined && action !== "subscription")) return resourceNotFound
  if (name === undefined) return method === "GET" ? ok(Array.from(applications.values(), resource)) : invalidMethod
  const application = applications.get(name)
  if (application === undefined) return refuse(404, "Application not found")
  if (action === undefined) return method === "GET" ? ok(resource(application)) : invalidMethod
  if (method !== "POST" && method !== "DELETE") return invalidMethod
  const source = params.get("eventSource")
  if (source === undefined) return refuse(400, "No event source specified")
  for (const one of source.split(",")) {
    const colon = one.indexOf(":")
    const [kind, id] = [one.slice(0, colon), one.slice(colon + 1)]
    const known = kind === "channel" ? pbx.channels.has(id) : kind === "bridge" ? pbx.bridges.has(id) : undefined
    if (known === undefined) return refuse(400, "Invalid event source specified")
    if (!known) return refuse(422, "Event source does not exist")
    if (method === "POST") pbx.events.follow(name, one)
    else pbx.events.unfollow(name, one)
  }
  return method === "POST" ? ok(resource(application)) : done
}

/** `GET /asterisk/info` and `GET /asterisk/ping`. */
export const asteriskResource = (pbx: Pbx, { method, params, path }: ChannelRequest): RestReply => {
  const [what, ...more] = path
  if (more.length > 0 || (what !== "info" && what !== "ping")) return resourceNotFound
  if (method !== "GET") return invalidMethod
  const { asteriskId, nowMs } = pbx.events
  if (what === "ping") {
    return ok({
      asterisk_id: asteriskId,
      ping: "pong",
      timestamp: new Date(nowMs()).toISOString().replace("Z", "+0000")
    })
  }
  const system = { version: pbx.settings.release.version, entity_id: asteriskId }
  const all = { system, status: { startup_time: pbx.startedAt, last_reload_time: pbx.startedAt } }
  return ok(params.get("only") === "system" ? { system } : all)
}
