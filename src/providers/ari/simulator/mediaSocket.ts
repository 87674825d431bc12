import { Deferred, Effect, Result } from "effect"
import { WebSocket } from "ws"
import { refreshMedia } from "./bridging.ts"
import { logMessage, obey } from "./commands.ts"
import { type MediaLeg, sendText } from "./mediaLeg.ts"
import { catchUp } from "./mixer.ts"
import {
  answerChannel,
  complain,
  destroyChannel,
  enterStasis,
  failDial,
  hangUp,
  note,
  ownerOf,
  type Pbx,
  publishDial
} from "./pbx.ts"

/** What a media channel was made with. */
export interface MediaPlan {
  readonly application: string
  readonly args: ReadonlyArray<string>
  readonly dialstring: string
}

/** The largest message, WebSocket header included (Asterisk: res_http_websocket), bytes. */
const maxMessageBytes = 65_535
const protocol = "media"

/** The configured address, and the parameters of `v()` with commas turned into `&`. */
export const mediaTarget = (address: string, uriParameters: string | undefined) =>
  uriParameters === undefined
    ? address
    : `${address}${address.includes("?") ? "&" : "?"}${uriParameters.replaceAll(",", "&")}`

/** Opens the socket as res_websocket_client does. The failure is for people. */
const openOnce = (pbx: Pbx, url: string) =>
  Effect.callback<WebSocket, string>((resume) => {
    const { mediaLogin, mediaUpgradeMs } = pbx.settings
    if (URL.parse(url) === null) return resume(Effect.fail(`${url} is no address`))
    const login = mediaLogin === undefined ? undefined : `${mediaLogin.username}:${mediaLogin.password}`
    const socket = new WebSocket(url, [protocol], {
      // A reply with Sec-WebSocket-Extensions that nobody asked for fails the attempt.
      perMessageDeflate: false,
      handshakeTimeout: mediaUpgradeMs,
      headers: login === undefined ? {} : { Authorization: `Basic ${Buffer.from(login).toString("base64")}` }
    })
    socket.on("open", () => {
      // Nothing is read before somebody listens.
      socket.pause()
      pbx.sockets.add(socket)
      resume(Effect.succeed(socket))
    })
    socket.on("close", () => pbx.sockets.delete(socket))
    socket.on("unexpected-response", (request, response) => {
      resume(Effect.fail(`HTTP ${response.statusCode}`))
      response.resume()
      request.destroy()
      socket.terminate()
    })
    socket.on("error", (error) => {
      socket.terminate()
      resume(Effect.fail(error.message))
    })
    return Effect.sync(() => socket.terminate())
  })

/** Dials our side up to `reconnect_attempts` times. Undefined: it could not be reached. */
const dialOut = Effect.fnUntraced(function* (pbx: Pbx, media: MediaLeg) {
  const { mediaAttempts, mediaRetryMs } = pbx.settings
  for (let attempt = 1; attempt <= mediaAttempts; attempt++) {
    if (attempt > 1) yield* Effect.sleep(mediaRetryMs)
    const url = mediaTarget(pbx.mediaUrl ?? "", media.options.uriParameters)
    const outcome = yield* Effect.result(openOnce(pbx, url))
    if (Result.isSuccess(outcome)) return outcome.success
    complain(ownerOf(media), `WebSocket connection '${media.connectionId}' failed: ${outcome.failure}`)
  }
  return undefined
})

const listen = (pbx: Pbx, media: MediaLeg, socket: WebSocket) => {
  const { channel, options, queue } = media
  const headerBytes = media.isServer ? 8 : 4
  const isOurs = () => media.socket === socket && !channel.hangingUp
  socket.on("message", (data, binary) => {
    if (!Buffer.isBuffer(data) || !isOurs()) return
    catchUp(pbx)
    if (data.length + headerBytes > maxMessageBytes) {
      media.socket = undefined
      socket.close(1009)
      complain(ownerOf(media), `chan_websocket: a message of ${data.length} bytes is too large`)
      return end(pbx, media, 38, 1001)
    }
    if (!binary) return obey(pbx, media, data)
    logMessage(media, "audio", String(data.length))
    if (media.direction === "in") return complain(ownerOf(media), "chan_websocket: audio while the direction is 'in'")
    if (options.passthrough) return playAtOnce(pbx, media, data)
    const lostBefore = queue.lostBytes()
    if (!queue.receive(data)) complain(ownerOf(media), "chan_websocket: the queue is full, a message was thrown away")
    const lost = queue.lostBytes() - lostBefore
    if (lost > 0)
      complain(ownerOf(media), `chan_websocket: the last ${lost} bytes of a message are no frame and were lost`)
  })
  socket.on("close", (code) => {
    if (!isOurs()) return
    media.socket = undefined
    // Without a close frame it is an error of the connection.
    if (code === 1006) {
      complain(ownerOf(media), "chan_websocket: the connection broke")
      return end(pbx, media, 38, 1001)
    }
    note(ownerOf(media), `our side closed the media socket with ${code}`)
    return pbx.settings.release.takesTransportData ? end(pbx, media, 16, 1001) : end(pbx, media, 0)
  })
  socket.on("error", () => socket.terminate())
  socket.resume()
}

