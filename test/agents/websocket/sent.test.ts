import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ProblemCode } from "../../../src/agents/websocket/messages.ts"
import { agentServer } from "../support/agentServer.ts"
import { committedSchema, wrongFromSwitchboard } from "../support/committedSchema.ts"
import { startCall, until } from "../support/legs.ts"

const Reference = Schema.Struct({ $ref: Schema.String })
const Document = Schema.Struct({
  $defs: Schema.Record(Schema.String, Schema.Unknown)
})
const Side = Schema.Struct({ anyOf: Schema.Array(Reference) })
const Named = Schema.Struct({
  properties: Schema.Struct({ type: Schema.Struct({ enum: Schema.Tuple([Schema.String]) }) })
})

/** The types of the messages that the committed JSON Schema lets Switchboard send. */
const types = () => {
  const { $defs } = Schema.decodeUnknownSync(Document)(committedSchema)
  const side = Schema.decodeUnknownSync(Side)($defs["FromSwitchboard"])
  return side.anyOf.map(({ $ref }) => {
    const named = Schema.decodeUnknownSync(Named)($defs[$ref.replace("#/$defs/", "")])
    return named.properties.type.enum[0]
  })
}

const field = (name: string) => (message: unknown) => String(Reflect.get(Object(message), name))

describe("what Switchboard really sends", () => {
  it.live("is as the committed JSON Schema says, and every message of the schema is really sent", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { events, leg, media, visit } = yield* startCall(server, {
        attempt: 2,
        settings: { encoding: "mulaw" },
        refusals: {
          transfer: "not_allowed",
          digits: { reason: "digits_not_supported", message: "not here" },
          recording: { reason: "recording_refused", message: "too often" }
        }
      })
      media.emit({ _tag: "Digit", digit: "5", durationMs: 120.4 })
      media.emit({ _tag: "Digit", digit: "#" })
      yield* visit.speak(new Uint8Array(160))
      yield* visit.say({ type: "mark", name: "greeting" })
      yield* visit.say({ type: "clear" })
      yield* visit.nextOf("cleared")
      media.emit({ _tag: "Mark", name: "later", heardMs: 1234.5, cleared: false })
      yield* visit.say({ type: "digits", digits: "1" })
      yield* visit.say({ type: "transfer", destination: "+31207654321" })
      yield* visit.say({ type: "recording", action: "start" })
      yield* visit.say("nonsense")
      yield* visit.say({ type: "mark", name: "x", padding: "x".repeat(65 * 1024) })
      yield* visit.say({ type: "event", name: "large", data: "x".repeat(9 * 1024) })
      yield* visit.say({ type: "event", name: "fits" })
      yield* until(() => events.length === 1)
      yield* leg.transferState?.({ state: "dialing" }) ?? Effect.void
      yield* leg.event?.({ name: "order.changed", data: { order: 7 } }) ?? Effect.void
      yield* leg.event?.({ name: "bare", data: null }) ?? Effect.void
      const detected = {
        _tag: "Answered",
        source: "switchboard",
        result: "machine",
        reason: "beep",
        atMs: 2640.4
      } as const
      yield* leg.answeringMachine?.(detected) ?? Effect.void
      yield* leg.answeringMachine?.({ _tag: "Answered", source: "carrier", result: "human", atMs: 0 }) ?? Effect.void
      yield* leg.answeringMachine?.({ _tag: "Beep", atMs: 9120 }) ?? Effect.void
      yield* leg.ended({ reason: "caller_hung_up", owner: "caller" })
      yield* visit.nextOf("call.end")

      const failing = yield* startCall(server, {
        refusals: {
          digits: { reason: "digits_failed", message: "not now" },
          recording: { reason: "not_recording", message: "not recorded" }
        }
      })
      yield* failing.visit.say({ type: "digits", digits: "1" })
      yield* failing.visit.nextOf("error")
      yield* failing.visit.say({ type: "recording", action: "pause" })
      yield* failing.visit.nextOf("error")

      for (const reason of ["not_recording", "recording_refused"] as const) {
        const refused = yield* startCall(server, { refusals: { recording: { reason, message: "not now" } } })
        yield* refused.visit.say({ type: "recording", action: "pause" })
        yield* refused.visit.nextOf("error")
      }

      const sent = server.sent()
      for (const message of sent) assert.isUndefined(wrongFromSwitchboard(message), JSON.stringify(message))
      assert.deepStrictEqual(new Set(sent.map(field("type"))), new Set(types()))
      const problems = sent.filter((message) => field("type")(message) === "error")
      assert.deepStrictEqual(new Set(problems.map(field("code"))), new Set(ProblemCode.literals))
    })
  )

  it("would be found out where it is not", () => {
    const start = { type: "digit", digit: "5" }
    assert.isUndefined(wrongFromSwitchboard(start))
    for (const wrong of [{}, { ...start, digit: 5 }, { ...start, undocumented: true }, { type: "dance" }]) {
      assert.isDefined(wrongFromSwitchboard(wrong), JSON.stringify(wrong))
    }
  })
})
