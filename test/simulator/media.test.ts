import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { SimulatedCall } from "../../src/simulator/SimulatorModule.ts"
import { connectStream, service, xml, type Service } from "./service.ts"

const from = "+442071838750"
const to = "+14155550123"
const audio = (ms: number, value = 5) => Buffer.alloc(ms * 8, value).toString("base64")

/** A call whose stream is up, and the means to speak to it. */
const streaming = Effect.fnUntraced(function* (markup?: (ours: Service) => ReturnType<typeof xml>) {
  const carrier = yield* simulator.start({ jitterMs: 0 })
  const ours = yield* service
  ours.answer = () => (markup ?? connectStream)(ours)
  const call: SimulatedCall = yield* carrier.placeInbound({ from, to, webhook: `${ours.url}/voice` })
  yield* call.until((now) => now.media === "streaming")
  yield* call.until(() => ours.messages.length > 2)
  const streamSid = /"streamSid":"(MZ[0-9a-f]{32})"/.exec(JSON.stringify(ours.messages[1]))?.[1]
  const raw = (text: string | Uint8Array) => ours.sockets[0]?.send(text)
  const send = (event: string, body: object = {}) => raw(JSON.stringify({ event, streamSid, ...body }))
  const marks = () =>
    ours.messages.flatMap((message) => /"mark":\{"name":"([^"]+)"/.exec(JSON.stringify(message))?.[1] ?? [])
  return { call, marks, ours, raw, send }
})

const oneWay = ({ url }: Service) =>
  xml(`<Start><Stream url="${url.replace("http", "ws")}/listen"/></Start><Pause length="30"/>`)

describe("the media stream", () => {
  it.effect("returns marks when the audio before them was heard, and all at once on clear", () =>
    Effect.gen(function* () {
      const { call, marks, send } = yield* streaming()
      send("mark", { mark: { name: "nothing-before" } })
      send("media", { media: { payload: audio(200, 1) } })
      send("mark", { mark: { name: "after-200" } })
      send("media", { media: { payload: audio(60_000, 2) } })
      send("mark", { mark: { name: "never-heard" } })
      yield* call.until(() => marks().includes("nothing-before"))
      assert.notInclude(marks(), "after-200")
      const heard = yield* call.until(() => marks().includes("after-200"))
      assert.isAtLeast(heard.heard.played.length, 1600)
      assert.notInclude(marks(), "never-heard")
      send("clear")
      const cleared = yield* call.until(() => marks().includes("never-heard"))
      const { played } = cleared.heard
      assert.isBelow(played.length, 8 * 5_000)
      assert.isTrue(played.subarray(1600).every((value) => value === 2))
      send("media", { media: { payload: audio(100, 3) } })
      const after = yield* call.until((now) => now.heard.played.at(-1) === 3 && now.heard.spans.at(-1) !== undefined)
      assert.strictEqual(after.heard.played.indexOf(3), played.length)
      assert.deepStrictEqual(
        after.mediaMessages.map(({ kind }) => kind),
        ["mark", "audio", "mark", "audio", "mark", "clear", "audio"]
      )
      assert.deepStrictEqual(marks(), ["nothing-before", "after-200", "never-heard"])
    }).pipe(Effect.scoped)
  )

  it.effect("ignores invalid messages and says so once", () =>
    Effect.gen(function* () {
      const { call, raw, send } = yield* streaming()
      raw("{broken")
      raw(Uint8Array.of(1, 2, 3))
      send("dance")
      send("media", { media: { payload: audio(20), extra: 1 } })
      raw(JSON.stringify({ event: "clear", streamSid: "MZwrong" }))
      send("mark", { mark: {} })
      const now = yield* call.until(({ mediaMessages }) => mediaMessages.length === 6)
      assert.isTrue(now.mediaMessages.every(({ kind }) => kind === "invalid"))
      assert.deepStrictEqual(
        now.errors.map((error) => error.slice(0, 5)),
        ["31950", "31951"]
      )
      assert.strictEqual(now.state, "in-progress")
      assert.lengthOf(now.heard.played, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("keeps ten minutes and no more", () =>
    Effect.gen(function* () {
      const { call, send } = yield* streaming()
      for (let minute = 0; minute < 11; minute++) send("media", { media: { payload: audio(60_000) } })
      const now = yield* call.until(({ errors }) => errors.length > 0)
      assert.match(now.errors[0] ?? "", /^31931/)
    }).pipe(Effect.scoped)
  )

  it.effect("takes nothing on a stream that only listens", () =>
    Effect.gen(function* () {
      const { call, send } = yield* streaming(oneWay)
      send("media", { media: { payload: audio(20) } })
      const now = yield* call.until(({ errors }) => errors.length > 0)
      assert.match(now.errors[0] ?? "", /^31924/)
      yield* call.hangUp
      assert.strictEqual((yield* call.settled).state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("sends fifty frames a second without drifting", () =>
    Effect.gen(function* () {
      const { call, ours } = yield* streaming()
      const frames = () => ours.messages.filter((message) => JSON.stringify(message).includes('"track":"inbound"'))
      yield* call.until(({ heard }) => heard.timeline.length >= 8000)
      const { heard } = yield* call.now
      const expected = heard.timeline.length / 160
      assert.isAtMost(Math.abs(frames().length - expected), 10)
      assert.match(JSON.stringify(frames()[40]), /"chunk":"41","timestamp":"800"/)
    }).pipe(Effect.scoped)
  )
})
