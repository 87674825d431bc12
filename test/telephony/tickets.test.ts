import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Calls } from "../../src/telephony/Calls.ts"
import { Node } from "../../src/telephony/Node.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { databases } from "../support/database.ts"
import { begin, callOf } from "./support/place.ts"
import { makeTenant, world } from "./support/world.ts"

const refusal = (effect: Effect.Effect<unknown, { readonly _tag: string; readonly reason: unknown }>) =>
  Effect.map(Effect.flip(effect), ({ _tag, reason }) => [_tag, reason])

for (const [name, database] of databases)
  layer(world(database))(`tickets on ${name}`, (it) => {
    it.effect("open their call once, and take it for this node", () =>
      Effect.gen(function* () {
        const tickets = yield* Tickets
        const node = yield* Node
        const { id } = yield* begin(yield* makeTenant())
        const ticket = yield* tickets.issue(id)
        assert.match(Redacted.value(ticket), /^[A-Za-z0-9_-]{22}$/)
        assert.deepStrictEqual(yield* tickets.peek(ticket), { callId: id })
        assert.deepStrictEqual(yield* tickets.consume(ticket), { callId: id })
        assert.deepInclude(yield* callOf(id), { mediaState: "connecting", nodeId: node.id })
        assert.deepStrictEqual(yield* refusal(tickets.consume(ticket)), ["TicketRefused", "used"])
        assert.deepStrictEqual(yield* refusal(tickets.peek(ticket)), ["TicketRefused", "used"])
      })
    )

    it.effect("of two at once exactly one succeeds, with one ticket and with two", () =>
      Effect.gen(function* () {
        const tickets = yield* Tickets
        const tenant = yield* makeTenant()
        for (const different of [false, true]) {
          const { id } = yield* begin(tenant)
          const first = yield* tickets.issue(id)
          const second = different ? yield* tickets.issue(id) : first
          const uses = yield* Effect.forEach(
            [first, second, first, second],
            (ticket) => Effect.result(tickets.consume(ticket)),
            { concurrency: 4 }
          )
          const failures = uses.flatMap((use) => (use._tag === "Failure" ? [use.failure] : []))
          assert.lengthOf(failures, 3)
          for (const failure of failures) assert.deepInclude(failure, { _tag: "TicketRefused", reason: "used" })
        }
      })
    )

    it.effect("are refused when unknown, expired, or of a call that is over", () =>
      Effect.gen(function* () {
        const tickets = yield* Tickets
        const calls = yield* Calls
        const { id } = yield* begin(yield* makeTenant())
        const expired = yield* tickets.issue(id, 0)
        const good = yield* tickets.issue(id)
        assert.deepStrictEqual(yield* refusal(tickets.consume(Redacted.make("x".repeat(22)))), [
          "TicketRefused",
          "unknown"
        ])
        assert.deepStrictEqual(yield* refusal(tickets.consume(expired)), ["TicketRefused", "expired"])
        yield* calls.end(id, "agent_ended")
        assert.deepStrictEqual(yield* refusal(tickets.consume(good)), ["TicketRefused", "over"])
        assert.strictEqual((yield* callOf(id)).mediaState, "none")
      })
    )

    it.effect("issued after the media was opened open nothing", () =>
      Effect.gen(function* () {
        const tickets = yield* Tickets
        const { id } = yield* begin(yield* makeTenant())
        yield* tickets.consume(yield* tickets.issue(id))
        assert.deepStrictEqual(yield* refusal(tickets.consume(yield* tickets.issue(id))), ["TicketRefused", "unknown"])
      })
    )

    it.effect("are stored hashed, and good for a minute", () =>
      Effect.gen(function* () {
        const tickets = yield* Tickets
        const sql = yield* SqlClient.SqlClient
        const { id, createdAt } = yield* begin(yield* makeTenant())
        const ticket = yield* tickets.issue(id)
        const rows = yield* sql<{ readonly hash: string; readonly expires_at: Date }>`
          SELECT encode(ticket_hash, 'escape') AS hash, expires_at FROM media_tickets WHERE call_id = ${id}`
        assert.notInclude(rows[0]?.hash ?? "", Redacted.value(ticket))
        const seconds = ((rows[0]?.expires_at.getTime() ?? 0) - DateTime.toEpochMillis(createdAt)) / 1000
        assert.isTrue(seconds >= 60 && seconds < 65, `${seconds} s`)
      })
    )
  })
