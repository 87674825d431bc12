import { assert, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { CallSnapshot } from "../../src/simulator/SimulatorModule.ts"
import { agentServer, type Visit } from "../agents/support/agentServer.ts"
import { App, endOf, ours, setUp, theirs } from "../support/app.ts"

/** ms of mu-law at 8 kHz that is nowhere silent. */
const talk = (ms: number, from: number) => Uint8Array.from({ length: ms * 8 }, (_, index) => from + (index % 31))

const settings = (url: string, line: object) => ({ url, encoding: "mulaw", sample_rate: 8000, line })

const takeCall = Effect.fnUntraced(function* (visits: Queue.Dequeue<Visit>) {
  const visit = yield* Queue.take(visits)
  const start = yield* visit.nextOf("call.start")
  yield* visit.say({ type: "call.accept" })
  return { visit, start }
})

const heardMs = (now: CallSnapshot) => now.heard.spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("a call whose agent crashes", (it) => {
  it.effect("goes on with the agent that comes back: the caller hears a hold sound, and nobody hangs up", () =>
    Effect.gen(function* () {
      const app = yield* App
      const server = yield* agentServer()
      yield* setUp(app, { kind: "websocket", settings: settings(server.url, {}) })
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours })
      const first = yield* takeCall(server.visits)
      yield* first.visit.speak(talk(200, 0x10))
      yield* call.until((now) => heardMs(now) >= 200)
      yield* Effect.sync(() => first.visit.socket.terminate())

      const second = yield* Queue.take(server.visits)
      const again = yield* second.nextOf("call.start")
      assert.strictEqual(again.resume_token, first.start.resume_token)
      assert.strictEqual(again.call.id, first.start.call.id)
      // It does not take the call before the caller has heard that somebody is there.
      yield* call.until((now) => heardMs(now) >= 400)
      yield* second.say({ type: "call.accept" })
      const word = talk(200, 0x30)
      yield* second.speak(word)
      yield* second.say({ type: "mark", name: "word" })
      assert.isUndefined((yield* second.nextOf("mark")).cleared)
      const { heard } = yield* call.now
      // Its first frame is faded in after the hold sound was cut.
      assert.isTrue(Buffer.from(heard.played).includes(Buffer.from(word).subarray(160)))
      yield* second.say({ type: "hangup" })
      assert.strictEqual((yield* second.nextOf("call.end")).reason, "agent_ended")
      assert.deepInclude(yield* endOf(app, call.id), { end_reason: "agent_ended", end_owner: "agent" })
      assert.deepStrictEqual((yield* call.settled).errors, [])
      assert.strictEqual(server.connections(), 0)
    }).pipe(Effect.scoped)
  )
})
