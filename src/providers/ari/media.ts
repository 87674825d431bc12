import { Effect, Schedule } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { FormFields } from "../../carrier/forms.ts"
import { asWebSocketUrl } from "../../carrier/publicUrl.ts"
import type { CallReference, PickUp } from "../../carrier/TelephonyProvider.ts"
import type { AriAccount } from "./account.ts"
import { channelOf } from "./calls.ts"
import { provider } from "./config.ts"
import { uriParameters } from "./dialString.ts"
import { ownArguments } from "./ids.ts"
import type { Channel } from "./resources.ts"

/** The channel variable that says under which id a media connection is awaited (Asterisk: WebSocket channel). */
const connectionIdVariable = "MEDIA_WEBSOCKET_CONNECTION_ID"

/** The WebSocket subprotocol of Asterisk's media. */
const mediaProtocol = "media"

const failed = (kind: CarrierError["kind"], message: string) => new CarrierError({ provider, kind, message })

const ticketOf = (mediaUrl: string) => mediaUrl.slice(mediaUrl.lastIndexOf("/") + 1)

/** `connection_type=server` takes no parameters, and the control messages are JSON where the release knows that. */
const mediaQuery = ({ app, names, config }: AriAccount, callId: string, ticket: string): FormFields => [
  ["app", app],
  ["channelId", names.media(callId)],
  ["external_host", config.media.mode === "client" ? config.media.section : "INCOMING"],
  ["encapsulation", "none"],
  ["transport", "websocket"],
  ["connection_type", config.media.mode],
  ["format", config.format],
  ["direction", "both"],
  ["data", `${ownArguments.media},${callId}`],
  ["transport_data", config.media.mode === "client" ? `f(json)${uriParameters({ ticket })}` : "f(json)"]
]

const noMedia = (version: string) =>
  failed(
    "rejected",
    `Asterisk ${version.slice(0, 32)} has no WebSocket channels. Upgrade to 20.18, 22.8, 23.2 or newer.`
  )

/**
 * Has Asterisk make the channel whose other end is the call's media socket. Releases that do not hand the ticket on with
 * `externalMedia` get it in a dial string of their own.
 */
const makeMediaChannel = Effect.fnUntraced(function* (account: AriAccount, callId: string, ticket: string) {
  const { rest, config, names, app } = account
  const { hasMedia, hasTransportData, version } = yield* account.release
  if (!hasMedia) return yield* noMedia(version)
  const channelId = names.media(callId)
  const made =
    config.media.mode === "client" && !hasTransportData
      ? rest.originate({
          channelId,
          endpoint: `WebSocket/${config.media.section}/c(${config.format})${uriParameters({ ticket })}`,
          app,
          appArgs: `${ownArguments.media},${callId}`,
          formats: config.format
        })
      : rest.externalMedia(mediaQuery(account, callId, ticket))
  return yield* made.pipe(
    // An answer that was lost, or says that the name is taken already (a 500 of `externalMedia`), may hide a success.
    Effect.catchIf(
      ({ kind, httpStatus }) => kind === "unknown-outcome" || httpStatus === 500 || httpStatus === 409,
      (error) =>
        Effect.flatMap(rest.channel(channelId), (channel) =>
          channel === undefined ? Effect.fail(error) : Effect.succeed(channel)
        )
    )
  )
})

const connectionIdOf = Effect.fnUntraced(function* ({ rest }: AriAccount, { id, channelvars }: Channel) {
  const told = channelvars?.[connectionIdVariable]
  return typeof told === "string" && told !== "" ? told : yield* rest.variable(id, connectionIdVariable)
})

/** Opens the media from our side: on this node, which is connected to Asterisk. */
const openOurselves = Effect.fnUntraced(function* (account: AriAccount, callId: string, channel: Channel) {
  const { open } = account.connection
  if (open === undefined)
    return yield* failed("unavailable", "The connection to Asterisk broke while the call was being picked up.")
  const connectionId = yield* connectionIdOf(account, channel)
  const url = `${asWebSocketUrl(account.rest.base)}/media/${encodeURIComponent(connectionId)}`
  open.fork(
    open.desk
      .openMedia(callId, { url, headers: {}, protocol: mediaProtocol })
      .pipe(
        Effect.catchTag("ReportsUnavailable", ({ message }) =>
          Effect.logWarning(message).pipe(Effect.annotateLogs({ call: callId }))
        )
      )
  )
})

/** The caller hung up before we answered: the channel is gone, has left our application, or is on its way out. */
const callerGone = ({ kind, httpStatus }: CarrierError) =>
  kind === "not-found" || httpStatus === 409 || httpStatus === 412

/** Answers a caller, and has the media opened. A call that we placed is answered already. */
export const pickUp = (account: AriAccount) =>
  Effect.fn("Ari.pickUp")(function* ({ callId, call, mediaUrl }: PickUp) {
    const caller = channelOf(account, call)
    if (account.names.read(caller) === undefined)
      yield* account.rest
        .answer(caller)
        .pipe(Effect.catchIf(callerGone, () => failed("not-found", "The caller hung up before the call was answered.")))
    const channel = yield* makeMediaChannel(account, callId, ticketOf(mediaUrl))
    if (account.config.media.mode === "server") yield* openOurselves(account, callId, channel)
  })

/** How long a media channel may take from its open socket into our application, and from there into the bridge. */
const entering = Schedule.max([Schedule.spaced("200 millis"), Schedule.recurs(50)])
const joining = Schedule.max([Schedule.spaced("50 millis"), Schedule.recurs(20)])
/** A channel that Asterisk does not find (400) may not be there yet; after this it is not there any more. */
const appearing = Schedule.max([Schedule.spaced("200 millis"), Schedule.recurs(3)])

/**
 * Joins caller and media. The media channel enters our application a moment after its socket opened, and Asterisk refuses
 * (422) to bridge it before; this works on whatever node the media is. Done when both are in the bridge, because what is
 * played before that is lost.
 */
export const joinMedia = (account: AriAccount) =>
  Effect.fn("Ari.mediaOpened")(function* (call: CallReference) {
    const { rest, names } = account
    const bridge = names.bridge(call.callId)
    const legs = [channelOf(account, call), names.media(call.callId)]
    yield* rest.createBridge(bridge)
    yield* rest
      .addToBridge(bridge, legs)
      .pipe(
        Effect.retry({ schedule: appearing, while: ({ httpStatus }) => httpStatus === 400 }),
        Effect.retry({ schedule: entering, while: ({ httpStatus }) => httpStatus === 422 })
      )
    yield* Effect.repeat(rest.bridge(bridge), {
      until: (state) => legs.every((leg) => state?.channels.includes(leg) === true),
      schedule: joining
    })
  })
