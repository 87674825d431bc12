import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Option, Redacted, Ref, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { migrate } from "../../src/store/migrations.ts"
import * as Database from "../../src/store/Database.ts"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { exclusively } from "../../src/telephony/exclusively.ts"
import { Operating } from "../../src/telephony/Operating.ts"
import { Sweeper } from "../../src/telephony/Sweeper.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { needsPostgres, postgresUrl, temporaryDatabase } from "../support/database.ts"
import { Carrier } from "./support/fakeCarrier.ts"
import { begin, callOf, eventsOf, eventually, liveCalls, makeLate } from "./support/place.ts"
import { says, stream } from "./support/knownCall.ts"
import { makeTenant, world } from "./support/world.ts"

const emptyDatabase = Effect.gen(function* () {
  const database = Database.server(Redacted.make(yield* temporaryDatabase(postgresUrl ?? "")))
  yield* Effect.provide(migrate, database)
  return database
})

/** Two processes' worth of everything, pools of connections included, on one database of a real server. */
const twoNodesOn = Effect.fnUntraced(function* (database: Effect.Success<typeof emptyDatabase>) {
  const node = Layer.build(Layer.fresh(world(Layer.orDie(Layer.fresh(database)))))
  return [yield* node, yield* node] as const
})

const twoNodes = Effect.flatMap(emptyDatabase, twoNodesOn)

