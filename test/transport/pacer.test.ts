import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { type Paced, Pacer } from "../../src/transport/pacer.ts"
import { ManualClock } from "./support/clock.ts"

const make = Effect.fnUntraced(function* () {
  const clock = new ManualClock()
  const context = yield* Layer.build(Pacer.layerWith(clock))
  return { clock, pacer: yield* Effect.provideContext(Pacer, context) }
})

const member = (clock: ManualClock, parts: Partial<Paced> = {}) => {
  const ticks: Array<number> = []
  const checks: Array<number> = []
  const defects: Array<unknown> = []
  const start = clock.now()
  const paced: Paced = {
    tick: (now) => {
      ticks.push(now - start)
      return true
    },
    check: (now) => void checks.push(now - start),
    broken: (defect) => void defects.push(defect),
    ...parts
  }
  return { paced, ticks, checks, defects }
}

describe("Pacer", () => {
  it.effect("runs no timer without members, and no ticks without work", () =>
    Effect.gen(function* () {
      const { clock, pacer } = yield* make()
      assert.strictEqual(clock.pending, 0)
      const { paced, ticks, checks } = member(clock)
      const registration = pacer.register(paced)
      clock.advance(2500)
      assert.deepStrictEqual(ticks, [])
      assert.deepStrictEqual(checks, [1000, 2000])
      assert.deepStrictEqual(pacer.counts(), { registered: 1, awake: 0, timers: 1, lateTicks: 0 })
      registration.wake()
      clock.advance(25)
      assert.deepStrictEqual(ticks, [2510, 2520])
      registration.remove()
      assert.deepStrictEqual(pacer.counts(), { registered: 0, awake: 0, timers: 0, lateTicks: 0 })
      assert.strictEqual(clock.pending, 0)
      registration.wake()
      assert.strictEqual(clock.pending, 0)
    })
  )

  it.effect("sleeps when nothing is left to do, and wakes again", () =>
    Effect.gen(function* () {
      const { clock, pacer } = yield* make()
      let left = 3
      const { paced } = member(clock, { tick: () => --left > 0 })
      const registration = pacer.register(paced)
      registration.wake()
      clock.advance(500)
      assert.strictEqual(left, 0)
      assert.strictEqual(pacer.counts().timers, 1)
      left = 2
      registration.wake()
      clock.advance(500)
      assert.strictEqual(left, 0)
    })
  )

  it.effect("keeps to its grid after a stall, and counts the late tick", () =>
    Effect.gen(function* () {
      const { clock, pacer } = yield* make()
      const { paced, ticks } = member(clock)
      pacer.register(paced).wake()
      clock.advance(20)
      clock.stall(304)
      clock.advance(26)
      assert.deepStrictEqual(ticks, [10, 20, 324, 330, 340, 350])
      assert.strictEqual(pacer.counts().lateTicks, 1)
    })
  )

  it.effect("drops a member with a defect, and only that one", () =>
    Effect.gen(function* () {
      const { clock, pacer } = yield* make()
      const bad = member(clock, { tick: () => JSON.parse("{") })
      const worse = member(clock, { check: () => JSON.parse("{") })
      const good = member(clock)
      for (const { paced } of [bad, worse, good]) pacer.register(paced).wake()
      clock.advance(1000)
      assert.strictEqual(bad.ticks.length, 0)
      assert.strictEqual(bad.defects.length, 1)
      assert.strictEqual(worse.defects.length, 1)
      assert.strictEqual(good.ticks.length, 100)
      assert.strictEqual(pacer.counts().registered, 1)
    })
  )

  it.live("ticks on the machine's clock", () =>
    Effect.gen(function* () {
      const pacer = yield* Pacer
      const times: Array<number> = []
      yield* Effect.callback<void>((resume) => {
        const registration = pacer.register({
          tick: (now) => {
            times.push(now)
            if (times.length === 10) resume(Effect.sync(registration.remove))
            return true
          },
          check: () => {},
          broken: () => {}
        })
        registration.wake()
      })
      const first = times[0] ?? 0
      const last = times.at(-1) ?? 0
      assert.isAtLeast(last - first, 80)
      assert.strictEqual(pacer.counts().timers, 0)
    }).pipe(Effect.provide(Pacer.layer))
  )
})