const end = (pbx: Pbx, { channel }: MediaLeg, cause: number, tech?: number) =>
  hangUp(pbx, channel, tech === undefined ? { cause } : { cause, tech })

/** Pass-through: a message goes to the bridge as it is, without a queue or a clock. */
const playAtOnce = (pbx: Pbx, media: MediaLeg, bytes: Uint8Array) => {
  const people = media.channel.bridge?.channels.flatMap(({ leg }) => leg ?? []) ?? []
  if (people.length === 0) pbx.lostFrames += 1
  const audio = media.toTrunk.convert(bytes)
  for (const { record } of people) record.stream?.playout.play(audio, record.stream.elapsedMs())
}

/** The driver has its socket: it greets, is answered, and enters the application. */
const begin = Effect.fnUntraced(function* (pbx: Pbx, media: MediaLeg, plan: MediaPlan, socket: WebSocket) {
  const { channel, connectionId, format, speaker } = media
  const strike = (fault: Parameters<typeof pbx.panel.strike>[0]) => pbx.panel.strike(fault, "media")
  media.socket = socket
  listen(pbx, media, socket)
  if (strike("media-never-starts") !== undefined) return yield* Effect.never
  const channelId = strike("media-wrong-call") === undefined ? channel.id : `gone-${channel.id}`
  const greet = Effect.sync(() =>
    sendText(media, speaker.start({ connectionId, channelName: channel.name, channelId, format }))
  )
  const { mediaStartAfterMs } = pbx.settings
  if (mediaStartAfterMs === 0) yield* greet
  else pbx.run(Effect.delay(greet, mediaStartAfterMs))
  media.connectedAt = pbx.monotonicMs()
  media.faults = {
    halfOpen: strike("media-half-open"),
    drops: strike("media-drops"),
    flood: strike("media-flood") !== undefined,
    garbage: strike("media-garbage") !== undefined
  }
  media.isStreaming = true
  if (media.options.autoAnswer) yield* Deferred.succeed(media.answered, undefined)
  yield* Deferred.await(media.answered)
  publishDial(pbx, channel, "ANSWER", plan.dialstring)
  answerChannel(pbx, channel)
  if (channel.application === undefined && !enterStasis(pbx, channel, plan.application, plan.args)) {
    complain(ownerOf(media), `Stasis application ${plan.application} is not registered: the media channel was dropped`)
    destroyChannel(pbx, channel, 16)
  }
  if (channel.bridge !== undefined) refreshMedia(pbx, channel.bridge)
  if (!media.isServer && strike("media-twice") !== undefined) {
    const url = mediaTarget(pbx.mediaUrl ?? "", media.options.uriParameters)
    const second = yield* Effect.result(openOnce(pbx, url))
    note(ownerOf(media), `second socket: ${Result.isSuccess(second) ? "opened" : second.failure}`)
    if (Result.isSuccess(second)) {
      second.success.resume()
      second.success.close(1000)
    }
  }
})

/** Lives a media channel from its dialling to its end. */
export const liveMedia = Effect.fnUntraced(function* (pbx: Pbx, media: MediaLeg, plan: MediaPlan) {
  const { channel } = media
  channel.onDestroyed.push(() => {
    media.isStreaming = false
    Deferred.doneUnsafe(media.over, Effect.void)
    const { socket } = media
    media.socket = undefined
    const { guess } = media
    if (guess?.record.media === "opening") guess.record.media = "ended"
    guess?.record.changed()
    if (socket === undefined) return
    if (socket.isPaused) socket.resume()
    socket.close(1000)
  })
  publishDial(pbx, channel, "", plan.dialstring)
  const reach = Effect.gen(function* () {
    if (pbx.panel.strike("media-never-opens", "media") !== undefined) {
      media.neverOpens = true
      const url = mediaTarget(pbx.mediaUrl ?? "", media.options.uriParameters)
      note(
        ownerOf(media),
        media.isServer ? "the media socket is not accepted" : `the media socket is not opened: ${url}`
      )
      return yield* Effect.never
    }
    return yield* media.isServer ? Deferred.await(media.dialled) : dialOut(pbx, media)
  })
  const life = Effect.gen(function* () {
    const socket = yield* Effect.timeoutOrElse(reach, {
      duration: pbx.settings.mediaDialMs,
      orElse: () => Effect.sync((): undefined => failDial(pbx, channel, plan.dialstring, 19))
    })
    if (socket === undefined) return failDial(pbx, channel, plan.dialstring, 3)
    yield* begin(pbx, media, plan, socket)
    yield* Deferred.await(media.over)
  })
  yield* Effect.raceFirst(life, Deferred.await(media.over))
})