/** How many sessions of the database asked last for something like this. */
const sessionsWith = (query: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE ${query}`
    return rows.length
  })

const withNodes = it.live.skipIf(postgresUrl === undefined)

/** How often the carrier was told, on whatever node. */
const hangUps = (nodes: ReadonlyArray<Context.Context<Carrier>>, callId: string) =>
  nodes.flatMap((node) => Context.get(node, Carrier).script.hungUp).filter((call) => call.callId === callId).length

describe(`two nodes on one PostgreSQL${needsPostgres}`, () => {
  withNodes("sweep at the same time: every lost call is ended once, and its carrier told once", () =>
    Effect.gen(function* () {
      const nodes = yield* twoNodes
      const [a, b] = nodes
      const ids = yield* Effect.gen(function* () {
        const tenant = yield* makeTenant({ concurrent: 100 })
        const made: Array<string> = []
        for (let n = 0; n < 30; n++) {
          const { id } = yield* begin(tenant, { direction: "inbound", providerCallId: `CA-${n}` })
          yield* stream(id)
          yield* makeLate(id, n % 3 === 0 ? "deadline_at" : "lease_until")
          made.push(id)
        }
        return made
      }).pipe(Effect.provide(a))
      for (const node of nodes) {
        const { script } = Context.get(node, Carrier)
        script.callStatus = () => says("in-progress")
        script.hangUp = () => Effect.sleep("50 millis")
      }
      const pass = Effect.flatMap(Sweeper, ({ sweep }) => sweep)
      yield* Effect.all(
        nodes.flatMap((node) => [Effect.provide(pass, node), Effect.provide(pass, node)]),
        { concurrency: 4 }
      )
      yield* Effect.provide(pass, b)
      for (const [n, id] of ids.entries()) {
        const call = yield* Effect.provide(callOf(id), a)
        assert.strictEqual(call.endReason, n % 3 === 0 ? "max_duration" : "node_lost")
        const ended = (yield* Effect.provide(eventsOf(id), a)).filter(({ kind }) => kind === "call.ended")
        assert.lengthOf(ended, 1)
        assert.strictEqual(hangUps(nodes, id), 1)
      }
    }).pipe(Effect.scoped)
  )

  withNodes("leave a call to the node that renewed its lease, or took its media, at the last moment", () =>
    Effect.gen(function* () {
      const [a, b] = yield* twoNodes
      const { renewed, taken } = yield* Effect.gen(function* () {
        const tenant = yield* makeTenant()
        const first = yield* begin(tenant, { direction: "inbound", providerCallId: "CA-renewed" })
        yield* stream(first.id)
        const second = yield* begin(tenant, { direction: "inbound", providerCallId: "CA-taken" })
        for (const { id } of [first, second]) yield* makeLate(id, "lease_until")
        return { renewed: first.id, taken: second.id }
      }).pipe(Effect.provide(a))

      // The sweeper has seen both lost, and waits for the rows that the other node is just writing.
      const written = yield* Deferred.make<void>()
      const commit = yield* Deferred.make<void>()
      const writing = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const tickets = yield* Tickets
        const ticket = yield* tickets.issue(taken)
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`UPDATE calls SET lease_until = clock_timestamp() + interval '20 seconds' WHERE id = ${renewed}`
            yield* tickets.consume(ticket)
            yield* Deferred.succeed(written, undefined)
            yield* Deferred.await(commit)
          })
        )
      }).pipe(Effect.provide(b))
      const other = yield* Effect.forkChild(writing)
      yield* Deferred.await(written)
      const sweeping = yield* Effect.forkChild(
        Effect.provide(
          Effect.flatMap(Sweeper, ({ sweep }) => sweep),
          a
        )
      )
      yield* eventually(
        Effect.provide(
          Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            return yield* sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
          }),
          a
        ),
        (waiting) => waiting.length === 2
      )
      yield* Deferred.succeed(commit, undefined)
      yield* Fiber.joinAll([other, sweeping])
      const rows = yield* Effect.forEach([renewed, taken], (id) => Effect.provide(callOf(id), a))
      for (const row of rows) assert.isUndefined(row.endedAt)
      assert.deepInclude(rows[1], { mediaState: "connecting" })
      assert.isDefined(rows[1]?.nodeId)
    }).pipe(Effect.scoped)
  )

  withNodes("have one sweeper between them, and the other one when its node goes away", () =>
    Effect.gen(function* () {
      const database = yield* emptyDatabase
      const nodes = yield* twoNodesOn(database)
      // On neither node's connections: a question asked there would overwrite what the node asked last.
      const onlooker = yield* Layer.build(Layer.fresh(database))
      const running = yield* Ref.make<ReadonlyArray<string>>([])
      const task = (name: string) =>
        Effect.acquireUseRelease(
          Ref.update(running, (names) => [...names, name]),
          () => Effect.never,
          () => Ref.update(running, (names) => names.filter((each) => each !== name))
        )
      const scopes = yield* Effect.forEach(nodes, (node, index) =>
        Effect.gen(function* () {
          const scope = yield* Scope.fork(yield* Effect.scope)
          yield* Effect.forkIn(Effect.provide(exclusively("test", task(`node ${index}`)), node), scope)
          return scope
        })
      )
      const triedInVain = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const rows = yield* sql`SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE 'SELECT pg_try_advisory_lock%'
            AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)`
        return rows.length
      })
      yield* eventually(Effect.provide(triedInVain, onlooker), (count) => count > 0)
      const [first = "", ...others] = yield* eventually(Ref.get(running), (names) => names.length > 0)
      assert.lengthOf(others, 0)
      const index = first === "node 0" ? 0 : 1
      const holder = scopes[index]
      if (holder !== undefined) yield* Scope.close(holder, Exit.void)
      const [second] = yield* eventually(Ref.get(running), (names) => names.length > 0)
      assert.strictEqual(second, `node ${1 - index}`)
      yield* Effect.forEach(scopes, (scope) => Scope.close(scope, Exit.void))
    }).pipe(Effect.scoped)
  )

  withNodes("hang up for each other: a command reaches the node that holds the call", () =>
    Effect.gen(function* () {
      const [a, b] = yield* twoNodes
      const heard = yield* Deferred.make<string>()
      const { tenant, id } = yield* Effect.gen(function* () {
        const tenant = yield* makeTenant()
        const { id } = yield* begin(tenant, { direction: "inbound", providerCallId: "CA-b" })
        yield* stream(id)
        const commands = yield* CallCommands
        yield* commands.serve(id, (command) =>
          Effect.as(Deferred.succeed(heard, command._tag), { ok: true, detail: "hanging up" })
        )
        return { tenant, id }
      }).pipe(Effect.provide(b))
      // The nodes may still be on their way to listening to each other.
      yield* eventually(Effect.provide(sessionsWith("LISTEN%"), a), (count) => count === 2)
      const ended = yield* Effect.provide(
        Effect.flatMap(Operating, (operating) => operating.hangUp(tenant.organizationId, id)),
        a
      )
      assert.deepInclude(ended, { endReason: "operator_ended", endOwner: "operator" })
      assert.strictEqual(yield* Effect.timeout(Deferred.await(heard), "5 seconds"), "HangUp")
      assert.strictEqual(hangUps([a, b], id), 1)
      assert.strictEqual(yield* Effect.provide(liveCalls(tenant), b), 0)
      const there = yield* Effect.provide(
        Effect.flatMap(Calls, (calls) => calls.find(id)),
        b
      )
      assert.strictEqual(Option.getOrThrow(there).endReason, "operator_ended")
    }).pipe(Effect.scoped)
  )
})
