import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, endOf, ours, setUp, speech, theirs } from "../support/app.ts"
import { destination, dial } from "../support/dialing.ts"

const oneSecond = App.layer(simulator, "twilio", { SWITCHBOARD_MAX_CALL_SECONDS: "1" })

layer(oneSecond, { excludeTestServices: true })("a call that lasts too long", (it) => {
  it.effect("is ended by us, and says so: the carrier's own limit, which would look like a hang-up, comes later", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* setUp(app)
      const incoming = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      const outgoing = yield* dial(destination(1), { outcome: "answer", audio: speech })
      for (const call of [incoming, outgoing.call]) {
        const end = yield* endOf(app, call.id)
        assert.deepInclude(end, { status: "completed", end_reason: "max_duration", end_owner: "gateway" })
        assert.strictEqual((yield* call.settled).state, "completed")
      }
    })
  )
})
