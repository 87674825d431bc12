import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { ListenerEnded } from "../../src/carrier/Listener.ts"
import { supervise } from "../../src/telephony/supervise.ts"

type Attempt = (connected: Effect.Effect<void>) => Effect.Effect<never, ListenerEnded, Scope.Scope>

const fails =
  (kind: ListenerEnded["kind"]): Attempt =>
  () =>
    new ListenerEnded({ provider: "fake", kind, message: `it was ${kind}` })

/** Up for so long, then lost. */
const stands =
  (ms: number): Attempt =>
  (connected) =>
    Effect.andThen(Effect.delay(connected, 1), Effect.andThen(Effect.sleep(ms), fails("lost")(Effect.void)))

/** A supervisor whose tries go as scripted, the last one for ever; it notes when each began, s. */
const watched = Effect.fnUntraced(function* (
  script: ReadonlyArray<Attempt>,
  options: { readonly parkedForMs?: number; readonly parkWorks?: boolean } = {}
) {
  const seen = {
    tries: new Array<number>(),
    parked: new Array<string>(),
    unparked: 0,
    connected: 0,
    inVain: 0,
    told: new Array<string>()
  }
  const begun = yield* Clock.currentTimeMillis
  const fiber = yield* Effect.forkChild(
    supervise({
      listen: (connected) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          seen.tries.push((now - begun) / 1000)
          return (script[seen.tries.length - 1] ?? script.at(-1) ?? fails("lost"))(connected)
        }),
      parkedForMs: options.parkedForMs,
      onConnected: Effect.sync(() => void seen.connected++),
      onTrouble: (trouble, _next, isNews) => Effect.sync(() => void (isNews && seen.told.push(trouble.kind))),
      park: (reason) =>
        Effect.sync(() => {
          seen.parked.push(reason)
          return options.parkWorks ?? true
        }),
      unpark: Effect.sync(() => void seen.unparked++),
      triedInVain: () => Effect.sync(() => void seen.inVain++)
    })
  )
  yield* TestClock.adjust(1)
  return { seen, fiber }
})

describe("a listener's supervisor", () => {
  it.effect("tries again with growing pauses of up to five minutes, a fifth more or less", () =>
    Effect.gen(function* () {
      const { seen } = yield* watched([fails("lost")])
      yield* TestClock.adjust("50 minutes")
      const pauses = seen.tries.slice(1).map((at, index) => at - (seen.tries[index] ?? 0))
      for (const [index, pause] of pauses.entries()) {
        const expected = Math.min(2 ** index, 300)
        assert.isAtLeast(pause, expected * 0.8 - 0.01)
        assert.isAtMost(pause, expected * 1.2 + 0.01)
      }
      assert.isAtLeast(pauses.length, 12)
      assert.deepStrictEqual(seen.parked, [])
    })
  )

  it.effect("starts afresh only when the connection has stood for half a minute", () =>
    Effect.gen(function* () {
      const spinning = yield* watched([stands(1_000)])
      yield* TestClock.adjust("10 minutes")
      assert.isAtMost(spinning.seen.tries.length, 11)
      const standing = yield* watched([stands(40_000)])
      yield* TestClock.adjust("10 minutes")
      assert.isAtLeast(standing.seen.tries.length, 13)
    })
  )

  it.effect("parks what was refused five times in a row, with the reason, and ends", () =>
    Effect.gen(function* () {
      const refused = fails("refused")
      const { seen, fiber } = yield* watched([refused, refused, refused, refused, stands(40_000), refused])
      yield* TestClock.adjust("2 hours")
      assert.lengthOf(seen.tries, 10)
      assert.deepStrictEqual(seen.parked, ["it was refused"])
      yield* Fiber.join(fiber)
    })
  )

  it.effect("parks what was away for an hour without a break, not what comes back meanwhile", () =>
    Effect.gen(function* () {
      const { seen } = yield* watched([fails("lost")])
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(seen.parked, [])
      yield* TestClock.adjust("10 minutes")
      assert.lengthOf(seen.parked, 1)
      const comesBack = yield* watched([
        ...Array.from({ length: 14 }, () => fails("lost")),
        stands(60_000),
        fails("lost")
      ])
      yield* TestClock.adjust("80 minutes")
      assert.deepStrictEqual(comesBack.seen.parked, [])
    })
  )

  it.effect("goes on where the parking could not be written down", () =>
    Effect.gen(function* () {
      const { seen } = yield* watched([fails("refused")], { parkWorks: false })
      yield* TestClock.adjust("1 hour")
      assert.isAtLeast(seen.parked.length, 2)
      assert.isAbove(seen.tries.length, seen.parked.length)
    })
  )

  it.effect("stands back for at least half a minute when somebody took its place, and never parks for it", () =>
    Effect.gen(function* () {
      const { seen } = yield* watched([fails("replaced")])
      yield* TestClock.adjust("29 seconds")
      assert.lengthOf(seen.tries, 1)
      yield* TestClock.adjust("12 hours")
      assert.isAbove(seen.tries.length, 10)
      assert.deepStrictEqual(seen.parked, [])
    })
  )

  it.effect("never parks for a fault of ours", () =>
    Effect.gen(function* () {
      const { seen } = yield* watched([() => Effect.die(new Error("a bug"))])
      yield* TestClock.adjust("12 hours")
      assert.isAbove(seen.tries.length, 100)
      assert.deepStrictEqual(seen.parked, [])
    })
  )

  it.effect("tells the first trouble, every change of it, and then one every quarter of an hour", () =>
    Effect.gen(function* () {
      const lost = fails("lost")
      const { seen } = yield* watched([lost, lost, fails("refused"), lost])
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(seen.told, ["lost", "refused", "lost"])
      yield* TestClock.adjust("20 minutes")
      assert.deepStrictEqual(seen.told, ["lost", "refused", "lost", "lost"])
    })
  )

  it.effect("tries a parked configuration once when it is due, and ends in vain", () =>
    Effect.gen(function* () {
      const { seen, fiber } = yield* watched([fails("lost")], { parkedForMs: 600_000 })
      yield* TestClock.adjust("9 minutes")
      assert.lengthOf(seen.tries, 0)
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(seen.tries, 1)
      assert.strictEqual(seen.inVain, 1)
      yield* Fiber.join(fiber)
      assert.strictEqual(seen.unparked, 0)
    })
  )

  it.effect("takes a parked configuration back into use when its one try works, and keeps it up", () =>
    Effect.gen(function* () {
      const { seen } = yield* watched([stands(60_000), stands(60_000)], { parkedForMs: 0 })
      yield* TestClock.adjust("3 minutes")
      assert.strictEqual(seen.unparked, 1)
      assert.isAtLeast(seen.connected, 2)
      assert.strictEqual(seen.inVain, 0)
    })
  )
})
