import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, FiberSet } from "effect"
import * as fc from "fast-check"
import { type InboxPorts, makeInbox } from "../../../src/agents/socket/inbox.ts"

type Step = { readonly do: "audio" | "control" | "slow" | "room" | "settle" }

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom("audio", "control", "slow", "room", "settle")
})

/** An inbox whose surroundings do what the steps say; gives what was carried out, in order. */
const carriedOut = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>, aheadBytes = 0) {
  const start = yield* FiberSet.makeRuntime<never, void, never>()
  const log: Array<number> = []
  const slow: Array<Deferred.Deferred<void>> = []
  const waiting: Array<() => void> = []
  let room = 2
  let reading = true
  const makeRoom = (more: number) => {
    room += more
    for (const wake of waiting.splice(0)) wake()
  }
  const settle = () => {
    for (const one of slow.splice(0)) Deferred.doneUnsafe(one, Effect.void)
  }
  const ports: InboxPorts = {
    play: (chunk) => {
      if (room === 0) return false
      room -= 1
      log.push(chunk[0] ?? -1)
      return true
    },
    onRoom: (wake) => void waiting.push(wake),
    start,
    pause: () => {
      assert.isTrue(reading)
      reading = false
    },
    resume: () => {
      assert.isFalse(reading)
      reading = true
    }
  }
  const inbox = makeInbox({ ...ports, readAhead: aheadBytes })
  let sent = 0
  let most = 0
  for (const { do: what } of steps) {
    const id = sent % 256
    if (what === "room") makeRoom(1)
    else if (what === "settle") {
      settle()
      yield* Effect.yieldNow
    } else {
      sent += 1
      if (what === "audio") {
        inbox.audio(Uint8Array.of(id))
        if (reading) most = Math.max(most, inbox.waitingBytes())
      }
      if (what === "control") inbox.control(Effect.sync(() => void log.push(id)))
      if (what === "slow") {
        const done = Deferred.makeUnsafe<void>()
        inbox.control(
          Effect.sync(() => {
            log.push(id)
            slow.push(done)
          }).pipe(Effect.andThen(Deferred.await(done)))
        )
      }
    }
  }
  for (let n = 0; n < steps.length + 1; n++) {
    settle()
    makeRoom(steps.length)
    yield* Effect.yieldNow
  }
  assert.strictEqual(inbox.waitingBytes(), 0)
  return { log, sent, reading, most }
}, Effect.scoped)

describe("the inbox of an agent's messages", () => {
  it.effect("carries everything out in order, whatever has to wait", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(5), async (steps, ahead) => {
          const { log, most, reading, sent } = await Effect.runPromise(carriedOut(steps, ahead))
          assert.isAtMost(most, ahead, "the connection was read on with too much waiting")
          assert.deepStrictEqual(
            log,
            Array.from({ length: sent }, (_, n) => n)
          )
          assert.isTrue(reading)
        }),
        { numRuns: 100 }
      )
    )
  )

  it.effect("is read on while as much audio waits as it is told, and not longer", () =>
    Effect.gen(function* () {
      const start = yield* FiberSet.makeRuntime<never, void, never>()
      const read: Array<boolean> = []
      const waiting: Array<() => void> = []
      let room = 0
      const ports: InboxPorts = {
        play: () => room-- > 0,
        onRoom: (listener) => void waiting.push(listener),
        start,
        pause: () => void read.push(false),
        resume: () => void read.push(true)
      }
      const inbox = makeInbox({ ...ports, readAhead: 20 })
      inbox.audio(new Uint8Array(10))
      inbox.audio(new Uint8Array(10))
      assert.deepStrictEqual([inbox.waitingBytes(), inbox.isWaiting(), read], [20, false, []])
      inbox.audio(new Uint8Array(1))
      assert.deepStrictEqual([inbox.waitingBytes(), inbox.isWaiting(), read], [21, true, [false]])
      room = 1
      for (const wake of waiting.splice(0)) wake()
      assert.deepStrictEqual([inbox.waitingBytes(), inbox.isWaiting(), read], [11, false, [false, true]])
      inbox.audio(new Uint8Array(10))
      inbox.clear(Effect.void)
      assert.deepStrictEqual([inbox.waitingBytes(), read.at(-1)], [0, true])
    })
  )
})
