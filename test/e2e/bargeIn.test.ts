import { assert, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { CallSnapshot } from "../../src/simulator/SimulatorModule.ts"
import { agentServer, type Visit } from "../agents/support/agentServer.ts"
import { App, endOf, ours, setUp, theirs } from "../support/app.ts"

/** ms of mu-law at 8 kHz that is nowhere silent. */
const talk = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, index) => 0x10 + (index % 97))

const frameMs = 20
const tolerance = 60
/** The carrier's own buffer. Only a mark shows it: without one, what is heard is reckoned from what was sent. */
const jitterMs = 60

const heardMs = (now: CallSnapshot) => now.heard.spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)

/** The first `clear` that the carrier got, and what it heard before and after. */
const silenced = (now: CallSnapshot) => {
  const at = now.mediaMessages.findIndex(({ kind }) => kind === "clear")
  const clear = now.mediaMessages[at]
  return {
    atMs: clear?.atMs ?? Number.NaN,
    audioAfterwards: now.mediaMessages.slice(at + 1).filter(({ kind }) => kind === "audio").length,
    lastHeardMs: now.heard.spans.at(-1)?.endMs ?? Number.NaN
  }
}

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("an agent that is interrupted", (it) => {
  const joined = Effect.gen(function* () {
    const app = yield* App
    const server = yield* agentServer()
    yield* setUp(app, { kind: "websocket", settings: { url: server.url, encoding: "mulaw", sample_rate: 8000 } })
    return { app, server }
  })

  it.effect("falls silent on the phone at once, and learns how much was heard", () =>
    Effect.gen(function* () {
      const { app, server } = yield* joined
      const begin = Effect.gen(function* () {
        const call = yield* app.carrier.placeInbound({ from: theirs, to: ours })
        const visit: Visit = yield* Queue.take(server.visits)
        yield* visit.nextOf("call.start")
        yield* visit.say({ type: "call.accept" })
        return { call, visit }
      })

      for (const marked of [true, false]) {
        const { call, visit } = yield* begin
        yield* visit.speak(talk(100))
        if (marked) yield* visit.say({ type: "mark", name: "first words" })
        yield* visit.speak(talk(5000))
        yield* call.until((now) => heardMs(now) >= 700)
        yield* visit.say({ type: "clear" })
        const cleared = yield* visit.nextOf("cleared")
        const after = yield* call.until((now) => now.heard.timeline.length > (silenced(now).atMs + 300) * 8)
        const { atMs, audioAfterwards, lastHeardMs } = silenced(after)
        assert.strictEqual(audioAfterwards, 0)
        assert.isAtMost(lastHeardMs, atMs + frameMs)
        assert.closeTo(cleared.heard_ms, heardMs(after), marked ? tolerance : tolerance + jitterMs)
        assert.closeTo(cleared.heard_ms + cleared.dropped_ms, 5100, 1)

        const word = talk(200).map((byte) => byte + 1)
        yield* visit.speak(word)
        const again = yield* call.until((now) => heardMs(now) >= heardMs(after) + 200)
        assert.isTrue(Buffer.from(again.heard.played).subarray(-word.length).equals(Buffer.from(word)))
        yield* visit.say({ type: "hangup" })
        assert.strictEqual((yield* visit.nextOf("call.end")).reason, "agent_ended")
        assert.deepInclude(yield* endOf(app, call.id), { end_reason: "agent_ended", end_owner: "agent" })
        assert.deepStrictEqual((yield* call.settled).errors, [])
      }
    }).pipe(Effect.scoped)
  )
})
