import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import type { FaultName, FaultOptions } from "../../../../src/simulator/Faults.ts"
import { eventually, gateway, join, storyOf, type Received } from "./gateway.ts"

const calling = Effect.fnUntraced(function* (fault: FaultName, options: FaultOptions = {}) {
  const ours = yield* gateway({ mediaRetryMs: 20 })
  yield* ours.connect()
  yield* ours.asterisk.faults.on(fault, options)
  const call = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
  return { ours, call }
})

const mediaOf = Effect.fnUntraced(function* (fault: FaultName, options?: FaultOptions) {
  const { call, ours } = yield* calling(fault, options)
  yield* ours.event("StasisStart", call.id)
  return { call, ours, ...(yield* join(ours, call.id)) }
})

describe("faults of events", () => {
  /** A call from its start to its end; what came of it over the events socket. */
  const storyUnder = Effect.fnUntraced(function* (fault: FaultName, options?: FaultOptions) {
    const { call, ours } = yield* calling(fault, options)
    yield* ours.event("StasisStart", call.id)
    yield* ours.rest("POST", `channels/${call.id}/answer`)
    yield* call.hangUp
    const { callbacks } = yield* call.settled
    const sent = callbacks.filter(({ lost, status }) => !lost && status === 200).length
    yield* eventually(() => (storyOf(ours.events, call.id).length >= sent ? true : undefined))
    return { story: storyOf(ours.events, call.id), callbacks }
  }, Effect.scoped)

  const whole = ["ChannelCreated", "StasisStart", "State Up", "ChannelHangupRequest", "StasisEnd", "ChannelDestroyed"]

  it.effect("duplicated, reordered, late, lost: all but the one that announces the call", () =>
    Effect.gen(function* () {
      const twice = whole.flatMap((type) => (type === "StasisStart" ? [type] : [type, type]))
      assert.deepStrictEqual((yield* storyUnder("callbacks-duplicated")).story, twice)
      assert.deepStrictEqual((yield* storyUnder("callbacks-reordered")).story, [
        "StasisStart",
        "ChannelCreated",
        "ChannelHangupRequest",
        "State Up",
        "ChannelDestroyed",
        "StasisEnd"
      ])
      const late = yield* storyUnder("callbacks-late", { delayMs: 100, only: /StateChange/ })
      assert.deepStrictEqual([late.story.at(-1), late.story.length], ["State Up", 6])
      const lost = yield* storyUnder("callbacks-lost")
      assert.deepStrictEqual(lost.story, ["StasisStart"])
      assert.lengthOf(
        lost.callbacks.filter((sent) => sent.lost),
        5
      )
      assert.deepStrictEqual(
        (yield* storyUnder("webhook-duplicated")).story.filter((type) => type === "StasisStart"),
        ["StasisStart", "StasisStart"]
      )
      assert.deepStrictEqual((yield* storyUnder("signature-wrong")).story, whole)
    })
  )

  it.effect("lose the announcement too, when they are to", () =>
    Effect.gen(function* () {
      const { call, ours } = yield* calling("events-lost", { only: /^voice$/ })
      yield* ours.event("ChannelCreated", call.id)
      const listed = yield* ours.rest("GET", `channels/${call.id}`)
      assert.deepInclude(listed.body, { id: call.id, state: "Ring" })
      assert.deepStrictEqual(storyOf(ours.events, call.id), ["ChannelCreated"])
    }).pipe(Effect.scoped)
  )

  it.effect("cut the socket, close it at once, or leave it half-open", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      const { faults } = ours.asterisk
      const place = ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
      const cut = yield* ours.connect()
      yield* faults.on("events-dropped", { times: 1 })
      yield* place
      assert.strictEqual(yield* eventually(() => cut.closed), 1006)

      yield* faults.on("events-closed-at-once", { times: 1 })
      const brief = yield* ours.connect()
      assert.strictEqual(yield* eventually(() => brief.closed), 1001)

      yield* faults.on("events-half-open", { afterMs: 0, times: 1 })
      const into: Array<Received> = []
      const { socket } = yield* ours.connect({ into })
      const call = yield* Effect.repeat(place, {
        until: (placed) => Effect.map(placed.now, (now) => now.callbacks.some(({ failure }) => failure !== undefined))
      })
      let pongs = 0
      socket.on("pong", () => (pongs += 1))
      socket.ping()
      yield* call.hangUp
      yield* call.settled
      yield* ours.rest("GET", "asterisk/ping")
      assert.strictEqual(pongs, 0)
      assert.isFalse(into.some(({ type }) => type === "ChannelHangupRequest"))
      assert.strictEqual(socket.readyState, socket.OPEN)
    }).pipe(Effect.scoped)
  )
})

