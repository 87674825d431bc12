import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { simulator } from "../../../../src/providers/vonage/simulator.ts"
import { makeDialect } from "../../../../src/providers/vonage/simulator/stream.ts"
import { connect, eventually, ncco, peer, statuses } from "./peer.ts"

/** A call whose socket is up, and the means to speak to it. */
const streaming = Effect.fnUntraced(function* (endpoint: object = {}) {
  const carrier = yield* simulator.start({ jitterMs: 0 })
  const ours = yield* peer
  ours.answer = ({ target }) => (target === "/answer" ? ncco(connect(ours, {}, endpoint)) : { status: 204 })
  const call = yield* carrier.placeInbound({ from: "+442071838750", to: "+14155550123", webhook: `${ours.url}/answer` })
  yield* call.until((now) => now.media === "streaming")
  yield* eventually(() => (ours.lines[0]?.texts.length ?? 0) > 0)
  const audio = (ms: number, value: number) => {
    for (let at = 0; at < ms; at += 20) ours.lines[0]?.socket.send(Buffer.alloc(640, value))
  }
  const command = (json: object) => ours.lines[0]?.socket.send(JSON.stringify(json))
  const texts = () => ours.lines[0]?.texts.slice(1) ?? []
  return { call, ours, audio, command, texts }
})

describe("the media socket", () => {
  it.effect("echoes a notify once the audio before it was heard; a clear is acknowledged and drops notifies", () =>
    Effect.gen(function* () {
      const { audio, call, command, texts } = yield* streaming()
      const notify = (mark: string) => command({ action: "notify", payload: { mark, nested: { n: [1, null] } } })
      notify("nothing-before")
      audio(200, 1)
      notify("after-200")
      audio(20_000, 2)
      notify("never-heard")
      yield* call.until(() => texts().length === 2)
      assert.deepStrictEqual(texts(), [
        { event: "websocket:notify", payload: { mark: "nothing-before", nested: { n: [1, null] } } },
        { event: "websocket:notify", payload: { mark: "after-200", nested: { n: [1, null] } } }
      ])
      command({ action: "clear" })
      yield* call.until(() => texts().length === 3)
      assert.deepStrictEqual(texts()[2], { event: "websocket:cleared" })
      const { played } = (yield* call.now).heard
      assert.isBelow(played.length, 32 * 10_000)
      audio(100, 3)
      notify("spoken-after")
      yield* call.until(() => texts().length === 4)
      assert.notInclude(JSON.stringify(texts()), "never-heard")
      const after = yield* call.now
      assert.strictEqual(after.heard.played.at(-1), 3)
      assert.deepStrictEqual(after.errors, [])
    }).pipe(Effect.scoped)
  )

  it.effect("is cut with 1006 over a frame of another size", () =>
    Effect.gen(function* () {
      const { call, ours } = yield* streaming()
      ours.lines[0]?.socket.send(Buffer.alloc(320, 1))
      const end = yield* call.settled
      assert.strictEqual(end.errors[0], "unexpected frame size 160, when required 320")
      yield* eventually(() => ours.lines[0]?.closed === 1006)
      assert.notInclude(statuses(ours), "disconnected")
      assert.strictEqual(end.state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("keeps 3072 messages, about a minute, and drops the rest", () =>
    Effect.gen(function* () {
      const { audio, call } = yield* streaming()
      audio(3072 * 20, 1)
      const full = yield* call.until((now) => now.mediaMessages.length >= 3072)
      assert.deepStrictEqual(full.errors, [])
      audio(60_000, 2)
      const over = yield* call.until((now) => now.errors.length > 0)
      assert.deepStrictEqual(over.errors, ["audio dropped: more than 3072 messages were waiting"])
    }).pipe(Effect.scoped)
  )

  it.effect("passes over what it does not know, and says so once", () =>
    Effect.gen(function* () {
      const { call, command, texts } = yield* streaming()
      for (const text of [{ action: "hangup" }, { action: "notify" }, { event: "clear" }]) command(text)
      command({ action: "notify", payload: {} })
      yield* call.until(() => texts().length === 1)
      const now = yield* call.now
      assert.deepStrictEqual(now.errors, ["unknown text command"])
      assert.deepStrictEqual(
        now.mediaMessages.map(({ kind }) => kind),
        ["invalid", "invalid", "invalid", "mark"]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("carries a custom authorization word for word, and the query of its address", () =>
    Effect.gen(function* () {
      const { ours } = yield* streaming({ authorization: { type: "custom", value: "Bearer abc" } })
      assert.strictEqual(ours.lines[0]?.headers.authorization, "Bearer abc")
    }).pipe(Effect.scoped)
  )

  it.prop("reads any message without breaking", [Schema.String, Schema.Boolean], ([text, binary]) => {
    const command = makeDialect({}).read(Buffer.from(text), binary)
    return ["Audio", "Mark", "Clear", "Invalid"].includes(command._tag)
  })
})
