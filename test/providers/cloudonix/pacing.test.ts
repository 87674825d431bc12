import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makePacing, pacingOf } from "../../../src/providers/cloudonix/pacing.ts"

const spent = (urgent = false) => {
  const pacing = makePacing()
  return { turn: pacing.turn(urgent), urgent: pacing.turn(true) }
}

describe("the domain's rate limit", () => {
  it.effect("lets ten requests through at once, and the eleventh after 3 s", () =>
    Effect.gen(function* () {
      const { turn } = spent()
      for (let sent = 0; sent < 10; sent++) yield* turn
      const next = yield* Effect.forkChild(turn)
      yield* TestClock.adjust("2900 millis")
      assert.isUndefined(next.pollUnsafe())
      yield* TestClock.adjust("100 millis")
      yield* Fiber.join(next)
    })
  )

  it.effect("never has more than ten in any 3 s", () =>
    Effect.gen(function* () {
      const { turn } = spent()
      for (let sent = 0; sent < 5; sent++) yield* turn
      yield* TestClock.adjust("2 seconds")
      for (let sent = 0; sent < 5; sent++) yield* turn
      const waiting = yield* Effect.forEach(Array.from({ length: 6 }), () => Effect.forkChild(turn))
      const done = () => waiting.filter((fiber) => fiber.pollUnsafe() !== undefined).length
      yield* TestClock.adjust("1 second")
      assert.strictEqual(done(), 5)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(done(), 6)
    })
  )

  it.effect("does not hold a hang-up back, but counts it", () =>
    Effect.gen(function* () {
      const { turn, urgent } = spent()
      for (let sent = 0; sent < 10; sent++) yield* turn
      yield* urgent
      const next = yield* Effect.forkChild(turn)
      yield* TestClock.adjust("1 second")
      assert.isUndefined(next.pollUnsafe())
    })
  )

  it.effect("refuses a request that would wait too long, which was never sent", () =>
    Effect.gen(function* () {
      const { turn } = spent()
      const all = yield* Effect.forEach(Array.from({ length: 40 }), () => Effect.forkChild(Effect.result(turn)))
      yield* TestClock.adjust("1 minute")
      const results = yield* Effect.forEach(all, Fiber.join)
      const refused = results.flatMap((result) => (result._tag === "Failure" ? [result.failure.kind] : []))
      assert.strictEqual(refused.length, 10)
      assert.deepStrictEqual(new Set(refused), new Set(["rate-limited"]))
    })
  )

  it.effect("does not begin anew with an account that is made anew, and is each domain's own", () =>
    Effect.gen(function* () {
      const toolkit = {}
      for (let sent = 0; sent < 10; sent++) yield* pacingOf(toolkit, "acme.cloudonix.net").turn(false)
      yield* pacingOf(toolkit, "other.cloudonix.net").turn(false)
      const next = yield* Effect.forkChild(pacingOf(toolkit, "acme.cloudonix.net").turn(false))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(next.pollUnsafe())
    })
  )
})
