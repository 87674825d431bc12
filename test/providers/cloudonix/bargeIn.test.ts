import { assert, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { simulator } from "../../../src/providers/cloudonix/simulator.ts"
import type { CallSnapshot, CarrierSimulator, SimulatedCall } from "../../../src/simulator/SimulatorModule.ts"
import { agentServer, type Visit } from "../../agents/support/agentServer.ts"
import { App, ours, setUp, theirs } from "../../support/app.ts"

/** What is sent ahead of what the caller hears, ms, and one message more. */
const leadMs = 100
const frameMs = 20

/** A deployment that takes no notice of `clear`, before a phone that plays at once. */
const deaf: CarrierSimulator = { start: (options) => simulator.start({ ...options, clears: false, jitterMs: 0 }) }

const talk = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, index) => 0x10 + (index % 97))

/** On a busy machine the carrier gets the first message late, and all of it is heard later by that: one of so many must be in time. */
const attempts = 5

const heardMs = ({ heard }: CallSnapshot) => heard.played.length / 8

/** The latest `clear` that the carrier got, ms since the stream started. */
const clearsOf = ({ mediaMessages }: CallSnapshot) =>
  mediaMessages.flatMap(({ atMs, kind }) => (kind === "clear" ? [atMs] : []))

/** The agent talks for five seconds and is interrupted; how much is heard after the carrier got the clear, ms. */
const heardAfterClear = Effect.fnUntraced(function* (call: SimulatedCall, visit: Visit) {
  const before = yield* call.now
  yield* visit.speak(talk(5000))
  yield* call.until((now) => heardMs(now) >= heardMs(before) + 500)
  yield* visit.say({ type: "clear" })
  assert.isAbove((yield* visit.nextOf("cleared")).dropped_ms, 3000)
  const clearAt = (now: CallSnapshot) => clearsOf(now)[clearsOf(before).length] ?? Number.POSITIVE_INFINITY
  const now = yield* call.until((later) => later.heard.timeline.length / 8 > clearAt(later) + 500)
  return (now.heard.spans.at(-1)?.endMs ?? 0) - clearAt(now)
})

layer(App.layer(deaf, "cloudonix"), { excludeTestServices: true })("where clear empties no buffer", (it) => {
  it.effect("an interrupted agent is heard no longer than what was sent ahead", () =>
    Effect.gen(function* () {
      const app = yield* App
      const server = yield* agentServer()
      yield* setUp(app, { kind: "websocket", settings: { url: server.url, encoding: "mulaw", sample_rate: 8000 } })
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours })
      const visit = yield* Queue.take(server.visits)
      yield* visit.nextOf("call.start")
      yield* visit.say({ type: "call.accept" })
      const afterMs = yield* Effect.repeat(heardAfterClear(call, visit), {
        until: (ms) => ms <= leadMs + frameMs,
        times: attempts - 1
      })
      assert.isAbove(afterMs, 0)
      assert.isAtMost(afterMs, leadMs + frameMs)
    }).pipe(Effect.scoped)
  )
})
