import { Effect, Result } from "effect"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import type { RestReply } from "../../../simulator/RestServer.ts"
import { type Channel, channelResource, type Leg, type Party } from "./channel.ts"
import { noOptions, type PhoneEndpoint, readEndpoint, readSocketOptions } from "./dialString.ts"
import { formatNamed } from "./formats.ts"
import { channelName, dialPerson, enterOnAnswer, makeLeg } from "./legs.ts"
import { createMedia } from "./restExternalMedia.ts"
import type { Params } from "./params.ts"
import { complain, createChannel, destroyChannel, enterStasis, newChannelId, note, type Pbx } from "./pbx.ts"
import { allocationFailed, ok, refuse } from "./replies.ts"

/** What the fake's desk does for an outbound call. */
export interface Desk {
  readonly placed: (leg: Leg) => Effect.Effect<void>
  readonly behaviourOf: (leg: Leg) => Effect.Effect<DialBehaviour>
}

export const maxIdLength = 149

const argsOf = (written: string | undefined) => (written === undefined ? [] : written.split(","))

/** `number` or `"Name" <number>`. */
const readCallerId = (written: string | undefined): Party => {
  if (written === undefined) return { name: "", number: "" }
  const [, name = "", number] = /^\s*"?([^"<]*?)"?\s*<([^>]*)>\s*$/.exec(written) ?? []
  return number === undefined ? { name: "", number: written } : { name, number }
}

/** 30 s unless given; −1 is no limit. */
const secondsOf = (params: Params) => {
  const seconds = Number(params.get("timeout") ?? "30")
  return Number.isFinite(seconds) ? seconds : 30
}

interface Origin {
  readonly id: string
  readonly endpoint: PhoneEndpoint
  readonly application: string | undefined
  readonly args: ReadonlyArray<string>
  readonly extension: string | undefined
  readonly callerId: Party
  readonly timeoutSeconds: number
  readonly formats: ReadonlyArray<string>
  readonly variables: Params["variables"]
}

const bad = (message: string) => Result.fail(refuse(400, message))

/** The checks of originate, in Asterisk's order and words (Asterisk: res/ari/resource_channels.c). */
const readOrigin = (pbx: Pbx, params: Params, pathId: string | undefined): Result.Result<Origin, RestReply> => {
  const written = params.get("endpoint")
  if (written === undefined) return bad("Endpoint must be specified")
  const originator = params.get("originator")
  const formats = argsOf(params.get("formats"))
  if (originator !== undefined && formats.length > 0) return bad("Originator and formats can't both be specified")
  const endpoint = readEndpoint(written)
  if (endpoint === undefined) return bad("Invalid endpoint specified")
  const application = params.get("app")
  const extension = params.get("extension")
  if (application === undefined && extension === undefined) return bad("Application or extension must be specified")
  for (const name of formats) {
    if (formatNamed(name) === undefined) return bad(`Provided format (${name}) was not found`)
  }
  const id = pathId ?? params.get("channelId")
  if (id !== undefined && id.length > maxIdLength) return bad(`Uniqueid length exceeds maximum of ${maxIdLength}`)
  if (id !== undefined && pbx.channels.has(id)) {
    return Result.fail(refuse(409, "Channel with given unique ID already exists"))
  }
  if (originator !== undefined && !pbx.channels.has(originator)) return bad("Provided originator channel was not found")
  return Result.succeed({
    id: id ?? newChannelId(pbx),
    endpoint,
    application,
    args: argsOf(params.get("appArgs")),
    extension,
    callerId: readCallerId(params.get("callerId")),
    timeoutSeconds: secondsOf(params),
    formats,
    variables: params.variables
  })
}

const isReachable = (pbx: Pbx, { endpoint, technology }: PhoneEndpoint) =>
  technology === "Local" || (technology === "PJSIP" && pbx.settings.endpoints.has(endpoint))

