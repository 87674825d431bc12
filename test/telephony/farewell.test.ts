import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { AgentLeg } from "../../src/agents/AgentSpec.ts"
import { hangUp, mediaEnding } from "../../src/telephony/mediaEnding.ts"
import { begin } from "./support/place.ts"
import { makeTenant, world } from "./support/world.ts"

layer(world())("the agent's farewell", (it) => {
  it.effect("waits 5 s for the carrier's last word, and no longer", () =>
    Effect.gen(function* () {
      const { farewell } = yield* mediaEnding
      const call = yield* begin(yield* makeTenant())
      const said = yield* Deferred.make<{ readonly reason: string; readonly owner: string }>()
      const leg: AgentLeg = { run: () => Effect.never, ended: (end) => Effect.asVoid(Deferred.succeed(said, end)) }
      const saying = yield* Effect.forkChild(farewell(call, hangUp("agent_ended"), leg, Effect.never))
      yield* TestClock.adjust("4999 millis")
      yield* TestClock.withLive(Effect.sleep("50 millis"))
      assert.isFalse(yield* Deferred.isDone(said))
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(saying)
      assert.deepStrictEqual(yield* Deferred.await(said), { reason: "agent_ended", owner: "agent" })
    })
  )
})
