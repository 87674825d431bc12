import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { CallReports } from "../../src/carrier/ProviderRoute.ts"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { databases } from "../support/database.ts"
import { knownCall, says, stream } from "./support/knownCall.ts"
import { callOf, eventually, kindsOf, payloadOf } from "./support/place.ts"
import { world } from "./support/world.ts"

const failure = { dedupeKey: "stream-1", error: "Handshake failed: 404" }

for (const [name, database] of databases)
  layer(world(database), { excludeTestServices: true })(`a media stream that the carrier lost, on ${name}`, (it) => {
    it.effect("ends its call at once, with the carrier's words, and is told to it once", () =>
      Effect.gen(function* () {
        const { call, script } = yield* knownCall("inbound")
        const reports = yield* CallReports
        yield* Effect.forEach([1, 2, 3], () => reports.mediaFailed({ callId: call.id }, failure), { concurrency: 3 })
        assert.deepInclude(yield* callOf(call.id), { endReason: "media_never_started", endOwner: "carrier" })
        yield* eventually(kindsOf(call.id), (kinds) => kinds.includes("hangup.accepted"))
        assert.lengthOf(script.hungUp, 1)
        assert.deepStrictEqual(yield* payloadOf(call.id, "media.failed"), { error: failure.error })
        yield* reports.status({ callId: call.id }, yield* says("completed"))
        assert.deepInclude(yield* callOf(call.id), { status: "completed", endReason: "media_never_started" })
      })
    )

    it.effect("is the reason also when the carrier's end of the call comes first", () =>
      Effect.gen(function* () {
        const { call, script } = yield* knownCall("inbound")
        const reports = yield* CallReports
        yield* reports.status({ callId: call.id }, yield* says("completed"))
        assert.deepInclude(yield* callOf(call.id), { endReason: "caller_hung_up" })
        yield* reports.mediaFailed({ callId: call.id }, failure)
        yield* reports.mediaFailed({ callId: call.id }, failure)
        assert.deepInclude(yield* callOf(call.id), { endReason: "media_never_started", endOwner: "carrier" })
        const kinds = yield* kindsOf(call.id)
        assert.deepStrictEqual(kinds.slice(-2), ["media.failed", "call.reason_corrected"])
        assert.deepStrictEqual(yield* payloadOf(call.id, "call.reason_corrected"), {
          presumed: "caller_hung_up",
          reason: "media_never_started"
        })
        assert.lengthOf(script.hungUp, 0)
      })
    )

    it.effect("in the middle of a talk is a lost one, and its session is told to close", () =>
      Effect.gen(function* () {
        const { call } = yield* knownCall("outbound")
        const reports = yield* CallReports
        const commands = yield* CallCommands
        yield* stream(call.id)
        const told: Array<string> = []
        yield* commands.serve(call.id, (command) =>
          Effect.sync(() => {
            told.push(command._tag)
            return { ok: true, detail: "" }
          })
        )
        yield* reports.mediaFailed({ callId: call.id }, failure)
        assert.deepInclude(yield* callOf(call.id), { endReason: "media_lost", status: "completed" })
        yield* eventually(
          Effect.sync(() => told.length),
          (count) => count === 1
        )
        assert.deepStrictEqual(told, ["HangUp"])
      })
    )

    it.effect("after it had ended well is kept in the log, and changes nothing", () =>
      Effect.gen(function* () {
        const { call, calls } = yield* knownCall("inbound")
        const reports = yield* CallReports
        yield* stream(call.id)
        yield* calls.moveMedia(call.id, "ended")
        yield* reports.mediaFailed({ callId: call.id }, failure)
        assert.isUndefined((yield* callOf(call.id)).endedAt)
        yield* reports.status({ callId: call.id }, yield* says("completed"))
        assert.deepInclude(yield* callOf(call.id), { endReason: "caller_hung_up" })
        assert.include(yield* kindsOf(call.id), "media.failed")
      })
    )
  })
