import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { FormValues } from "../../src/Form.ts"
import { type Note, noteUnderruns, notingClears } from "../../src/telephony/mediaQuality.ts"
import { fakeTransport } from "../agents/support/fakeTransport.ts"

/** A call's log in memory. */
const log = () => {
  const lines: Array<readonly [kind: string, payload: FormValues]> = []
  const note: Note = (kind, payload) => Effect.sync(() => void lines.push([kind, payload]))
  return { lines, note }
}

describe("a call's log", () => {
  it.effect("has each time at which the agent's speech was thrown away, and none at which there was none", () =>
    Effect.gen(function* () {
      const fake = yield* fakeTransport()
      const { lines, note } = log()
      const transport = notingClears(fake.transport, note)
      yield* transport.clear
      transport.playUnsafe(new Uint8Array(800))
      const { droppedMs, heardMs } = yield* transport.clear
      assert.deepStrictEqual(lines, [["media.cleared", { heard_ms: heardMs, dropped_ms: droppedMs }]])
      assert.isAbove(droppedMs, 0)
    })
  )

  it.effect("is not filled by an agent that throws its speech away without end", () =>
    Effect.gen(function* () {
      const fake = yield* fakeTransport()
      const { lines, note } = log()
      const transport = notingClears(fake.transport, note)
      for (let index = 0; index < 1000; index++) {
        transport.playUnsafe(new Uint8Array(160))
        yield* transport.clear
      }
      assert.lengthOf(lines, 200)
    })
  )

  it.effect("has the gaps in the agent's speech, those of a second together", () =>
    Effect.gen(function* () {
      const fake = yield* fakeTransport()
      const { lines, note } = log()
      let underruns = 0
      const transport = { ...fake.transport, underruns: Effect.sync(() => underruns) }
      yield* Effect.forkChild(noteUnderruns(transport, note))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(lines, [])
      underruns = 2
      yield* TestClock.adjust("3 seconds")
      underruns = 3
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(lines, [
        ["media.underrun", { count: 2 }],
        ["media.underrun", { count: 1 }]
      ])
    })
  )
})
