import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { CallCommands, maxAgentEventBytes } from "../../src/telephony/CallCommands.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { Node } from "../../src/telephony/Node.ts"
import { Operating } from "../../src/telephony/Operating.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { databases } from "../support/database.ts"
import { Carrier } from "./support/fakeCarrier.ts"
import { begin, callOf, eventually, makeLate } from "./support/place.ts"
import { makeTenant, world } from "./support/world.ts"

/** A second node on the same database, with its own id. */
const otherNode = Layer.fresh(
  Layer.mergeAll(CallCommands.layer, Tickets.layer).pipe(Layer.provideMerge(Layer.fresh(Node.layer)))
)

/** A call whose media the other node holds, and that node's commands. */
const heldElsewhere = Effect.gen(function* () {
  const other = yield* Layer.build(otherNode)
  const { id } = yield* begin(yield* makeTenant())
  return yield* Effect.gen(function* () {
    const tickets = yield* Tickets
    const there = yield* CallCommands
    yield* tickets.consume(yield* tickets.issue(id))
    return { id, there }
  }).pipe(Effect.provide(other))
})

const notHeld = (effect: Effect.Effect<unknown, { readonly _tag: string }>) =>
  Effect.map(Effect.flip(effect), (error) => assert.strictEqual(error._tag, "CallNotHeld"))

for (const [name, database] of databases)
  layer(world(database), { excludeTestServices: true })(`commands on ${name}`, (it) => {
    it.effect("reach the node that holds the call, and its answer comes back", () =>
      Effect.gen(function* () {
        const here = yield* CallCommands
        const { id, there } = yield* heldElsewhere
        const seen: Array<string> = []
        yield* there.serve(id, (command) =>
          Effect.sync(() => {
            seen.push(command._tag === "SendDigits" ? command.digits : "hang up")
            return { ok: seen.length < 3, detail: `number ${seen.length}` }
          })
        )
        // The other node may still be on its way to listening.
        const first = Effect.retry(here.send(id, { _tag: "SendDigits", digits: "1" }), { times: 3 })
        assert.deepStrictEqual(yield* first, { ok: true, detail: "number 1" })
        assert.deepStrictEqual(yield* here.send(id, { _tag: "HangUp", drain: true }), { ok: true, detail: "number 2" })
        assert.deepStrictEqual(yield* here.send(id, { _tag: "HangUp", drain: false }), {
          ok: false,
          detail: "number 3"
        })
        assert.deepStrictEqual(seen, ["1", "hang up", "hang up"])
      })
    )

    it.effect("are not for calls that nobody holds: no media yet, a lost node, an end, a closed session", () =>
      Effect.gen(function* () {
        const here = yield* CallCommands
        const calls = yield* Calls
        const command = { _tag: "HangUp", drain: false } as const
        const { id: fresh } = yield* begin(yield* makeTenant())
        yield* notHeld(here.send(fresh, command))

        const lost = yield* heldElsewhere
        yield* lost.there.serve(lost.id, () => Effect.succeed({ ok: true, detail: "" }))
        yield* Effect.retry(here.send(lost.id, command), { times: 3 })
        yield* makeLate(lost.id, "lease_until")
        yield* notHeld(here.send(lost.id, command))

        const { id, there } = yield* heldElsewhere
        yield* Effect.scoped(there.serve(id, () => Effect.succeed({ ok: true, detail: "" })))
        yield* notHeld(here.send(id, command))
        yield* calls.moveMedia(id, "ended")
        yield* notHeld(here.send(id, command))
      })
    )

    it.effect("take an operator's event of the largest size to the agent's node", () =>
      Effect.gen(function* () {
        const here = yield* CallCommands
        const { id, there } = yield* heldElsewhere
        const seen: Array<number> = []
        yield* there.serve(id, (command) =>
          Effect.sync(() => {
            if (command._tag === "AgentEvent") seen.push(JSON.stringify(command.data).length)
            return { ok: false, detail: "d".repeat(200), reason: "not-supported" }
          })
        )
        const name = "\u20ac".repeat(64)
        const fixed = Buffer.byteLength(JSON.stringify({ name, data: "" }))
        const data = "x".repeat(maxAgentEventBytes - fixed)
        const reply = yield* Effect.retry(here.send(id, { _tag: "AgentEvent", name, data }), { times: 3 })
        assert.deepInclude(reply, { ok: false, reason: "not-supported" })
        assert.deepStrictEqual(seen, [data.length + 2])
      })
    )

    it.effect("that are too long for a notification, or of a call of this node, never leave it", () =>
      Effect.gen(function* () {
        const here = yield* CallCommands
        const { id } = yield* heldElsewhere
        yield* notHeld(here.send(id, { _tag: "SendDigits", digits: "1".repeat(8000) }))
        yield* here.serve(id, (command) => Effect.succeed({ ok: true, detail: command._tag }))
        const long = yield* here.send(id, { _tag: "SendDigits", digits: "1".repeat(8000) })
        assert.deepStrictEqual(long, { ok: true, detail: "SendDigits" })
      })
    )
  })

layer(world())("a node that holds a call and does not answer", (it) => {
  it.effect("is waited for 5 s, and what was asked of it is not done twice", () =>
    Effect.gen(function* () {
      const carrier = yield* Carrier
      const operating = yield* Operating
      const calls = yield* Calls
      const sql = yield* SqlClient.SqlClient
      const { id, there } = yield* heldElsewhere
      yield* calls.moveMedia(id, "streaming")
      const { organizationId } = yield* callOf(id)
      const asked = yield* Deferred.make<void>()
      let asks = 0
      yield* there.serve(id, () => {
        asks += 1
        return Effect.andThen(Deferred.succeed(asked, undefined), Effect.never)
      })
      const channels = sql`SELECT pg_listening_channels()`
      yield* TestClock.withLive(eventually(channels, (rows) => rows.length >= 2))
      const pressing = yield* Effect.forkChild(Effect.flip(operating.sendDigits(organizationId, id, "1234")))
      yield* Deferred.await(asked)
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(yield* Fiber.join(pressing), { _tag: "CarrierError", kind: "unknown-outcome" })
      assert.deepStrictEqual(carrier.script.digits, [])

      const telling = yield* Effect.forkChild(
        Effect.flip(operating.tellAgent(organizationId, id, { name: "note", data: null }))
      )
      yield* TestClock.withLive(
        eventually(
          Effect.sync(() => asks),
          (count) => count === 2
        )
      )
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(yield* Fiber.join(telling), { _tag: "EventRefused", reason: "unconfirmed" })
    })
  )
})