/** `WebSocket/<section|INCOMING>/<options>` by originate, as releases without `transport_data` need it. */
const originateMedia = (pbx: Pbx, origin: Origin): RestReply => {
  const { application, args, endpoint, formats, id } = origin
  const slash = endpoint.resource.indexOf("/")
  const section = slash < 0 ? endpoint.resource : endpoint.resource.slice(0, slash)
  const options =
    slash < 0
      ? Result.succeed(noOptions)
      : readSocketOptions(endpoint.resource.slice(slash + 1), section === "INCOMING")
  const isKnown = section === "INCOMING" || section === pbx.section
  if (Result.isFailure(options) || !isKnown || application === undefined) return allocationFailed
  const format = formatNamed(options.success.codec ?? formats[0] ?? "ulaw")
  if (format === undefined) return allocationFailed
  const media = createMedia(pbx, {
    id,
    section: section === "INCOMING" ? undefined : section,
    options: options.success,
    format,
    plan: { application, args, dialstring: endpoint.resource },
    variables: origin.variables
  })
  return ok(channelResource(media.channel))
}

const createPhone = (pbx: Pbx, origin: Origin) => {
  const { callerId, endpoint, id } = origin
  const leg = makeLeg(pbx, { id, direction: "outbound", from: callerId.number, to: endpoint.number, state: "queued" })
  const channel = createChannel(pbx, {
    id,
    name: channelName(pbx, endpoint.technology, endpoint.endpoint),
    state: "Down",
    caller: callerId,
    connected: callerId,
    variables: origin.variables,
    leg
  })
  return { channel, leg }
}

/** `POST /channels` and `POST /channels/{id}`: answered before the far end is dialled. */
export const originate = Effect.fnUntraced(function* (pbx: Pbx, desk: Desk, params: Params, pathId?: string) {
  const read = readOrigin(pbx, params, pathId)
  if (Result.isFailure(read)) return read.failure
  const origin = read.success
  const { application, args, endpoint, extension } = origin
  if (endpoint.technology === "WebSocket") return originateMedia(pbx, origin)
  if (!isReachable(pbx, endpoint)) return allocationFailed
  const { channel, leg } = createPhone(pbx, origin)
  yield* desk.placed(leg)
  if (application !== undefined) pbx.events.follow(application, `channel:${channel.id}`)
  const onAnswer = () => {
    if (application === undefined) note(leg, `answered: the dialplan runs ${extension}`)
    else enterOnAnswer(pbx, channel, application, args)
  }
  const { timeoutSeconds } = origin
  const behaviour = desk.behaviourOf(leg)
  pbx.run(dialPerson(pbx, channel, { dialstring: endpoint.resource, timeoutSeconds, behaviour, onAnswer }))
  return ok(channelResource(channel))
})

/** `POST /channels/create`: the channel is in the application at once, and dialled by a request of its own. */
export const createOnly = Effect.fnUntraced(function* (pbx: Pbx, desk: Desk, params: Params) {
  const read = readOrigin(pbx, params, undefined)
  if (Result.isFailure(read)) return read.failure
  const origin = read.success
  const { application, args, endpoint } = origin
  if (application === undefined) return refuse(400, "Application must be specified")
  if (!isReachable(pbx, endpoint)) return allocationFailed
  const { channel, leg } = createPhone(pbx, origin)
  yield* desk.placed(leg)
  pbx.events.follow(application, `channel:${channel.id}`)
  const behaviour = desk.behaviourOf(leg)
  channel.undialled = (timeoutSeconds) => {
    channel.undialled = undefined
    const plan = { dialstring: endpoint.resource, timeoutSeconds, behaviour, onAnswer: () => {} }
    pbx.run(dialPerson(pbx, channel, plan))
  }
  if (!enterStasis(pbx, channel, application, args)) {
    complain(leg, `the channel was dropped: no events socket has registered ${application}`)
    destroyChannel(pbx, channel, 16)
  }
  return ok(channelResource(channel))
})

/** `POST /channels/{id}/dial`. */
export const dialCreated = (channel: Channel, params: Params): RestReply | undefined => {
  if (channel.undialled === undefined) return refuse(409, "Channel is not in the 'Down' state")
  channel.undialled(secondsOf(params))
  return undefined
}
