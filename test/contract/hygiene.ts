import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { Pacer } from "../../src/transport/pacer.ts"
import { callsUntil, ours, speech, theirs } from "../support/app.ts"
import { assertHoldsNone, secretsOf } from "../support/hygiene.ts"
import type { Tests } from "./suite.ts"
import { endedRow, isOver, World } from "./world.ts"

/** Calls in the everyday run; `npm run soak` makes five hundred. */
const count = 40

/** What is left behind: nothing in memory, and no secret in the log. Runs last. */
export const hygieneTests: Tests = (it) => {
  it.effect("ends a call that lasts too long", () =>
    Effect.gen(function* () {
      const { endless } = yield* World
      yield* endless.until(isOver)
      assert.deepInclude(yield* endedRow(endless.id), { end_reason: "max_duration", end_owner: "gateway" })
    })
  )

  it.effect(`leaves nothing of ${count} calls behind`, () =>
    Effect.gen(function* () {
      const world = yield* World
      const one = Effect.gen(function* () {
        const call = yield* world.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
        yield* call.until((now) => now.heard.played.length >= 800 || isOver(now))
        yield* call.hangUp
        yield* call.until(isOver)
      })
      yield* Effect.all(
        Array.from({ length: count }, () => one),
        { concurrency: 8, discard: true }
      )
      yield* callsUntil(world, (rows) => rows.every(({ end_reason }) => end_reason !== null))
      const sessions = yield* Effect.provide(MediaSessions, world.context)
      const pacer = yield* Effect.provide(Pacer, world.context)
      yield* Effect.repeat(Effect.delay(sessions.live, "20 millis"), { until: (live) => live === 0 })
      assert.deepInclude(pacer.counts(), { registered: 0, awake: 0 })
    })
  )

  it.effect("never told its log a secret, a ticket or a token", () =>
    Effect.gen(function* () {
      const { carrier, log, spec } = yield* World
      const sensitive = new Set(spec.uiMetadata.fields.filter((field) => field.sensitive).map(({ name }) => name))
      const { callTokens, tickets } = yield* secretsOf(carrier)
      // A short value, such as a user's name, is a word that the log may hold for other reasons.
      const credentials = Object.entries(carrier.credentials).flatMap(([name, value]) =>
        sensitive.has(name) && typeof value === "string" && value.length >= 12 ? [value] : []
      )
      assert.isAtLeast(log.length, 20)
      assertHoldsNone(log.join("\n"), { callTokens, tickets, credentials }, ["agent-secret-0123456789"])
    })
  )
}
