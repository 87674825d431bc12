import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { TransferLegReport } from "../../src/carrier/TransferStrategy.ts"
import { CallCommands, type CallCommand } from "../../src/telephony/CallCommands.ts"
import { CallEnding } from "../../src/telephony/CallEnding.ts"
import type { TransferWish } from "../../src/telephony/TransferRequest.ts"
import { Transfers } from "../../src/telephony/Transfers.ts"
import { TransferStore } from "../../src/telephony/TransferStore.ts"
import { databases } from "../support/database.ts"
import { carrierError } from "./support/fakeCarrier.ts"
import { knownCall, says, stream } from "./support/knownCall.ts"
import { callOf, eventually, kindsOf } from "./support/place.ts"
import { world } from "./support/world.ts"

const destination = "+442071838123"

/** A call with its media open, and what its agent is told. */
const talking = Effect.fnUntraced(function* (direction: "inbound" | "outbound" = "inbound") {
  const known = yield* knownCall(direction)
  yield* stream(known.call.id)
  const commands = yield* CallCommands
  const told: Array<CallCommand> = []
  yield* commands.serve(known.call.id, (command) =>
    Effect.sync(() => {
      told.push(command)
      return { ok: true, detail: "" }
    })
  )
  const states = () =>
    told.flatMap((command) =>
      command._tag === "TransferState"
        ? [command.reason ?? command.state]
        : command._tag === "Release"
          ? ["release"]
          : []
    )
  return { ...known, states }
})

const begin = Effect.fnUntraced(function* (callId: string, wish: Partial<TransferWish> = {}) {
  const transfers = yield* Transfers
  return yield* transfers.request(yield* callOf(callId), { destination, ...wish }, "operator")
})

const now = (id: string) =>
  Effect.gen(function* () {
    const store = yield* TransferStore
    return Option.getOrThrow(yield* store.find(id))
  })

const becomes = (id: string, state: string) => eventually(now(id), (transfer) => transfer.state === state)

const leg = (state: TransferLegReport["state"], more: Partial<TransferLegReport> = {}): TransferLegReport => ({
  providerCallId: "leg-1",
  state,
  rawStatus: state,
  dedupeKey: state,
  ...more
})

const report = Effect.fnUntraced(function* (id: string, told: TransferLegReport) {
  const transfers = yield* Transfers
  yield* transfers.report(id, told)
})

/** The destination was dialled, and the dial's answer stored. */
const dialled = (id: string) => eventually(now(id), ({ destinationCallId }) => destinationCallId !== undefined)

