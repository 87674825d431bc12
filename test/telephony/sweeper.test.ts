import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { CallEnding } from "../../src/telephony/CallEnding.ts"
import { HeldCalls } from "../../src/telephony/HeldCalls.ts"
import { renewLeases } from "../../src/telephony/Leases.ts"
import { Node } from "../../src/telephony/Node.ts"
import { Sweeper } from "../../src/telephony/Sweeper.ts"
import { databases } from "../support/database.ts"
import { carrierError } from "./support/fakeCarrier.ts"
import { begin, callOf, eventually, kindsOf, liveCalls, makeLate } from "./support/place.ts"
import { knownCall, says, stream } from "./support/knownCall.ts"
import { world } from "./support/world.ts"

/** A call that the carrier knows, and the sweeper. */
const fresh = Effect.fnUntraced(function* (direction?: "inbound" | "outbound") {
  return { ...(yield* knownCall(direction)), sweeper: yield* Sweeper }
})

for (const [name, database] of databases)
  layer(world(database), { excludeTestServices: true })(`the sweeper on ${name}`, (it) => {
    it.effect("leaves calls within their deadline alone", () =>
      Effect.gen(function* () {
        const { script, call, sweeper } = yield* fresh()
        yield* sweeper.sweep
        assert.lengthOf(script.asked, 0)
        assert.isUndefined((yield* callOf(call.id)).endedAt)
      })
    )

    it.effect(
      "believes the carrier about an overdue call: its end, with the reason that a callback would have given",
      () =>
        Effect.gen(function* () {
          const { tenant, script, call, calls, sweeper } = yield* fresh()
          yield* calls.report(
            call.id,
            yield* Effect.map(says("in-progress"), (report) => ({ ...report, dedupeKey: "x" }))
          )
          script.callStatus = () => says("completed")
          yield* makeLate(call.id, "deadline_at")
          yield* sweeper.sweep
          assert.deepInclude(yield* callOf(call.id), {
            status: "completed",
            endReason: "callee_hung_up",
            durationMs: 5000
          })
          assert.lengthOf(script.hungUp, 0)
          assert.strictEqual(yield* liveCalls(tenant), 0)
        })
    )

    it.effect("gives a call whose callback was lost the deadline of the state that it is really in", () =>
      Effect.gen(function* () {
        const { script, call, sweeper } = yield* fresh()
        script.callStatus = () => says("in-progress")
        yield* makeLate(call.id, "deadline_at")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { status: "in-progress", endedAt: undefined })
        yield* sweeper.sweep
        assert.lengthOf(script.asked, 1)
        yield* makeLate(call.id, "deadline_at")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { endReason: "media_never_started" })
        assert.lengthOf(script.hungUp, 1)
      })
    )

    it.effect("gets on with the other calls when one cannot be swept: the carrier names another call's id for it", () =>
      Effect.gen(function* () {
        const { tenant, call, script, sweeper } = yield* fresh()
        const confused = yield* begin(tenant)
        const other = yield* begin(tenant, { providerCallId: "CA-other" })
        script.callStatus = ({ providerCallId }) =>
          Effect.map(says(providerCallId === "CA-other" ? "busy" : "ringing"), (report) => ({
            ...report,
            providerCallId: providerCallId ?? "CA-asked"
          }))
        for (const id of [confused.id, other.id]) yield* makeLate(id, "deadline_at")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(other.id), { endReason: "busy" })
        assert.deepInclude(yield* callOf(confused.id), { providerCallId: undefined, endedAt: undefined })
        assert.deepStrictEqual(
          script.asked.find(({ callId }) => callId === confused.id)?.otherCalls,
          new Set(["CA-asked", "CA-other"])
        )
        assert.strictEqual((yield* callOf(call.id)).providerCallId, "CA-asked")
      })
    )

    it.effect("closes a dial that the carrier does not know of", () =>
      Effect.gen(function* () {
        const { call, script, sweeper } = yield* fresh()
        yield* makeLate(call.id, "deadline_at")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { status: "failed", endReason: "dial_unknown" })
        assert.lengthOf(script.hungUp, 0)
      })
    )

    it.effect("closes an answered call that the carrier has forgotten", () =>
      Effect.gen(function* () {
        const { call, sweeper } = yield* fresh("inbound")
        yield* stream(call.id)
        yield* makeLate(call.id, "deadline_at")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { status: "completed", endReason: "status_lost" })
      })
    )

    it.effect("hangs up what rings too long, lasts too long, or never got its media", () =>
      Effect.gen(function* () {
        for (const [prepare, status, reason] of [
          ["ring", "ringing", "no_answer"],
          ["stream", "in-progress", "max_duration"],
          ["none", "in-progress", "media_never_started"],
          ["ended", "in-progress", "media_lost"]
        ] as const) {
          const { call, script, calls, sweeper } = yield* fresh()
          script.callStatus = () => says(status)
          yield* calls.report(call.id, yield* says(status))
          if (prepare === "stream" || prepare === "ended") yield* stream(call.id)
          if (prepare === "ended") yield* calls.moveMedia(call.id, "ended")
          yield* makeLate(call.id, "deadline_at")
          yield* sweeper.sweep
          assert.strictEqual((yield* callOf(call.id)).endReason, reason)
          assert.strictEqual(script.hungUp[0]?.callId, call.id, reason)
          assert.include(yield* kindsOf(call.id), "hangup.accepted")
        }
      })
    )

    it.effect("waits for a carrier that does not answer", () =>
      Effect.gen(function* () {
        const { call, script, sweeper } = yield* fresh()
        script.callStatus = () => carrierError("unavailable")
        yield* makeLate(call.id, "deadline_at")
        yield* sweeper.sweep
        yield* sweeper.sweep
        assert.isUndefined((yield* callOf(call.id)).endedAt)
        assert.lengthOf(script.asked, 1)
      })
    )

    it.effect("closes the calls of a lost node, tells the carrier, and frees their slots", () =>
      Effect.gen(function* () {
        const { tenant, call, script, sweeper } = yield* fresh("inbound")
        yield* stream(call.id)
        yield* sweeper.sweep
        assert.isUndefined((yield* callOf(call.id)).endedAt)
        yield* makeLate(call.id, "lease_until")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { endReason: "node_lost", endOwner: "gateway", status: "completed" })
        assert.lengthOf(script.hungUp, 1)
        assert.strictEqual(yield* liveCalls(tenant), 0)
        yield* sweeper.sweep
        assert.lengthOf(script.hungUp, 1)
      })
    )

    it.effect("lets a call that had no audio yet outlive the node that began it", () =>
      Effect.gen(function* () {
        const { call, script, sweeper } = yield* fresh()
        script.callStatus = () => says("ringing")
        yield* makeLate(call.id, "lease_until")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { status: "ringing", endedAt: undefined, nodeId: undefined })
        yield* sweeper.sweep
        assert.lengthOf(script.asked, 1)
      })
    )

    it.effect("tells the carrier again that could not be told that a call is over", () =>
      Effect.gen(function* () {
        const { call, script, sweeper } = yield* fresh()
        const ending = yield* CallEnding
        script.hangUp = () => carrierError("credentials")
        yield* ending.hangUp(call.id, "agent_ended")
        assert.strictEqual((yield* callOf(call.id)).endReason, "agent_ended")
        assert.include(yield* kindsOf(call.id), "hangup.uncertain")
        script.hangUp = () => Effect.void
        yield* sweeper.sweep
        assert.lengthOf(script.hungUp, 1)
        yield* makeLate(call.id, "hangup_due_at")
        yield* sweeper.sweep
        yield* sweeper.sweep
        assert.lengthOf(script.hungUp, 2)
        assert.include(yield* kindsOf(call.id), "hangup.accepted")
      })
    )

    it.effect("never hangs up a call that the carrier ended itself", () =>
      Effect.gen(function* () {
        const { call, script, calls, sweeper } = yield* fresh()
        yield* calls.end(call.id, "agent_ended", { tellCarrier: true })
        yield* calls.report(call.id, yield* says("completed"))
        yield* sweeper.sweep
        assert.lengthOf(script.hungUp, 0)
        const sql = yield* SqlClient.SqlClient
        assert.lengthOf(yield* sql`SELECT 1 FROM calls WHERE id = ${call.id} AND hangup_due_at IS NOT NULL`, 0)
      })
    )

    it.effect("closes an inbound call whose media never opens at its first deadline, lost callbacks or not", () =>
      Effect.gen(function* () {
        const { call, script, sweeper } = yield* fresh("inbound")
        script.callStatus = () => says("in-progress")
        yield* makeLate(call.id, "deadline_at")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { status: "in-progress", endedAt: undefined })
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { status: "completed", endReason: "media_never_started" })
        assert.lengthOf(script.hungUp, 1)
      })
    )

    it.effect("lets alone what moved on while its carrier was asked", () =>
      Effect.gen(function* () {
        const { call, script, calls, sweeper } = yield* fresh()
        for (const answer of [Effect.undefined, carrierError("unavailable")]) {
          script.callStatus = () =>
            Effect.andThen(
              Effect.orDie(Effect.flatMap(says("ringing"), (report) => calls.report(call.id, report))),
              answer
            )
          yield* makeLate(call.id, "deadline_at")
          for (let times = 0; times < 2; times++) yield* sweeper.sweep
        }
        assert.isUndefined((yield* callOf(call.id)).endedAt)
      })
    )

    it.effect("goes on past a call that it cannot even read", () =>
      Effect.gen(function* () {
        const { tenant, call, sweeper } = yield* fresh("inbound")
        yield* stream(call.id)
        const unreadable = yield* begin(tenant, { direction: "inbound", providerCallId: "CA-unreadable" })
        yield* stream(unreadable.id)
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE calls SET media_state = 'of-the-future', lease_until = clock_timestamp() - interval '1 minute'
          WHERE id = ${unreadable.id}`
        yield* makeLate(call.id, "lease_until")
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { endReason: "node_lost" })
        yield* sql`UPDATE calls SET media_state = 'streaming' WHERE id = ${unreadable.id}`
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(unreadable.id), { endReason: "node_lost" })
      })
    )

    it.effect("frees the slots of a lost node before it waits for any carrier", () =>
      Effect.gen(function* () {
        const { tenant, call, script, sweeper } = yield* fresh("inbound")
        const held = [call.id]
        for (let n = 0; n < 9; n++)
          held.push((yield* begin(tenant, { direction: "inbound", providerCallId: `CA-${n}` })).id)
        for (const id of held) {
          yield* stream(id)
          yield* makeLate(id, "lease_until")
        }
        script.hangUp = () => Effect.never
        script.callStatus = () => Effect.never
        const sweeping = yield* Effect.forkChild(sweeper.sweep)
        yield* eventually(liveCalls(tenant), (count) => count === 0)
        assert.isAtMost(script.hungUp.length, 8)
        yield* Fiber.interrupt(sweeping)
      })
    )

    it.effect("takes the call of a session that died on a living node for lost", () =>
      Effect.gen(function* () {
        const { call, script, sweeper } = yield* fresh("inbound")
        const held = yield* HeldCalls
        yield* stream(call.id)
        const release = yield* held.hold(call.id)
        const sql = yield* SqlClient.SqlClient
        const lease = Effect.map(
          sql`SELECT 1 FROM calls WHERE id = ${call.id} AND lease_until > clock_timestamp()`,
          (rows) => rows.length
        )
        yield* makeLate(call.id, "lease_until")
        yield* renewLeases
        assert.strictEqual(yield* lease, 1)
        yield* release
        yield* makeLate(call.id, "lease_until")
        yield* renewLeases
        assert.strictEqual(yield* lease, 0)
        yield* sweeper.sweep
        assert.deepInclude(yield* callOf(call.id), { endReason: "node_lost" })
        assert.lengthOf(
          script.hungUp.filter(({ callId }) => callId === call.id),
          1
        )
      })
    )

    it.effect("finds the leases of this node's live calls renewed, and nobody else's", () =>
      Effect.gen(function* () {
        const { call } = yield* fresh()
        yield* makeLate(call.id, "lease_until")
        const other = yield* Layer.build(Layer.fresh(Node.layer))
        yield* Effect.provide(renewLeases, other)
        const sql = yield* SqlClient.SqlClient
        const expired = sql`SELECT 1 FROM calls WHERE id = ${call.id} AND lease_until < clock_timestamp()`
        assert.lengthOf(yield* expired, 1)
        yield* renewLeases
        assert.lengthOf(yield* expired, 0)
      })
    )
  })
layer(world(), { excludeTestServices: true })("the running sweeper", (it) => {
  it.effect("at the start of the embedded service closes what the process before held", () =>
    Effect.gen(function* () {
      const { call, script } = yield* fresh("inbound")
      yield* stream(call.id)
      const sql = yield* SqlClient.SqlClient
      yield* sql`UPDATE calls SET node_id = 'the-process-before' WHERE id = ${call.id}`
      const hungUp = Effect.sync(() => script.hungUp.length)
      yield* Effect.scoped(
        Effect.andThen(
          Layer.build(Sweeper.run),
          eventually(hungUp, (count) => count === 1)
        )
      )
      assert.strictEqual((yield* callOf(call.id)).endReason, "node_lost")
    })
  )
})

layer(world())("the sweeper after its database was away", (it) => {
  it.effect("gives every node the time to renew its leases before it calls one lost", () =>
    Effect.gen(function* () {
      const { call, sweeper } = yield* fresh("inbound")
      yield* sweeper.sweep
      yield* stream(call.id)
      yield* makeLate(call.id, "lease_until")
      yield* TestClock.adjust("30 seconds")
      yield* sweeper.sweep
      yield* TestClock.adjust("9 seconds")
      yield* sweeper.sweep
      assert.isUndefined((yield* callOf(call.id)).endedAt)
      yield* TestClock.adjust("4 seconds")
      yield* sweeper.sweep
      assert.deepInclude(yield* callOf(call.id), { endReason: "node_lost" })
    })
  )
})

layer(world())("the sweeper and a carrier that never answers", (it) => {
  it.effect("ask five times in four minutes, and then decide alone", () =>
    Effect.gen(function* () {
      const { call, script, sweeper } = yield* fresh()
      script.callStatus = () => carrierError("unavailable")
      yield* makeLate(call.id, "deadline_at")
      const pauses = ["0 seconds", "10 seconds", "30 seconds", "60 seconds", "120 seconds"] as const
      for (const [index, pause] of pauses.entries()) {
        assert.isUndefined((yield* callOf(call.id)).endedAt)
        yield* TestClock.adjust(pause)
        yield* sweeper.sweep
        assert.lengthOf(script.asked, index + 1)
      }
      assert.deepInclude(yield* callOf(call.id), { status: "failed", endReason: "dial_unknown" })
    })
  )
})
