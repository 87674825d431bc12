import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect } from "effect"
import { ServeError } from "effect/http/HttpServerError"
import { startFailure } from "../src/startFailure.ts"

class Broken extends Error {}

describe("a start that failed", () => {
  it.effect("is told by what the errors say, each once", () =>
    Effect.sync(() => {
      const cause = Cause.combine(
        Cause.combine(Cause.fail(new Broken("The key is gone.")), Cause.fail(new Broken("The key is gone."))),
        Cause.fail(new Broken("The disk is full."))
      )
      assert.strictEqual(startFailure(cause), "Switchboard did not start. The key is gone.\nThe disk is full.")
    })
  )

  it.effect("on an address that cannot be had names the address and the settings", () =>
    Effect.sync(() => {
      const cause = new Error("listen EADDRINUSE: address already in use 127.0.0.1:8080")
      assert.strictEqual(
        startFailure(Cause.fail(new ServeError({ cause }))),
        "Switchboard did not start. It cannot listen: address already in use 127.0.0.1:8080. Set HOST and PORT to an address of this machine that nothing else listens on."
      )
    })
  )

  it.effect("by a defect tells everything", () =>
    Effect.sync(() => {
      const told = startFailure(Cause.die(new Error("half a table")))
      assert.match(told, /half a table/)
      assert.match(told, /startFailure\.test\.ts/)
    })
  )
})