for (const [name, database] of databases)
  layer(world(database), { excludeTestServices: true })(`transfers on ${name}`, (it) => {
    it.effect("dial, join and let go of the media, and end with the destination", () =>
      Effect.gen(function* () {
        const { call, script, states, tenant } = yield* talking()
        const { id } = yield* begin(call.id, { timeoutSeconds: 20 })
        yield* dialled(id)
        const [plan] = script.destinations
        assert.deepInclude(plan, { transferId: id, destination, callerId: call.to, ringTimeoutSeconds: 20 })
        assert.include(plan?.links.route("/leg"), "https://gateway.example/api/v1/telephony/fake/leg/")
        yield* report(id, leg("ringing"))
        yield* report(id, leg("answered"))
        yield* becomes(id, "bridged")
        yield* eventually(Effect.sync(states), (told) => told.includes("release"))
        assert.deepStrictEqual(states(), ["dialing", "ringing", "bridging", "bridged", "release"])
        assert.strictEqual(script.joined[0]?.destinationCallId, "leg-1")
        assert.lengthOf(script.hungUp, 0)
        const moved = yield* callOf(call.id)
        assert.isUndefined(moved.endedAt)
        assert.isDefined(moved.transferredAt)
        assert.isUndefined(moved.nodeId)

        yield* report(id, leg("ended"))
        const over = yield* eventually(callOf(call.id), ({ endedAt }) => endedAt !== undefined)
        assert.deepInclude(over, { status: "completed", endReason: "transferred", endOwner: "agent" })
        assert.lengthOf(script.hungUp, 1)
        assert.includeMembers(
          [...(yield* kindsOf(call.id))],
          ["transfer.requested", "transfer.dialing", "transfer.bridged"]
        )
        assert.strictEqual(tenant.organizationId, call.organizationId)
      }).pipe(Effect.scoped)
    )

    it.effect("do each step once, however often and in whatever order the carrier tells", () =>
      Effect.gen(function* () {
        const { call, script } = yield* talking()
        const { id } = yield* begin(call.id)
        yield* dialled(id)
        yield* Effect.all(
          [leg("answered"), leg("answered"), leg("ringing"), leg("answered", { dedupeKey: "again" })].map((told) =>
            report(id, told)
          ),
          { concurrency: "unbounded" }
        )
        yield* becomes(id, "bridged")
        yield* report(id, leg("answered"))
        yield* report(id, leg("ringing"))
        assert.lengthOf(script.destinations, 1)
        assert.lengthOf(script.joined, 1)
        assert.strictEqual((yield* now(id)).state, "bridged")
      }).pipe(Effect.scoped)
    )

    it.effect("take callbacks that come before the carrier has answered the dial", () =>
      Effect.gen(function* () {
        const { call, script } = yield* talking()
        const answer = yield* Deferred.make<void>()
        script.dialDestination = () =>
          Effect.as(Deferred.await(answer), { providerCallId: "leg-of-the-dial", rawStatus: "queued" })
        const { id } = yield* begin(call.id)
        yield* becomes(id, "dialing")
        yield* report(id, leg("answered"))
        yield* becomes(id, "bridged")
        yield* Deferred.succeed(answer, undefined)
        yield* Effect.sleep("50 millis")
        assert.strictEqual((yield* now(id)).destinationCallId, "leg-1")
        assert.lengthOf(script.dropped, 0)
      }).pipe(Effect.scoped)
    )

    it.effect("fail with the destination's reason, and leave the caller where it was", () =>
      Effect.gen(function* () {
        const { call, script, states } = yield* talking()
        const { id } = yield* begin(call.id)
        yield* dialled(id)
        yield* report(id, leg("ended", { failure: "busy" }))
        assert.deepInclude(yield* becomes(id, "failed"), { failure: "busy" })
        assert.deepStrictEqual(states(), ["dialing", "busy"])
        assert.lengthOf(script.joined, 0)
        assert.isUndefined((yield* callOf(call.id)).endedAt)
        // Another one may begin.
        const next = yield* begin(call.id)
        assert.notStrictEqual(next.id, id)
      }).pipe(Effect.scoped)
    )

    it.effect("fail at once when the carrier refuses to dial, with the carrier's words", () =>
      Effect.gen(function* () {
        const { call, script } = yield* talking()
        script.dialDestination = () => Effect.fail(carrierError("rejected", "No such country."))
        const { id } = yield* begin(call.id)
        assert.deepInclude(yield* becomes(id, "failed"), { failure: "rejected", failureMessage: "No such country." })
      }).pipe(Effect.scoped)
    )

    it.effect("give the caller back when the two cannot be joined, and end the destination's leg", () =>
      Effect.gen(function* () {
        const { call, script, states } = yield* talking()
        script.join = () => Effect.fail(carrierError("rejected", "The call has no such state."))
        const { id } = yield* begin(call.id)
        yield* dialled(id)
        yield* report(id, leg("answered"))
        assert.deepInclude(yield* becomes(id, "failed"), { failure: "bridge_failed" })
        const dropped = Effect.sync(() => script.dropped.find(({ transferId }) => transferId === id))
        const ended = yield* eventually(dropped, (transfer) => transfer !== undefined)
        assert.strictEqual(ended?.destinationCallId, "leg-1")
        assert.deepStrictEqual(states(), ["dialing", "bridging", "bridge_failed"])
        assert.isUndefined((yield* callOf(call.id)).endedAt)
      }).pipe(Effect.scoped)
    )

    it.effect("are called off when the caller is gone, also while the dial is still under way", () =>
      Effect.gen(function* () {
        const { call, calls, script } = yield* talking()
        const { tend } = yield* Transfers
        const answer = yield* Deferred.make<void>()
        script.dialDestination = (plan) =>
          Effect.as(Deferred.await(answer), { providerCallId: `leg-${plan.transferId}`, rawStatus: "queued" })
        const { id } = yield* begin(call.id)
        yield* becomes(id, "dialing")
        yield* Effect.flatMap(says("completed"), (over) => calls.report(call.id, over))
        assert.deepInclude(yield* now(id), { state: "canceled", failure: "caller_gone" })
        yield* tend
        yield* Deferred.succeed(answer, undefined)
        yield* eventually(
          Effect.sync(() => script.dropped.map(({ destinationCallId }) => destinationCallId)),
          (ids) => ids.includes(`leg-${id}`)
        )
        // A destination that answers all the same is not joined with anybody.
        yield* report(id, leg("answered"))
        assert.lengthOf(script.joined, 0)
      }).pipe(Effect.scoped)
    )

    it.effect("end the destination's leg when a caller who was joined with it leaves", () =>
      Effect.gen(function* () {
        const { call, calls, script } = yield* talking()
        const { tend } = yield* Transfers
        const { id } = yield* begin(call.id)
        yield* dialled(id)
        yield* report(id, leg("answered"))
        yield* becomes(id, "bridged")
        yield* Effect.flatMap(says("completed"), (over) => calls.report(call.id, over))
        assert.deepInclude(yield* callOf(call.id), { endReason: "transferred", endOwner: "agent" })
        const drops = () => script.dropped.filter(({ transferId }) => transferId === id).length
        yield* tend
        assert.strictEqual(drops(), 1)
        yield* tend
        assert.strictEqual(drops(), 1)
      }).pipe(Effect.scoped)
    )

    it.effect("that nobody brings on are given up: their node is gone, or the carrier says nothing", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { call, script } = yield* talking()
        const { tend } = yield* Transfers
        const { id } = yield* begin(call.id)
        yield* dialled(id)
        yield* sql`UPDATE transfers SET deadline_at = clock_timestamp() - interval '1 second' WHERE id = ${id}`
        yield* tend
        assert.deepInclude(yield* now(id), { state: "failed", failure: "timeout" })
        assert.isTrue(script.dropped.some(({ transferId }) => transferId === id))
      }).pipe(Effect.scoped)
    )

    it.effect("are not taken for a hang-up while the carrier moves the caller", () =>
      Effect.gen(function* () {
        const { call, script } = yield* talking()
        const ending = yield* CallEnding
        const moved = yield* Deferred.make<void>()
        script.join = () => Deferred.await(moved)
        script.callStatus = () => says("in-progress")
        const { id } = yield* begin(call.id)
        yield* dialled(id)
        yield* report(id, leg("answered"))
        yield* becomes(id, "bridging")
        const closing = yield* Effect.forkScoped(ending.reconcile(call.id, "caller_hung_up"))
        yield* Effect.sleep("100 millis")
        yield* Deferred.succeed(moved, undefined)
        yield* Fiber.join(closing)
        assert.strictEqual((yield* now(id)).state, "bridged")
        assert.isUndefined((yield* callOf(call.id)).endedAt)
        assert.lengthOf(script.hungUp, 0)
      }).pipe(Effect.scoped)
    )

    it.effect("are refused with a reason where they cannot begin", () =>
      Effect.gen(function* () {
        const refusal = (callId: string, wish: Partial<TransferWish> = {}) =>
          Effect.map(Effect.flip(begin(callId, wish)), (error) =>
            error._tag === "TransferRefused" ? error.reason : error
          )
        const { call, script } = yield* talking()
        assert.strictEqual(yield* refusal(call.id, { announcement: "Hello" }), "announcement-not-supported")
        assert.strictEqual(yield* refusal(call.id, { destination: "nobody" }), "invalid-destination")
        assert.strictEqual(yield* refusal(call.id, { destination: "+19005551234" }), "not-allowed")
        assert.strictEqual(yield* refusal(call.id, { callerId: "+442071838999" }), "invalid-caller-id")
        script.canTransfer = false
        assert.strictEqual(yield* refusal(call.id), "not-supported")
        script.canTransfer = true
        yield* begin(call.id)
        assert.strictEqual(yield* refusal(call.id), "under-way")
        const { call: early } = yield* knownCall("inbound")
        assert.strictEqual(yield* refusal(early.id), "not-connected")
      }).pipe(Effect.scoped)
    )
  })
