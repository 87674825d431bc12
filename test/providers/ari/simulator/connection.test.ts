import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WebSocket } from "ws"
import { eventually, gateway, type Gateway, join, type Media, storyOf, takeMedia } from "./gateway.ts"

const mediaQuery = (ours: Gateway, more: Readonly<Record<string, string>> = {}) => ({
  app: ours.application,
  channelId: "gw-m",
  external_host: "gateway_media",
  transport: "websocket",
  encapsulation: "none",
  format: "ulaw",
  data: "media,one",
  ...more
})

const ring = Effect.fnUntraced(function* (ours: Gateway) {
  yield* ours.connect()
  const call = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
  yield* ours.event("StasisStart", call.id)
  return call
})

/** Dials a media address of the fake, as we do in server mode: the status of the answer, and the socket when it is 101. */
const dialMedia = (ours: Gateway, id: string, protocols = ["media"]) =>
  Effect.callback<{ readonly status: number; readonly media: Media | undefined }>((resume) => {
    const target = `/media/${id}`
    const socket = new WebSocket(ours.asterisk.baseUrl.replace("http", "ws") + target, protocols)
    const media: Media = { socket, target, headers: {}, texts: [], audio: [], closed: undefined }
    takeMedia(media, () => {})
    socket.on("open", () => resume(Effect.succeed({ status: 101, media })))
    socket.on("unexpected-response", (_request, { statusCode = 0 }) =>
      resume(Effect.succeed({ status: statusCode, media: undefined }))
    )
  })

describe("a media channel that dials us", () => {
  it.effect("tries four times when it is refused, then ends with 3 and without StasisStart", () =>
    Effect.gen(function* () {
      const ours = yield* gateway({ mediaRetryMs: 20, mediaLogin: { username: "u", password: "p" } })
      const call = yield* ring(ours)
      const tries: Array<string> = []
      ours.refuse = (target) => {
        tries.push(target)
        return 401
      }
      yield* ours.rest("POST", "channels/externalMedia", mediaQuery(ours))
      const destroyed = yield* ours.event("ChannelDestroyed", "gw-m")
      assert.deepInclude(destroyed, { cause: 3, cause_txt: "No route to destination" })
      assert.deepStrictEqual(
        tries,
        Array.from({ length: 4 }, () => "/telephony/ws")
      )
      assert.deepStrictEqual(storyOf(ours.events, "gw-m"), [
        "ChannelCreated",
        "Dial",
        "Dial CHANUNAVAIL",
        "ChannelDestroyed"
      ])
      const now = yield* call.now
      assert.deepStrictEqual(now.errors, ["WebSocket connection 'gateway_media' failed: HTTP 401"])
      assert.deepInclude(now, { media: "ended", state: "ringing" })

      ours.refuse = () => (tries.push("again") < 6 ? 503 : undefined)
      yield* join(ours, call.id)
      assert.strictEqual(ours.media[0]?.headers.authorization, `Basic ${Buffer.from("u:p").toString("base64")}`)
    }).pipe(Effect.scoped)
  )

  it.effect("does not take a reply that speaks of extensions", () =>
    Effect.gen(function* () {
      const ours = yield* gateway({ mediaAttempts: 1 })
      const call = yield* ring(ours)
      yield* ours.asterisk.setMediaUrl(`${ours.mediaUrl}/extended`)
      yield* ours.rest("POST", "channels/externalMedia", mediaQuery(ours))
      yield* ours.event("ChannelDestroyed", "gw-m")
      assert.match((yield* call.now).errors[0] ?? "", /Sec-WebSocket-Extensions/)
    }).pipe(Effect.scoped)
  )

  it.effect("is answered by us when it was dialled with n", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ring(ours)
      yield* ours.rest("POST", "channels/externalMedia", mediaQuery(ours, { transport_data: "nf(json)" }))
      const media = yield* eventually(() => ours.media.find(({ texts }) => texts.length > 0))
      assert.notInclude(storyOf(ours.events, "gw-m"), "StasisStart")
      media.socket.send('{"command":"ANSWER"}')
      assert.deepStrictEqual((yield* ours.event("StasisStart", "gw-m"))["args"], ["media", "one"])
    }).pipe(Effect.scoped)
  )
})

