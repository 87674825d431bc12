import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Queue, Stream } from "effect"
import type { MediaEvent } from "../../src/Transport.ts"
import { Pacer } from "../../src/transport/pacer.ts"
import { dial, loopback, until } from "./support/loopback.ts"
import { keeping, listen, live, reasonOf } from "./support/outcomes.ts"
import { start, stop } from "./support/protocol.ts"
import { frame, rig, speech } from "./support/rig.ts"

describe("the handshake", () => {
  it.live("that does not come in time ends with 4408", () =>
    Effect.gen(function* () {
      const { url, exits } = yield* loopback({ handler: listen, handshakeTimeout: "40 millis" })
      const peer = yield* dial(url)
      assert.deepStrictEqual(yield* peer.closed, [4408, "handshake timeout"])
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["handshake-timeout", 4408])
    }).pipe(live)
  )

  it.live("that names another call or account is refused with 4404 or 4401", () =>
    Effect.gen(function* () {
      const { url, exits } = yield* loopback({ handler: listen })
      for (const [call, account, code] of [
        ["call-2", "account-1", 4404],
        ["call-1", "account-2", 4401]
      ] as const) {
        const peer = yield* dial(url)
        peer.ws.send(start(call, account))
        assert.deepStrictEqual(yield* peer.closed, [code, "wrong call"])
        assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["wrong-call", code])
      }
    }).pipe(live)
  )

  it.live("is believed where we do not know the carrier's ids yet", () =>
    Effect.gen(function* () {
      const call = { callId: "ours-1", providerCallId: undefined, accountId: undefined }
      const kept = keeping()
      const { url } = yield* loopback({ handler: kept.handler, call })
      const peer = yield* dial(url)
      peer.ws.send(start("call-9"))
      yield* until(() => kept.transports.length === 1)
      assert.strictEqual(kept.transports[0]?.info.providerCallId, "call-9")
    }).pipe(live)
  )

  it.live("cannot be completed twice, and audio before it is thrown away", () =>
    Effect.gen(function* () {
      const kept = keeping()
      const { url } = yield* loopback({ handler: kept.handler })
      const peer = yield* dial(url)
      peer.ws.send(frame(1))
      peer.ws.send(start())
      peer.ws.send(start("call-7"))
      peer.ws.send(frame(2))
      yield* until(() => kept.events.length === 1)
      assert.deepStrictEqual(kept.events, [{ _tag: "Audio", chunk: Buffer.from(frame(2)) }])
      assert.strictEqual(kept.transports[0]?.info.providerCallId, "call-1")
    }).pipe(live)
  )

  it.live("of a peer that leaves before it ends with closed", () =>
    Effect.gen(function* () {
      const { url, exits } = yield* loopback({ handler: listen })
      const peer = yield* dial(url)
      peer.ws.terminate()
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["closed", 1006])
    }).pipe(live)
  )
})

