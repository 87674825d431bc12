import { Effect } from "effect"
import type { RestReply } from "../../../simulator/RestServer.ts"
import { causeOfReason } from "./causes.ts"
import { type Channel, channelResource, type Leg } from "./channel.ts"
import { dialFromDialplan, makeLeg } from "./legs.ts"
import { logMessage } from "./commands.ts"
import type { Params } from "./params.ts"
import { answerChannel, hangUp, leaveStasis, newChannelId, note, type Pbx } from "./pbx.ts"
import { done, invalidMethod, ok, refuse, resourceNotFound } from "./replies.ts"
import { createOnly, type Desk, dialCreated, originate } from "./restOriginate.ts"
import { externalMedia } from "./restExternalMedia.ts"
import { readVariable } from "./variables.ts"

export interface ChannelRequest {
  readonly method: string
  /** The path after `channels`. */
  readonly path: ReadonlyArray<string>
  readonly params: Params
}

const channelNotFound = refuse(404, "Channel not found")

/** Everything under `/ari/channels`. */
export const channelsResource = Effect.fnUntraced(function* (pbx: Pbx, desk: Desk, request: ChannelRequest) {
  const { method, params, path } = request
  const [id, action, ...more] = path
  if (more.length > 0) return resourceNotFound
  if (id === undefined) {
    if (method === "GET") return ok(Array.from(pbx.channels.values(), channelResource))
    return method === "POST" ? yield* originate(pbx, desk, params) : invalidMethod
  }
  if (action === undefined && (id === "create" || id === "externalMedia") && method === "POST") {
    return id === "create" ? yield* createOnly(pbx, desk, params) : externalMedia(pbx, params)
  }
  const channel = pbx.channels.get(id)
  if (action === undefined) {
    if (method === "POST") return yield* originate(pbx, desk, params, id)
    if (method !== "GET" && method !== "DELETE") return invalidMethod
    if (channel === undefined) return channelNotFound
    remember(channel, request)
    return method === "GET" ? ok(channelResource(channel)) : deleteChannel(pbx, channel, params)
  }
  if (action === "variable") return variable(channel, method, params)
  const command = commands.get(`${method} ${action}`)
  if (command === undefined) return actionNames.has(action) ? invalidMethod : resourceNotFound
  if (channel === undefined) return channelNotFound
  remember(channel, request)
  if (channel.application === undefined) return refuse(409, "Channel not in Stasis application")
  const isUnready = channel.state === "Down" || channel.state === "Ringing"
  if (isUnready && action !== "dial") return refuse(412, "Channel in invalid state")
  return command(pbx, channel, params, desk) ?? done
})

/** What our side asked about a call stands in its record where other carriers have answers to webhooks. */
const remember = ({ leg }: Channel, { method, path }: ChannelRequest) => {
  if (leg === undefined || method === "GET") return
  leg.record.answers.push([method, ...path].join(" "))
  leg.record.changed()
}

type Command = (pbx: Pbx, channel: Channel, params: Params, desk: Desk) => RestReply | void

const nothing: Command = () => undefined

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    "POST answer",
    (pbx, channel) => {
      if (channel.state !== "Up") answerChannel(pbx, channel)
      return undefined
    }
  ],
  ["POST ring", nothing],
  ["DELETE ring", nothing],
  ["POST progress", nothing],
  ["POST moh", (_pbx, { leg }) => note(leg, "hears hold music")],
  ["DELETE moh", (_pbx, { leg }) => note(leg, "hears no more hold music")],
  ["POST silence", nothing],
  ["DELETE silence", nothing],
  ["POST hold", nothing],
  ["DELETE hold", nothing],
  ["POST mute", nothing],
  ["DELETE mute", nothing],
  ["POST dial", (_pbx, channel, params) => dialCreated(channel, params)],
  ["POST dtmf", (_pbx, channel, params) => sendDigits(channel, params)],
  ["POST continue", (pbx, channel, params, desk) => continueInDialplan(pbx, channel, params, desk)]
])
const actionNames = new Set(Array.from(commands.keys(), (key) => key.split(" ")[1]))

const sendDigits = (channel: Channel, params: Params) => {
  const digits = params.get("dtmf")
  if (digits === undefined) return refuse(400, "DTMF is required")
  const { leg, media } = channel
  if (media !== undefined) logMessage(media, "digits", digits)
  leg?.record.mediaMessages.push({ atMs: leg.record.stream?.elapsedMs() ?? 0, kind: "digits", detail: digits })
  leg?.record.changed()
  return undefined
}

/** The end of Stasis: the dialplan goes on at an extension and dials it, or at the next priority, which is `Hangup()`. */
const continueInDialplan = (pbx: Pbx, channel: Channel, params: Params, desk: Desk) => {
  leaveStasis(pbx, channel)
  const extension = params.get("extension") ?? params.get("label")
  note(
    channel.leg,
    `continues in the dialplan at ${params.get("context") ?? "default"},${extension ?? "next priority"}`
  )
  if (extension === undefined) return hangUp(pbx, channel, { cause: 16 })
  const from = channel.caller.number
  const leg: Leg = makeLeg(pbx, {
    id: newChannelId(pbx),
    direction: "outbound",
    from,
    to: extension,
    state: "queued"
  })
  const dial = dialFromDialplan(pbx, channel, { leg, behaviour: desk.behaviourOf(leg) })
  pbx.run(Effect.andThen(desk.placed(leg), dial))
}

const deleteChannel = (pbx: Pbx, channel: Channel, params: Params): RestReply => {
  const reason = params.get("reason")
  const code = params.get("reason_code")
  if (reason !== undefined && code !== undefined) {
    return refuse(400, "The reason and reason_code can't both be specified")
  }
  if (code !== undefined && (!/^\d+$/.test(code) || Number(code) > 127)) {
    return refuse(400, "Invalid reason for hangup reason code provided")
  }
  const cause = code === undefined ? causeOfReason(reason ?? "normal") : Number(code)
  if (cause === undefined) return refuse(400, "Invalid reason for hangup reason provided")
  if (channel.leg !== undefined && !channel.hangingUp) channel.leg.hungUpByApi = true
  hangUp(pbx, channel, { cause, soft: true })
  return done
}

const variable = (channel: Channel | undefined, method: string, params: Params): RestReply => {
  if (method !== "GET" && method !== "POST") return invalidMethod
  const name = params.get("variable")
  if (name === undefined) return refuse(400, "Variable name is required")
  if (channel === undefined) {
    return method === "GET" ? refuse(404, "Provided channel was not found") : channelNotFound
  }
  if (method === "GET") return readVariable(channel, name)
  if (channel.application === undefined) return refuse(409, "Channel not in Stasis application")
  channel.variables.set(name, params.get("value") ?? "")
  return done
}
