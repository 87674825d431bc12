import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { CallEnding } from "../../src/telephony/CallEnding.ts"
import { knownCall, says, stream } from "./support/knownCall.ts"
import { callOf, eventsOf } from "./support/place.ts"
import { world } from "./support/world.ts"

layer(world(), { excludeTestServices: true })("a media socket that closed by itself", (it) => {
  it.effect("leaves the last word to the carrier", () =>
    Effect.gen(function* () {
      const { call, script, calls } = yield* knownCall("inbound")
      const ending = yield* CallEnding
      yield* stream(call.id)
      const reconciling = ending.reconcile(call.id, "media_lost")
      const callback = Effect.delay(
        Effect.flatMap(says("completed"), (report) => calls.report(call.id, report)),
        "100 millis"
      )
      yield* Effect.all([reconciling, callback], { concurrency: 2 })
      assert.strictEqual((yield* callOf(call.id)).endReason, "caller_hung_up")
      assert.lengthOf(script.asked, 0)
    })
  )

  it.effect("is a lost socket when the carrier says that the call is still up: it is hung up", () =>
    Effect.gen(function* () {
      const { call, script } = yield* knownCall("inbound")
      const ending = yield* CallEnding
      yield* stream(call.id)
      script.callStatus = () => says("in-progress")
      yield* ending.reconcile(call.id, "media_lost")
      assert.strictEqual((yield* callOf(call.id)).endReason, "media_lost")
      assert.lengthOf(script.hungUp, 1)
      const ended = (yield* eventsOf(call.id)).filter(({ kind }) => kind === "call.ended")
      assert.lengthOf(ended, 1)
    })
  )

  it.effect("in an orderly way is no hang-up when the carrier says that the call is still up", () =>
    Effect.gen(function* () {
      for (const [direction, suspected] of [
        ["inbound", "caller_hung_up"],
        ["outbound", "callee_hung_up"]
      ] as const) {
        const { call, script } = yield* knownCall(direction)
        const ending = yield* CallEnding
        yield* stream(call.id)
        script.callStatus = () => says("in-progress")
        yield* ending.reconcile(call.id, suspected)
        assert.deepInclude(yield* callOf(call.id), { endReason: "media_lost", endOwner: "carrier" })
        assert.lengthOf(script.hungUp, 1)
      }
    })
  )
})
