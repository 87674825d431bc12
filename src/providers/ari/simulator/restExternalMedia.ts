import { Result } from "effect"
import type { RestReply } from "../../../simulator/RestServer.ts"
import { isOver } from "../../../simulator/CallDesk.ts"
import { channelResource, type Leg } from "./channel.ts"
import { mediaVariables } from "./control.ts"
import { noOptions, readSocketOptions, type SocketOptions } from "./dialString.ts"
import { formatNamed, type MediaFormat } from "./formats.ts"
import { makeMediaLeg } from "./mediaLeg.ts"
import { liveMedia, type MediaPlan } from "./mediaSocket.ts"
import type { Params } from "./params.ts"
import { complain, createChannel, newChannelId, newChannelNumber, type Pbx } from "./pbx.ts"
import { ok, refuse } from "./replies.ts"

export interface NewMedia {
  readonly id: string
  readonly section: string | undefined
  readonly options: SocketOptions
  readonly format: MediaFormat
  readonly plan: MediaPlan
  readonly variables: Readonly<Record<string, string>>
}

const legsIn = (pbx: Pbx, name: string | undefined) =>
  Array.from(pbx.channels.values()).flatMap(({ application, leg }) =>
    leg !== undefined && application === name && !isOver(leg) ? [leg] : []
  )

/** Who has waited longest in an application without a media channel. */
export const waitingLeg = (pbx: Pbx, application: string | undefined) =>
  legsIn(pbx, application).find(({ record }) => record.media === "none")

/**
 * For whom a media channel is made: nothing in ARI says so before they meet in a bridge. The call whose id is in what the
 * channel was given; else the one that has waited longest.
 */
const guessOwner = (pbx: Pbx, { id, options, plan }: NewMedia): Leg | undefined => {
  const given = [id, ...plan.args, options.uriParameters ?? ""].join(" ")
  return legsIn(pbx, plan.application).find((leg) => given.includes(leg.id)) ?? waitingLeg(pbx, plan.application)
}

/** A media channel, and the life of its socket. */
export const createMedia = (pbx: Pbx, options: NewMedia) => {
  const { format, plan, section } = options
  const number = (0x7f_4c_00_00_00_00 + newChannelNumber(pbx) * 0x1000).toString(16)
  const channel = createChannel(pbx, {
    id: options.id,
    name: `WebSocket/${section ?? "INCOMING"}/0x${number}`,
    state: "Down"
  })
  const guess = guessOwner(pbx, options)
  if (guess?.record.media === "none" || guess?.record.media === "ended") {
    guess.record.media = "opening"
    guess.record.changed()
  }
  const media = makeMediaLeg(pbx, { channel, section, options: options.options, format, guess })
  const variables = { ...options.variables, ...mediaVariables(media.connectionId, format) }
  for (const [name, value] of Object.entries(variables)) channel.variables.set(name, value)
  pbx.events.follow(plan.application, `channel:${channel.id}`)
  pbx.run(liveMedia(pbx, media, plan))
  return media
}

/** The 500 that stands for whatever the dial preparation reported, a duplicate id included. */
const internalError = refuse(500, "An internal error prevented this request from being handled")

const bad = (message: string) => refuse(400, message)

/** `POST /channels/externalMedia` (Asterisk: res/ari/resource_channels.c, external media over WebSocket). */
export const externalMedia = (pbx: Pbx, params: Params): RestReply => {
  const { release } = pbx.settings
  const application = params.get("app")
  if (application === undefined) return bad("app cannot be empty")
  const transport = params.get("transport") ?? "udp"
  const isServer = (params.get("connection_type") ?? "client") === "server"
  if (transport === "websocket" && (params.get("encapsulation") ?? "rtp") !== "none") {
    return bad("encapsulation must be 'none' for websocket transport")
  }
  if (isServer && transport !== "websocket") {
    return bad("'server' connection_type can only be used with the websocket transport")
  }
  const host = params.get("external_host")
  if (host === undefined && !isServer) {
    return bad("external_host is required for all but websocket server connections")
  }
  if (transport !== "websocket") return bad(`the simulator has no external media over ${transport}`)
  if (!isServer && host !== pbx.section) return bad("external_host must be a valid websocket_client connection id.")
  const name = params.get("format")
  if (name === undefined) return bad("format cannot be empty")
  const direction = params.get("direction") ?? "both"
  const isDirection = direction === "both" || direction === "in" || direction === "out"
  if (!isDirection || (direction !== "both" && !release.hasDirections)) return bad("Invalid direction specified")

  const id = params.get("channelId") ?? newChannelId(pbx)
  const format = formatNamed(name)
  if (pbx.channels.has(id) || format === undefined) return internalError
  const written = release.takesTransportData ? params.get("transport_data") : undefined
  const options = written === undefined ? Result.succeed(noOptions) : readSocketOptions(written, isServer)
  const data = params.get("data")
  const plan: MediaPlan = {
    application,
    args: data === undefined ? [] : data.split(","),
    dialstring: `${isServer ? "INCOMING" : host}/c(${name})${written ?? ""}`
  }
  if (Result.isFailure(options)) {
    complain(waitingLeg(pbx, application), `transport_data: ${options.failure}`)
    return internalError
  }
  const media = createMedia(pbx, {
    id,
    section: isServer ? undefined : host,
    options: { ...options.success, direction: options.success.direction ?? direction },
    format: formatNamed(options.success.codec ?? name) ?? format,
    plan,
    variables: params.variables
  })
  return ok({ ...channelResource(media.channel), channelvars: mediaVariables(media.connectionId, media.format) })
}
