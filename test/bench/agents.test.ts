import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { WebSocketServer } from "ws"
import { kinds } from "../../bench/agents/kinds.ts"
import { journeys } from "../../bench/agents/measure.ts"
import { numberedFrame, numberOf, numberReader } from "../../bench/agents/numbers.ts"
import { doubled, halved } from "../../bench/agents/resampling.ts"
import { Talker } from "../../bench/agents/talker.ts"
import { carriersNamed } from "../../bench/carriers.ts"
import { serveMedia } from "../../bench/mediaServer.ts"
import type { AudioFormat } from "../../src/Audio.ts"
import { converter } from "../../src/audio/converter.ts"

const mulaw: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
const linear: AudioFormat = { encoding: "pcm_s16le", sampleRate: 16000 }
const spoken = 12

describe("numbered audio", () => {
  it("is read again after conversion there and back, however it is cut", () => {
    const numbers = fc.array(fc.nat({ max: 4095 }), { minLength: 1, maxLength: 20 })
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 })
    fc.assert(
      fc.property(numbers, cuts, (said, cuts) => {
        for (const way of [[mulaw], [mulaw, linear], [mulaw, linear, mulaw]]) {
          let audio: Uint8Array = Buffer.concat(said.map((n) => numberedFrame(mulaw, 20, n)))
          for (const [i, to] of way.slice(1).entries()) {
            const { convert, flush } = converter(way[i] ?? mulaw, to)
            audio = Buffer.concat([convert(audio), flush()])
          }
          const found: Array<number> = []
          const read = numberReader(way.at(-1) ?? mulaw, (n) => found.push(n))
          const size = way.at(-1) === linear ? 2 : 1
          for (let at = 0, i = 0; at < audio.length; i++) {
            const end = at + (cuts[i % cuts.length] ?? 1) * size
            read(audio.subarray(at, end))
            at = end
          }
          assert.deepStrictEqual(found, said)
        }
      })
    )
  })

  it("tells how long each frame took, and which never came", () => {
    const said = { a: { numbers: [4095, 0, 1], at: [10, 30, 50] }, b: { numbers: [7], at: [12] } }
    assert.deepStrictEqual(journeys(said, { a: { numbers: [4094, 4095, 1], at: [9, 11, 53] } }), {
      took: [1, 3],
      lost: 2
    })
    assert.strictEqual(numberOf(4097), 1)
  })
})

describe("the conversion of the hand-written proxy", () => {
  it("gives the samples that Switchboard's gives, there and back", () => {
    const double = doubled()
    const halve = halved()
    const there = converter(mulaw, linear)
    const back = converter(linear, mulaw)
    // A change of rate of ours fades in.
    for (const convert of [double, there.convert]) convert(Buffer.alloc(160, 0xff))
    for (const convert of [halve, back.convert]) convert(Buffer.alloc(640))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 160, maxLength: 160 }), (law) => {
        const wide = Buffer.from(there.convert(law))
        assert.deepStrictEqual(double(Buffer.from(law)), wide)
        assert.deepStrictEqual(halve(wide), Buffer.from(back.convert(wide)))
      })
    )
  })
})

/** An agent of a kind in this process; gives its address. */
const agentOf = Effect.fnUntraced(function* (
  { answer, subprotocol }: (typeof kinds)[number],
  on: { readonly ready: () => void; readonly audio: (bytes: Uint8Array) => void }
) {
  const server = yield* Effect.acquireRelease(
    Effect.callback<WebSocketServer>((resume) => {
      const started = new WebSocketServer({
        host: "127.0.0.1",
        port: 0,
        perMessageDeflate: false,
        handleProtocols: () => subprotocol ?? false
      })
      started.on("listening", () => resume(Effect.succeed(started)))
    }),
    (open) =>
      Effect.sync(() => {
        for (const client of open.clients) client.terminate()
        open.close()
      })
  )
  server.on("connection", (socket) => answer(socket, on))
  const address = server.address()
  return `ws://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
})

const cases = kinds.flatMap((kind) =>
  [mulaw, linear].filter(kind.takes).map((format) => ({ name: `${kind.spec.name}, ${format.encoding}`, kind, format }))
)

describe("the bench's agents", () => {
  it.live.each(cases)("hear and answer through Switchboard: $name", ({ format, kind }) =>
    Effect.gen(function* () {
      const heard: Array<number> = []
      let isReady = false
      const agentUrl = yield* agentOf(kind, {
        ready: () => (isReady = true),
        audio: numberReader(format, (number) => heard.push(number))
      })
      const [carrier] = yield* carriersNamed("twilio")
      if (carrier === undefined) return yield* Effect.die("no carrier")
      const port = yield* serveMedia(carrier.spec, { spec: kind.spec, settings: () => kind.settings(agentUrl, format) })
      const said: Array<number> = []
      const roundTrips: Array<number> = []
      const talker = new Talker(`ws://127.0.0.1:${port}`, carrier.mediaStream(), {
        said: (_, number) => said.push(number),
        echoed: (ms) => roundTrips.push(ms)
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => talker.open()),
        () => Effect.sync(() => talker.ws.terminate())
      )
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => isReady })
      // What the converters still hold back comes with a frame more.
      for (let frames = 0; frames < spoken + 2; frames++) {
        talker.speak()
        yield* Effect.sleep(talker.frameMs)
      }
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => roundTrips.length >= spoken })
      assert.deepStrictEqual(heard.slice(0, spoken), said.slice(0, spoken))
      assert.deepStrictEqual(talker.complaints, [])
    }).pipe(Effect.scoped)
  )
})
