import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Admission } from "../../src/telephony/Admission.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { Drain } from "../../src/telephony/Drain.ts"
import { Node } from "../../src/telephony/Node.ts"
import { databases } from "../support/database.ts"
import { allCalls, begin, liveCalls, newCall } from "./support/place.ts"
import { makeTenant, world } from "./support/world.ts"

const at = { concurrency: 12 } as const

for (const [name, database] of databases)
  layer(world(database))(`admission on ${name}`, (it) => {
    it.effect(
      "holds the concurrent calls of an organization, whoever asks at once, and frees a slot with the end",
      () =>
        Effect.gen(function* () {
          const calls = yield* Calls
          const admission = yield* Admission
          const tenant = yield* makeTenant({ concurrent: 3 })
          const tries = yield* Effect.forEach(
            Array.from({ length: 9 }),
            () => Effect.result(admission.admit(newCall(tenant))),
            at
          )
          const admitted = tries.flatMap((each) => (each._tag === "Success" ? [each.success.call.id] : []))
          assert.lengthOf(admitted, 3)
          for (const each of tries)
            if (each._tag === "Failure")
              assert.deepInclude(each.failure, { _tag: "LimitReached", limit: "concurrent-calls" })
          assert.strictEqual(yield* liveCalls(tenant), 3)

          yield* calls.end(admitted[0] ?? "", "agent_ended")
          assert.strictEqual(yield* liveCalls(tenant), 2)
          yield* begin(tenant)
          assert.strictEqual((yield* Effect.flip(begin(tenant)))._tag, "LimitReached")
        })
    )

    it.effect("holds the calls per second of an organization over all nodes, for outbound calls", () =>
      Effect.gen(function* () {
        const tenant = yield* makeTenant({ perSecond: 4 })
        const otherNode = yield* Layer.build(Layer.fresh(Admission.layer).pipe(Layer.provide(Layer.fresh(Node.layer))))
        const nodes = [Effect.service(Admission), Effect.provide(Effect.service(Admission), otherNode)]
        const tries = yield* Effect.forEach(
          Array.from({ length: 8 }, (_, index) => nodes[index % 2] ?? Admission),
          (node) => Effect.flatMap(node, (admission) => Effect.result(admission.admit(newCall(tenant)))),
          at
        )
        assert.lengthOf(
          tries.filter((each) => each._tag === "Success"),
          4
        )
        const refused = tries.flatMap((each) => (each._tag === "Failure" ? [each.failure] : []))
        for (const each of refused) assert.deepInclude(each, { limit: "calls-per-second" })
        yield* begin(tenant, { direction: "inbound", providerCallId: "CA-burst" })
      })
    )

    it.effect("holds this node's limit over all organizations", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const sql = yield* SqlClient.SqlClient
        yield* sql`DELETE FROM calls`
        const tenants = yield* Effect.all([makeTenant({ concurrent: 40 }), makeTenant({ concurrent: 40 })])
        const tries = yield* Effect.forEach(
          Array.from({ length: 60 }, (_, index) => tenants[index % 2] ?? tenants[0]),
          (tenant) => Effect.result(begin(tenant, { direction: "inbound" })),
          at
        )
        const admitted = tries.flatMap((each) => (each._tag === "Success" ? [each.success] : []))
        assert.isAtMost(admitted.length, 40)
        // Two that ask for the last slot at once may both be refused; the next one gets it.
        const rest = yield* Effect.forEach(Array.from({ length: 12 }), () =>
          Effect.result(begin(tenants[0], { direction: "inbound" }))
        )
        const last = rest.flatMap((each) => (each._tag === "Success" ? [each.success] : []))
        assert.strictEqual(admitted.length + last.length, 40)
        const refused = yield* Effect.flip(begin(tenants[1], { direction: "inbound" }))
        assert.deepInclude(refused, { _tag: "LimitReached", limit: "node" })
        yield* Effect.forEach([...admitted, ...last], (call) => calls.end(call.id, "agent_ended"), at)
      })
    )

    it.effect("gives the same inbound call to every delivery, also to those at once", () =>
      Effect.gen(function* () {
        const admission = yield* Admission
        const tenant = yield* makeTenant()
        const inbound = newCall(tenant, { direction: "inbound", providerCallId: "CA-twice" })
        const admitted = yield* Effect.forEach(Array.from({ length: 5 }), () => admission.admit(inbound), at)
        assert.lengthOf(new Set(admitted.map((each) => each.call.id)), 1)
        assert.lengthOf(
          admitted.filter((each) => each.fresh),
          1
        )
        assert.strictEqual(yield* allCalls(tenant), 1)
      })
    )

    it.effect("gives the same call for an idempotency key, and refuses the key for another request", () =>
      Effect.gen(function* () {
        const admission = yield* Admission
        const tenant = yield* makeTenant({ concurrent: 1 })
        const keyed = (hash: string) => newCall(tenant, { idempotency: { key: "order-7", hash } })
        const [one, two] = yield* Effect.all([admission.admit(keyed("a")), admission.admit(keyed("a"))], at)
        assert.strictEqual(one.call.id, two.call.id)
        assert.strictEqual((yield* Effect.flip(admission.admit(keyed("b"))))._tag, "IdempotencyConflict")
        const other = yield* makeTenant()
        const elsewhere = yield* admission.admit(newCall(other, { idempotency: { key: "order-7", hash: "b" } }))
        assert.isTrue(elsewhere.fresh)
      })
    )

    it.effect("refuses what the organization's policy forbids, and keeps nothing of it", () =>
      Effect.gen(function* () {
        const tenant = yield* makeTenant({ allowed: ["+44"] })
        const premium = yield* Effect.flip(begin(tenant, { to: "+979123456789" }))
        assert.strictEqual(premium._tag, "DestinationNotAllowed")
        assert.include((yield* Effect.flip(begin(tenant, { to: "+14155550100" }))).message, "allowed prefixes")
        assert.strictEqual(yield* allCalls(tenant), 0)
        yield* begin(tenant)
      })
    )
  })

layer(world())("admission of a node on its way out", (it) => {
  it.effect("refuses new calls and still finds those it has", () =>
    Effect.gen(function* () {
      const drain = yield* Drain
      const tenant = yield* makeTenant()
      const before = yield* begin(tenant, { direction: "inbound", providerCallId: "CA-before" })
      yield* drain.begin
      assert.deepInclude(yield* Effect.flip(begin(tenant)), { limit: "draining" })
      const again = yield* begin(tenant, { direction: "inbound", providerCallId: "CA-before" })
      assert.strictEqual(again.id, before.id)
    })
  )
})
