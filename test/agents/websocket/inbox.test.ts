import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, FiberSet } from "effect"
import * as fc from "fast-check"
import { makeInbox } from "../../../src/agents/socket/inbox.ts"

type Step = { readonly do: "audio" | "control" | "slow" | "room" | "settle" }

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom("audio", "control", "slow", "room", "settle")
})

/** An inbox whose surroundings do what the steps say; gives what was carried out, in order. */
const carriedOut = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
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
  const inbox = makeInbox({
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
  })
  let sent = 0
  for (const { do: what } of steps) {
    const id = sent % 256
    if (what === "room") makeRoom(1)
    else if (what === "settle") {
      settle()
      yield* Effect.yieldNow
    } else {
      sent += 1
      if (what === "audio") inbox.audio(Uint8Array.of(id))
      else if (what === "control") inbox.control(Effect.sync(() => void log.push(id)))
      else {
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
  return { log, sent, reading }
}, Effect.scoped)

describe("the inbox of an agent's messages", () => {
  it.effect("carries everything out in order, whatever has to wait", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const { log, reading, sent } = await Effect.runPromise(carriedOut(steps))
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
})