describe("faults of the media socket", () => {
  it.effect("never starts, names a wrong call, comes twice", () =>
    Effect.gen(function* () {
      const silent = yield* calling("media-never-starts")
      yield* silent.ours.event("StasisStart", silent.call.id)
      yield* silent.ours.rest("POST", "channels/externalMedia", {
        app: silent.ours.application,
        external_host: "gateway_media",
        transport: "websocket",
        encapsulation: "none",
        format: "ulaw",
        channelId: "gw-m"
      })
      const media = yield* eventually(() => silent.ours.media[0])
      media.socket.close()
      yield* silent.ours.event("ChannelDestroyed", "gw-m")
      assert.deepStrictEqual(media.texts, [])
      assert.notInclude(storyOf(silent.ours.events, "gw-m"), "StasisStart")

      const wrong = yield* mediaOf("media-wrong-call")
      assert.include(wrong.media.texts[0], '"channel_id":"gone-')

      const twice = yield* calling("media-twice")
      yield* twice.ours.event("StasisStart", twice.call.id)
      yield* join(twice.ours, twice.call.id)
      const { notes } = yield* twice.call.until((now) => now.notes.length > 0)
      assert.deepStrictEqual(notes, ["second socket: opened"])
      assert.lengthOf(twice.ours.media, 2)
    }).pipe(Effect.scoped)
  )

  it.effect("dies half-open, drops, floods, and talks nonsense", () =>
    Effect.gen(function* () {
      const half = yield* mediaOf("media-half-open", { afterMs: 100 })
      yield* half.call.until((now) => now.errors.length > 0)
      let ponged = false
      half.media.socket.on("pong", () => (ponged = true)).ping()
      const flood = yield* mediaOf("media-flood")
      yield* eventually(() => (flood.media.audio.length >= 500 ? true : undefined))
      assert.isBelow((yield* flood.call.now).heard.timeline.length, 160 * 400)
      assert.isFalse(ponged)
      assert.strictEqual(half.media.socket.readyState, half.media.socket.OPEN)

      const drops = yield* mediaOf("media-drops", { afterMs: 50 })
      assert.deepInclude(yield* drops.ours.event("ChannelDestroyed", drops.mediaId), { cause: 38, tech_cause: 1001 })
      assert.strictEqual(yield* eventually(() => drops.media.closed), 1006)

      const nonsense = yield* mediaOf("media-garbage")
      yield* eventually(() => (nonsense.media.texts.includes("{") ? true : undefined))
      yield* eventually(() => (nonsense.media.audio.length > 3 ? true : undefined))
      assert.isTrue(nonsense.media.audio.every(({ length }) => length === 160))
    }).pipe(Effect.scoped)
  )
})

describe("faults of the REST interface", () => {
  it.effect("acts and keeps silent, throttles, breaks", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      const { faults } = ours.asterisk
      yield* faults.on("rest-silent", { only: /^POST \/ari\/bridges/ })
      const silent = yield* Effect.forkChild(ours.rest("POST", "bridges/b1"))
      yield* Effect.repeat(ours.rest("GET", "bridges/b1"), { until: ({ status }) => status === 200 })
      yield* Fiber.interrupt(silent)
      yield* faults.on("rest-throttled", { times: 1, retryAfterSeconds: 3 })
      const throttled = yield* ours.rest("GET", "bridges", { type: "x" })
      assert.deepStrictEqual([throttled.status, throttled.headers.get("retry-after")], [429, "3"])
      yield* faults.on("rest-broken", { times: 1 })
      assert.strictEqual((yield* ours.rest("DELETE", "bridges/b1")).status, 500)
      assert.strictEqual((yield* ours.rest("DELETE", "bridges/b1")).status, 204)
      const exchanges = yield* ours.asterisk.restExchanges
      assert.deepInclude(exchanges.at(-3), { path: "/ari/bridges", query: [["type", "x"]], status: 429 })
    }).pipe(Effect.scoped)
  )
})

describe("the end of a fake Asterisk", () => {
  it.effect("closes every socket and its port", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const ours = yield* gateway({}, scope)
      const events = yield* ours.connect()
      const call = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
      yield* ours.event("StasisStart", call.id)
      const { media } = yield* join(ours, call.id)
      yield* Scope.close(scope, Exit.void)
      yield* eventually(() => events.closed)
      yield* eventually(() => media.closed)
      const reached = yield* Effect.exit(Effect.tryPromise(() => fetch(`${ours.asterisk.baseUrl}/ari/asterisk/ping`)))
      assert.isTrue(Exit.isFailure(reached))
    }).pipe(Effect.scoped)
  )

  it.effect("forgets settled calls, and loses everything in a restart", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      const events = yield* ours.connect()
      const over = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
      yield* over.hangUp
      yield* over.settled
      const call = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
      yield* ours.event("StasisStart", call.id)
      yield* ours.asterisk.forget
      assert.deepStrictEqual(
        (yield* ours.asterisk.calls).map(({ id }) => id),
        [call.id]
      )
      assert.deepStrictEqual(yield* ours.asterisk.restExchanges, [])
      const { media } = yield* join(ours, call.id)
      const before = ours.events.length
      yield* ours.asterisk.restart
      yield* call.settled
      yield* eventually(() => events.closed)
      yield* eventually(() => media.closed)
      assert.lengthOf(ours.events, before)
      assert.deepStrictEqual(yield* ours.asterisk.state, { channels: [], bridges: [], applications: [], lostFrames: 0 })
      assert.strictEqual((yield* ours.rest("GET", "channels")).text, "[]")
    }).pipe(Effect.scoped)
  )
})