describe("an open stream", () => {
  it.live("echoes audio in order, and ends in good order when the carrier stops it", () =>
    Effect.gen(function* () {
      const { url, exits } = yield* loopback({
        handler: (transport) =>
          transport.receive((event) => {
            if (event._tag === "Audio") transport.playUnsafe(event.chunk)
          })
      })
      const peer = yield* dial(url)
      peer.ws.send(start())
      for (let i = 0; i < 10; i++) peer.ws.send(frame(i))
      yield* until(() => peer.messages.length === 10)
      assert.deepStrictEqual(
        peer.messages.map(({ data }) => data[0]),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
      )
      peer.ws.send(stop)
      assert.deepStrictEqual(yield* peer.closed, [1000, ""])
      assert.isTrue(Exit.isSuccess(yield* Queue.take(exits)))
    }).pipe(live)
  )

  it.live("keeps the last two seconds that came before it is read, and every digit", () =>
    Effect.gen(function* () {
      const kept = keeping()
      const { url } = yield* loopback({
        handler: (transport) =>
          Effect.sync(() => void kept.transports.push(transport)).pipe(Effect.andThen(Effect.never))
      })
      const peer = yield* dial(url)
      peer.ws.send(start())
      peer.ws.send(JSON.stringify({ e: "digit", digit: "5" }))
      for (let i = 0; i < 120; i++) peer.ws.send(frame(i))
      yield* until(() => kept.transports.length === 1)
      const [transport] = kept.transports
      if (transport === undefined) return assert.fail("no transport")
      const pong = Effect.callback<void>((resume) => peer.ws.once("pong", () => resume(Effect.void)).ping())
      yield* pong
      const events: Array<MediaEvent> = []
      yield* Effect.forkScoped(
        transport.receive((event) => void events.push(event)),
        { startImmediately: true }
      )
      assert.deepStrictEqual(
        events.map((event) => (event._tag === "Audio" ? event.chunk[0] : event._tag)),
        ["Digit", ...Array.from({ length: 100 }, (_, i) => 20 + i)]
      )
    }).pipe(live)
  )

  it.live("can be read as a stream that ends with the media", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const { url, exits } = yield* loopback({
        handler: (transport) =>
          transport.incoming.pipe(
            Stream.runForEach((event) =>
              Effect.sync(() => {
                heard.push(event._tag === "Digit" ? event.digit : event._tag)
              })
            )
          )
      })
      const peer = yield* dial(url)
      peer.ws.send(start())
      peer.ws.send(frame())
      peer.ws.send(JSON.stringify({ e: "digit", digit: "7" }))
      peer.ws.send(JSON.stringify({ e: "noise" }))
      yield* until(() => heard.length === 2)
      peer.ws.send(frame())
      peer.ws.send(stop)
      assert.isTrue(Exit.isSuccess(yield* Queue.take(exits)))
      assert.deepStrictEqual(heard, ["Audio", "7", "Audio", "Stopped"])
    }).pipe(live)
  )

  it.live("ends in good order when the carrier closes with 1000, and fails when it is cut off", () =>
    Effect.gen(function* () {
      const kept = keeping()
      const { url, exits } = yield* loopback({ handler: kept.handler })
      const orderly = yield* dial(url)
      orderly.ws.send(start())
      yield* until(() => kept.transports.length === 1)
      orderly.ws.close(1000)
      assert.isTrue(Exit.isSuccess(yield* Queue.take(exits)))
      const abrupt = yield* dial(url)
      abrupt.ws.send(start())
      yield* until(() => kept.transports.length === 2)
      abrupt.ws.terminate()
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["closed", 1006])
    }).pipe(live)
  )

  it.live("closed during playback lets everyone who waits go on", () =>
    Effect.gen(function* () {
      const kept = keeping()
      const { url, exits } = yield* loopback({ handler: kept.handler })
      const peer = yield* dial(url)
      peer.ws.send(start())
      yield* until(() => kept.transports.length === 1)
      const [transport] = kept.transports
      if (transport === undefined) return assert.fail("no transport")
      transport.playUnsafe(speech(3000))
      const playing = yield* Effect.forkScoped(transport.play(speech(3000)), { startImmediately: true })
      const draining = yield* Effect.forkScoped(transport.drained, { startImmediately: true })
      yield* until(() => peer.messages.length >= 10)
      peer.ws.terminate()
      yield* Fiber.join(playing)
      yield* Fiber.join(draining)
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["closed", 1006])
      assert.isTrue(transport.playUnsafe(frame()))
      yield* transport.mark("late")
      yield* transport.play(speech(1))
      const pacer = yield* Pacer
      assert.deepStrictEqual(pacer.counts(), { ...pacer.counts(), registered: 0, awake: 0, timers: 0 })
    }).pipe(live)
  )

  it.live("closes with 1000, 1001 or 1011 by how its scope ends", () =>
    Effect.gen(function* () {
      for (const [end, code] of [
        [Effect.void, 1000],
        [Effect.interrupt, 1001],
        [Effect.die("defect"), 1011]
      ] as const) {
        const { url } = yield* loopback({ handler: () => end })
        const peer = yield* dial(url)
        peer.ws.send(start())
        assert.strictEqual((yield* peer.closed)[0], code)
      }
    }).pipe(live)
  )

  it.live("is closed by us with the code that we choose", () =>
    Effect.gen(function* () {
      const { url, exits } = yield* loopback({
        handler: (transport) =>
          Effect.andThen(
            transport.close(4000, `x${"é".repeat(200)}`),
            transport.receive(() => {})
          )
      })
      const peer = yield* dial(url)
      peer.ws.send(start())
      assert.deepStrictEqual(yield* peer.closed, [4000, `x${"é".repeat(59)}`])
      assert.isTrue(Exit.isSuccess(yield* Queue.take(exits)))
    }).pipe(live)
  )

  it.live("is closed with 1000 where a code cannot be sent", () =>
    Effect.gen(function* () {
      for (const code of [1006, 42, 5000]) {
        const { url } = yield* loopback({ handler: (transport) => transport.close(code, "") })
        const peer = yield* dial(url)
        peer.ws.send(start())
        assert.deepStrictEqual(yield* peer.closed, [1000, ""])
      }
    }).pipe(live)
  )

  it.effect("closes a socket that nobody else closes, and leaves the pacer", () =>
    Effect.gen(function* () {
      const { pacer, socket } = yield* Effect.scoped(rig())
      assert.deepStrictEqual(socket.closedWith, [1000, ""])
      assert.strictEqual(pacer.counts().registered, 0)
    })
  )

  it.live("whose reader has a defect ends alone, with 1011", () =>
    Effect.gen(function* () {
      const { url, exits } = yield* loopback({
        handler: (transport) => transport.receive((event) => void (event._tag === "Digit" && JSON.parse("{")))
      })
      const good = yield* dial(url)
      good.ws.send(start())
      const bad = yield* dial(url)
      bad.ws.send(start())
      bad.ws.send(JSON.stringify({ e: "digit", digit: "1" }))
      assert.strictEqual((yield* bad.closed)[0], 1011)
      const exit = yield* Queue.take(exits)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(good.ws.readyState, good.ws.OPEN)
    }).pipe(live)
  )
})
