import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { msOf } from "../../src/Audio.ts"
import type { CallSnapshot, SimulatedCall } from "../../src/simulator/SimulatorModule.ts"
import type { Visit } from "../agents/support/agentServer.ts"
import type { Tests } from "./suite.ts"
import { endedRow, withAgent } from "./world.ts"

/** ms of mu-law at 8 kHz that is nowhere silent. */
const talk = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, index) => 0x10 + (index % 97))
const audio = { encoding: "mulaw", sample_rate: 8000 }

const playedMs = ({ heard }: CallSnapshot) => msOf(heard.format, heard.played.length)
const clears = ({ mediaMessages }: CallSnapshot) => mediaMessages.filter(({ kind }) => kind === "clear")

const frameMs = 20
/**
 * The jitter buffer of the simulated phone, ms. A carrier that keeps its queue in front of it cannot take back what is in there;
 * the others empty both.
 */
const phoneMs = 60
const interruptions = 2

/** The agent talks for five seconds and is interrupted; how much was heard after the carrier got the clear, ms. */
const heardAfterClear = Effect.fnUntraced(function* (call: SimulatedCall, visit: Visit) {
  const before = yield* call.now
  yield* visit.speak(talk(5000))
  yield* call.until((now) => playedMs(now) >= playedMs(before) + 400)
  yield* visit.say({ type: "clear" })
  const cleared = yield* visit.nextOf("cleared")
  assert.closeTo(cleared.heard_ms + cleared.dropped_ms, 5000, 1)
  assert.isAbove(cleared.dropped_ms, 3000)
  const clearAt = (now: CallSnapshot) => clears(now)[clears(before).length]?.atMs ?? Number.POSITIVE_INFINITY
  const now = yield* call.until((later) => msOf(later.heard.format, later.heard.timeline.length) > clearAt(later) + 400)
  const last = now.mediaMessages.findLastIndex(({ kind }) => kind === "clear")
  assert.deepStrictEqual(now.mediaMessages.slice(last + 1), [])
  assert.isAtMost(Math.abs(cleared.heard_ms - (playedMs(now) - playedMs(before))), 300)
  return (now.heard.spans.at(-1)?.endMs ?? 0) - clearAt(now)
})

/** What an agent does with its caller over any carrier. */
export const agentTests: Tests = (it) => {
  it.effect("silences the phone when the agent is interrupted, and tells what was heard", () =>
    Effect.gen(function* () {
      const { call, visit } = yield* withAgent(audio)
      for (let interruption = 0; interruption < interruptions; interruption++) {
        assert.isAtMost(yield* heardAfterClear(call, visit), frameMs + phoneMs)
      }
      yield* call.hangUp
      yield* endedRow(call.id)
    })
  )

  it.effect("tells the agent when what it said was heard", () =>
    Effect.gen(function* () {
      const { call, visit } = yield* withAgent(audio)
      yield* visit.speak(talk(400))
      yield* visit.say({ type: "mark", name: "said" })
      const mark = yield* visit.nextOf("mark")
      assert.strictEqual(mark.name, "said")
      assert.closeTo(mark.heard_ms, 400, 60)
      assert.isUndefined(mark.cleared)
      assert.isAtLeast(playedMs(yield* call.now), 300)
      yield* call.hangUp
      yield* endedRow(call.id)
    })
  )

  it.effect("passes on the keys that the person presses", () =>
    Effect.gen(function* () {
      const { call, visit } = yield* withAgent(audio)
      yield* call.pressDigits("7#")
      assert.strictEqual((yield* visit.nextOf("digit")).digit, "7")
      assert.strictEqual((yield* visit.nextOf("digit")).digit, "#")
      yield* call.hangUp
      yield* endedRow(call.id)
    })
  )
}
