import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { AgentEnvironment } from "../../src/agents/AgentEnvironment.ts"
import * as Echo from "../../src/agents/echo.ts"
import { converter } from "../../src/audio/converter.ts"
import { frame, rig } from "../transport/support/rig.ts"
import { fakeTransport, mulaw8 } from "./support/fakeTransport.ts"
import { loopbackEnvironment, memoryLine, someCall, until } from "./support/legs.ts"

const start = Effect.fnUntraced(function* (media: Effect.Success<ReturnType<typeof fakeTransport>>) {
  const { events, line } = memoryLine()
  const leg = yield* Echo.spec
    .connect(someCall, Redacted.make({}))
    .pipe(Effect.provideService(AgentEnvironment, loopbackEnvironment))
  const running = yield* Effect.forkScoped(leg.run(media.transport, line))
  yield* until(media.isHeard)
  return { events, running, leg }
})

describe("the echo agent", () => {
  it.live("plays back in the same turn, byte for byte, where the formats match", () =>
    Effect.gen(function* () {
      const media = yield* fakeTransport()
      yield* start(media)
      const chunk = Uint8Array.from({ length: 160 }, (_, i) => (i * 7) % 256)
      media.emit({ _tag: "Audio", chunk })
      assert.strictEqual(media.played()[0], chunk)
    })
  )

  it.live("converts where the carrier takes another format than it sends", () =>
    Effect.gen(function* () {
      const outgoing = { encoding: "pcm_s16le", sampleRate: 16000 } as const
      const media = yield* fakeTransport({ format: mulaw8, outgoing })
      yield* start(media)
      const chunks = [new Uint8Array(160).fill(0x10), new Uint8Array(161).fill(0x90)]
      for (const chunk of chunks) media.emit({ _tag: "Audio", chunk })
      const { convert } = converter(mulaw8, outgoing)
      assert.deepStrictEqual(Buffer.from(media.bytes()), Buffer.concat(chunks.map(convert)))
    })
  )

  it.live("notes the keys, and ends with the media", () =>
    Effect.gen(function* () {
      const media = yield* fakeTransport()
      const { events, leg, running } = yield* start(media)
      media.emit({ _tag: "Digit", digit: "4" })
      media.emit({ _tag: "Digit", digit: "2" })
      yield* media.stop
      assert.deepStrictEqual(yield* Fiber.join(running), { _tag: "MediaEnded" })
      assert.deepStrictEqual(events, [
        { kind: "digit", details: { digit: "4" } },
        { kind: "digit", details: { digit: "2" } }
      ])
      yield* leg.ended({ reason: "caller_hung_up", owner: "caller" })
    })
  )

  /** A call whose caller's audio stops for a while, then comes all at once, then goes on; gives how late its echo is, ms. */
  const afterStall = Effect.fnUntraced(function* (stallMs: number) {
    const { clock, socket, transport } = yield* rig()
    const leg = yield* Echo.spec
      .connect(someCall, Redacted.make({}))
      .pipe(Effect.provideService(AgentEnvironment, loopbackEnvironment))
    yield* Effect.forkScoped(leg.run(transport, memoryLine().line), { startImmediately: true })
    const speak = (frames: number) => {
      for (let n = 0; n < frames; n++) {
        socket.audio(frame(0xf0))
        clock.advance(20)
      }
    }
    speak(50)
    clock.advance(stallMs)
    for (let n = 0; n < stallMs / 20; n++) socket.audio(frame(0xf0))
    speak(150)
    const { heardMs, queuedMs } = yield* transport.playout
    return { lateMs: queuedMs - heardMs, clears: socket.controls.filter((text) => text.includes("clear")).length }
  })

  it.effect("skips to the present when it stays more than a second behind, and not for less", () =>
    Effect.gen(function* () {
      const short = yield* afterStall(1000)
      assert.strictEqual(short.clears, 0)
      assert.isAtMost(short.lateMs, 1000)
      const long = yield* afterStall(2000)
      assert.strictEqual(long.clears, 1)
      assert.isAtMost(long.lateMs, 40)
    })
  )
})
