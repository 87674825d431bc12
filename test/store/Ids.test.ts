import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { uuidV7 } from "../../src/store/Ids.ts"

/** Milliseconds since 1970: the first 48 bits. */
const time = (id = "") => Number.parseInt(id.replace("-", "").slice(0, 12), 16)

describe("uuidV7", () => {
  it.effect("gives version 7 keys that hold the time, never repeat and sort as they were made", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_800_000_000_000)
      const first = yield* Effect.forEach(Array.from({ length: 1000 }), () => uuidV7)
      yield* TestClock.adjust("1 second")
      const later = yield* Effect.forEach(Array.from({ length: 10 }), () => uuidV7)
      const ids = [...first, ...later]
      for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.deepStrictEqual(ids, [...new Set(ids)].sort())
      assert.deepStrictEqual([time(first[0]), time(later[0])], [1_800_000_000_000, 1_800_000_001_000])
    })
  )
})
