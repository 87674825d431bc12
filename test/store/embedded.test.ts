import { spawn } from "node:child_process"
import { rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Schedule, Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { Settings } from "../../src/Settings.ts"
import * as Database from "../../src/store/Database.ts"
import { prepareFolder, temporaryFolder } from "../support/database.ts"

const preparedFolder = Effect.tap(temporaryFolder, prepareFolder)

const open = (folder: string) => Layer.build(Database.embedded(folder))
const query = <A extends object>(statement: string) =>
  SqlClient.SqlClient.use((sql) => sql.unsafe<A>(statement).pipe(Effect.map((rows) => rows)))

/** A process that inserts rows until it is killed, and the ids that it was told are stored. */
const insertUntilKilled = Effect.fnUntraced(function* (folder: string) {
  const program = fileURLToPath(new URL("../support/insertUntilKilled.ts", import.meta.url))
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] })),
    (process) => Effect.sync(() => process.kill("SIGKILL"))
  )
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const acknowledged = Stream.fromAsyncIterable(createInterface(child.stdout), (cause) => cause)
  return { child, acknowledged, exited: Effect.promise(() => exited) }
})

describe("the embedded database", () => {
  it.live("loses nothing acknowledged when its process is killed while inserting, and starts again", () =>
    Effect.gen(function* () {
      const folder = yield* preparedFolder
      const { child, acknowledged, exited } = yield* insertUntilKilled(folder)
      const ids = new Set<string>()
      yield* Stream.runForEach(acknowledged, (id) =>
        Effect.sync(() => {
          if (ids.size === 200) child.kill("SIGKILL")
          ids.add(id)
        })
      )
      yield* exited
      assert.isAtLeast(ids.size, 200)
      const rows = yield* query<{ readonly id: string }>("SELECT id FROM organizations").pipe(
        Effect.provide(Database.embedded(folder))
      )
      const stored = new Set(rows.map(({ id }) => id))
      assert.deepStrictEqual(
        [...ids].filter((id) => !stored.has(id)),
        []
      )
    }).pipe(Effect.scoped)
  )

  it.live("refuses a folder that another process, or this one, works on", () =>
    Effect.gen(function* () {
      const folder = yield* preparedFolder
      const { child, acknowledged, exited } = yield* insertUntilKilled(folder)
      yield* acknowledged.pipe(Stream.take(1), Stream.runDrain)
      const refusal = yield* open(folder).pipe(Effect.scoped, Effect.flip)
      assert.strictEqual(refusal._tag, "DataFolderInUse")
      assert.include(refusal.message, folder)
      child.kill("SIGKILL")
      yield* exited
      yield* open(folder)
      assert.strictEqual((yield* open(folder).pipe(Effect.scoped, Effect.flip))._tag, "DataFolderInUse")
    }).pipe(Effect.scoped)
  )

  it.live("lets exactly one of many simultaneous starts have the folder, and the next one after it", () =>
    Effect.gen(function* () {
      const folder = yield* preparedFolder
      const exits = yield* Effect.forEach(
        Array.from({ length: 6 }, () => undefined),
        () =>
          Effect.gen(function* () {
            const scope = yield* Scope.make()
            const exit = yield* open(folder).pipe(Scope.provide(scope), Effect.exit)
            return { scope, exit }
          }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(exits.filter(({ exit }) => Exit.isSuccess(exit)).length, 1)
      yield* Effect.forEach(exits, ({ scope }) => Scope.close(scope, Exit.void))
      yield* open(folder)
    }).pipe(Effect.scoped)
  )

  it.live("says which folder it cannot use", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const file = join(folder, "file")
      yield* Effect.promise(() => writeFile(file, ""))
      const refusal = yield* open(join(file, "data")).pipe(Effect.scoped, Effect.flip)
      assert.strictEqual(refusal._tag, "DataFolderUnusable")
      assert.include(refusal.message, join(file, "data"))
      yield* Effect.promise(() => writeFile(join(folder, "database"), "not a folder"))
      const broken = yield* open(folder).pipe(Effect.scoped, Effect.flip)
      assert.strictEqual(broken._tag, "EmbeddedDatabaseFailed")
      assert.include(broken.message, folder)
    }).pipe(Effect.scoped)
  )

  it.live("fails queries when it cannot write any more, and works again by itself with all that was stored", () =>
    Effect.gen(function* () {
      const folder = yield* preparedFolder
      const log = join(folder, "database", "pg_wal")
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE kept (n int)`
        yield* sql`INSERT INTO kept VALUES (7)`
        // As with a full disk, the next segment of the write-ahead log cannot be made: the database panics.
        yield* Effect.promise(() => rename(log, `${log}.away`))
        const failures = yield* Effect.forEach(
          [1, 2, 3],
          (n) => Effect.flip(Effect.andThen(sql`SELECT pg_switch_wal()`, sql`INSERT INTO kept VALUES (${n})`)),
          { concurrency: "unbounded" }
        )
        for (const failure of failures) assert.strictEqual(failure._tag, "SqlError")
        yield* Effect.promise(() => rename(`${log}.away`, log))
        const rows = yield* sql`SELECT n FROM kept`.pipe(
          Effect.retry(Schedule.max([Schedule.spaced("100 millis"), Schedule.recurs(200)]))
        )
        assert.deepStrictEqual(rows, [{ n: 7 }])
      }).pipe(Effect.provide(Database.embedded(folder)))
    }).pipe(Effect.scoped)
  )

  it.live("is made, migrated and closed by the service's layer, and keeps its rows", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const database = Database.layer.pipe(Layer.provide(Settings.test({ SWITCHBOARD_DATA_DIR: join(folder, "new") })))
      yield* query("INSERT INTO organizations (id, name) VALUES (gen_random_uuid(), 'kept')").pipe(
        Effect.provide(database)
      )
      assert.deepStrictEqual(yield* query("SELECT name FROM organizations").pipe(Effect.provide(database)), [
        { name: "kept" }
      ])
    }).pipe(Effect.scoped)
  )
})
