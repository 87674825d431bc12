import { assert, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { CallSnapshot, SimulatedCall } from "../../src/simulator/SimulatorModule.ts"
import { agentServer, type Visit } from "../agents/support/agentServer.ts"
import { App, endOf, eventsOf, ours, setUp, theirs } from "../support/app.ts"

/** ms of mu-law at 8 kHz that is nowhere silent. */
const talk = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, index) => 0x10 + (index % 97))

const frameMs = 20
/** How far the two figures may be apart, ms. */
const tolerance = 60
/** The carrier's own buffer. Only a mark shows it: without one, what is heard is reckoned from what was sent. */
const jitterMs = 60
/** On a busy machine the carrier gets a `clear` late, which is no error of ours: one of so many must be in time. */
const attempts = 5

const heardMs = (now: CallSnapshot) => now.heard.spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)

/** The latest `clear` that the carrier got, and what it heard before and after. */
const silenced = (now: CallSnapshot) => {
  const at = now.mediaMessages.findLastIndex(({ kind }) => kind === "clear")
  return {
    clears: now.mediaMessages.filter(({ kind }) => kind === "clear").length,
    atMs: now.mediaMessages[at]?.atMs ?? Number.NaN,
    audioAfterwards: now.mediaMessages.slice(at + 1).filter(({ kind }) => kind === "audio").length,
    lastHeardMs: now.heard.spans.at(-1)?.endMs ?? Number.NaN
  }
}

/** The agent talks for five seconds and is interrupted; how far our figure of what was heard is from the truth, ms. */
const interrupted = Effect.fnUntraced(function* (call: SimulatedCall, visit: Visit, isMarked: boolean) {
  const before = yield* call.now
  yield* visit.speak(talk(100))
  if (isMarked) yield* visit.say({ type: "mark", name: "first words" })
  yield* visit.speak(talk(5000))
  yield* call.until((now) => heardMs(now) >= heardMs(before) + 500)
  yield* visit.say({ type: "clear" })
  const cleared = yield* visit.nextOf("cleared")
  assert.closeTo(cleared.heard_ms + cleared.dropped_ms, 5100, 1)

  const isSilenced = (now: CallSnapshot) =>
    silenced(now).clears > silenced(before).clears && now.heard.timeline.length > (silenced(now).atMs + 300) * 8
  const after = yield* call.until(isSilenced)
  const { atMs, audioAfterwards, lastHeardMs } = silenced(after)
  assert.strictEqual(audioAfterwards, 0)
  assert.isAtMost(lastHeardMs, atMs + frameMs)
  return Math.abs(cleared.heard_ms - (heardMs(after) - heardMs(before)))
})

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("an agent that is interrupted", (it) => {
  it.effect("falls silent on the phone at once, and learns how much was heard", () =>
    Effect.gen(function* () {
      const app = yield* App
      const server = yield* agentServer()
      yield* setUp(app, { kind: "websocket", settings: { url: server.url, encoding: "mulaw", sample_rate: 8000 } })
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours })
      const visit = yield* Queue.take(server.visits)
      yield* visit.nextOf("call.start")
      yield* visit.say({ type: "call.accept" })

      for (const [isMarked, limit] of [
        [true, tolerance],
        [false, tolerance + jitterMs]
      ] as const) {
        const off = yield* Effect.repeat(interrupted(call, visit, isMarked), {
          until: (ms) => ms <= limit,
          times: attempts - 1
        })
        assert.isAtMost(off, limit)
      }

      const before = heardMs(yield* call.now)
      const word = talk(200).map((byte) => byte + 1)
      yield* visit.speak(word)
      const { heard } = yield* call.until((now) => heardMs(now) >= before + 200)
      // Its first frame may be faded in: what was cut off must not click.
      const rest = Buffer.from(word).subarray(frameMs * 8)
      assert.isTrue(Buffer.from(heard.played).subarray(-rest.length).equals(rest))
      yield* visit.say({ type: "hangup" })
      assert.strictEqual((yield* visit.nextOf("call.end")).reason, "agent_ended")
      const ended = yield* endOf(app, call.id)
      assert.deepInclude(ended, { end_reason: "agent_ended", end_owner: "agent" })
      const interruptions = (yield* eventsOf(app, ended.id)).filter(({ kind }) => kind === "media.cleared")
      assert.isAtLeast(interruptions.length, 2)
      for (const { payload } of interruptions) assert.isAbove(Number(payload["dropped_ms"]), 0)
      assert.deepStrictEqual((yield* call.settled).errors, [])
    }).pipe(Effect.scoped)
  )
})