describe("an old release", () => {
  it.effect("ignores transport_data, and names no channel; the same options go through originate", () =>
    Effect.gen(function* () {
      const ours = yield* gateway({ version: "20.16.0", mediaStartAfterMs: 50 })
      yield* ring(ours)
      const made = yield* ours.rest(
        "POST",
        "channels/externalMedia",
        mediaQuery(ours, { transport_data: "f(json)v(call=1,token=2)" })
      )
      assert.strictEqual(made.status, 200)
      yield* ours.event("StasisStart", "gw-m")
      const media = ours.media[0] ?? assert.fail("no media socket")
      assert.strictEqual(media.target, "/telephony/ws")
      const [start] = yield* eventually(() => (media.texts.length > 0 ? media.texts : undefined))
      assert.match(
        start ?? "",
        /^MEDIA_START connection_id:gateway_media channel:\S+ format:ulaw optimal_frame_size:160/
      )
      media.socket.close()
      const destroyed = yield* ours.event("ChannelDestroyed", "gw-m")
      assert.deepInclude(destroyed, { cause: 0, cause_txt: "Unknown" })
      assert.isUndefined(destroyed["tech_cause"])

      const other = yield* ours.rest("POST", "channels/gw-n", {
        app: ours.application,
        appArgs: "media,two",
        formats: "ulaw",
        endpoint: "WebSocket/gateway_media/c(ulaw)v(call=1,token=2)"
      })
      assert.strictEqual(other.status, 200)
      assert.deepStrictEqual((yield* ours.event("StasisStart", "gw-n"))["args"], ["media", "two"])
      assert.strictEqual(ours.media[1]?.target, "/telephony/ws?call=1&token=2")
    }).pipe(Effect.scoped)
  )
})

describe("a media channel that we dial", () => {
  const server = { connection_type: "server", external_host: "INCOMING", transport_data: "f(json)" }

  it.effect("is found by its connection id, once", () =>
    Effect.gen(function* () {
      const ours = yield* gateway({ mediaMode: "server" })
      assert.strictEqual(ours.asterisk.credentials["media_mode"], "server")
      yield* ring(ours)
      const made = yield* ours.rest("POST", "channels/externalMedia", mediaQuery(ours, server))
      assert.match(String(made.body["name"]), /^WebSocket\/INCOMING\/0x/)
      const id = /"MEDIA_WEBSOCKET_CONNECTION_ID":"([0-9a-f-]{36})"/.exec(made.text)?.[1] ?? ""
      assert.strictEqual((yield* dialMedia(ours, "00000000-0000-0000-0000-000000000000")).status, 404)
      assert.strictEqual((yield* dialMedia(ours, id, ["dance"])).status, 400)
      const { media } = yield* dialMedia(ours, id)
      yield* ours.event("StasisStart", "gw-m")
      yield* eventually(() => media?.texts[0])
      assert.include(media?.texts[0], `"connection_id":"${id}"`)
      assert.strictEqual((yield* dialMedia(ours, id)).status, 409)
      yield* ours.rest("DELETE", "channels/gw-m")
      assert.strictEqual(yield* eventually(() => media?.closed), 1000)
      yield* ours.event("ChannelDestroyed", "gw-m")
      assert.strictEqual((yield* dialMedia(ours, id)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("ends with 19 when nobody dials it", () =>
    Effect.gen(function* () {
      const ours = yield* gateway({ mediaDialMs: 50 })
      yield* ring(ours)
      yield* ours.rest("POST", "channels/externalMedia", mediaQuery(ours, server))
      assert.deepInclude(yield* ours.event("ChannelDestroyed", "gw-m"), { cause: 19 })
    }).pipe(Effect.scoped)
  )
})
