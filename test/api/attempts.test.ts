import { assert, describe, it } from "@effect/vitest"
import { Attempts, attemptWindow, maxAttempts } from "../../src/api/attempts.ts"

describe("attempts", () => {
  it("are limited for one client and not for others, and again allowed when the window is over", () => {
    const attempts = new Attempts()
    for (let n = 0; n < maxAttempts; n++) assert.isUndefined(attempts.begin("a", 1000))
    assert.strictEqual(attempts.begin("a", 1000), attemptWindow)
    assert.strictEqual(attempts.begin("a", 1000 + attemptWindow - 1), 1)
    assert.isUndefined(attempts.begin("b", 1000))
    assert.isUndefined(attempts.begin("a", 1000 + attemptWindow))
  })

  it("do not count when they were right", () => {
    const attempts = new Attempts()
    for (let n = 0; n < 3 * maxAttempts; n++) {
      assert.isUndefined(attempts.begin("a", 1000))
      attempts.succeeded("a")
    }
  })

  it("of many clients do not grow for ever", () => {
    const attempts = new Attempts()
    for (let n = 0; n < maxAttempts; n++) attempts.begin("first", 0)
    for (let n = 0; n < 10_000; n++) attempts.begin(String(n), 1)
    assert.isUndefined(attempts.begin("first", 2))
  })
})
