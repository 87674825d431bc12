import { createHash, randomUUID } from "node:crypto"
import { cpSync, existsSync, globSync, readFileSync } from "node:fs"
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { inject } from "vitest"
import * as Database from "../../src/store/Database.ts"
import { migrate } from "../../src/store/migrations.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** A data folder that exists while the scope is open. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "switchboard-test-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

/** Where the migrated template belongs: its name changes with the schema and with the database's version. */
const templateFolder = () => {
  const hash = createHash("sha256").update(readFileSync(join(root, "node_modules/@electric-sql/pglite/package.json")))
  for (const file of globSync("src/store/migrations{.ts,/*.ts}", { cwd: root }).sort())
    hash.update(readFileSync(join(root, file)))
  return join(root, "node_modules/.cache/switchboard", `embedded-${hash.digest("hex").slice(0, 16)}`)
}

/** A new database costs seconds, a copy of a migrated one 150 ms: it is made once and kept. */
const template = Effect.gen(function* () {
  const folder = templateFolder()
  if (existsSync(folder)) return folder
  const draft = `${folder}.${randomUUID()}`
  yield* Effect.promise(() => mkdir(dirname(folder), { recursive: true }))
  yield* Effect.provide(migrate, Database.embedded(draft))
  // Another test file may have been faster.
  yield* Effect.promise(() => rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true })))
  return folder
}).pipe(Effect.scoped)

/** Fills an empty data folder with a migrated, empty embedded database. The thousand files cost four times as much asynchronously. */
export const prepareFolder = (folder: string) =>
  Effect.map(template, (from) => cpSync(join(from, "database"), join(folder, "database"), { recursive: true }))

/** A fresh, migrated embedded database of its own. */
export const embeddedDatabase = Layer.unwrap(
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* prepareFolder(folder)
    return Database.embedded(folder)
  })
).pipe(Layer.orDie)

/** A fresh, empty database on the server, dropped with the scope. Gives its URL. */
export const temporaryDatabase = Effect.fnUntraced(function* (serverUrl: string) {
  const name = `test_${randomUUID().replaceAll("-", "")}`
  const admin = PgClient.layer({ url: Redacted.make(serverUrl), maxConnections: 1 })
  const run = (statement: string) =>
    SqlClient.SqlClient.use((sql) => sql.unsafe(statement)).pipe(Effect.provide(admin), Effect.orDie)
  yield* Effect.acquireRelease(run(`CREATE DATABASE ${name}`), () => run(`DROP DATABASE ${name} WITH (FORCE)`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
})

/** A fresh, migrated database on a real server. */
export const serverDatabase = (serverUrl: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const url = yield* temporaryDatabase(serverUrl)
      return Layer.effectDiscard(migrate).pipe(Layer.provideMerge(Database.server(Redacted.make(url))))
    })
  ).pipe(Layer.orDie)

/** The real PostgreSQL server of this run, if there is one. */
export const postgresUrl: string | undefined = inject("postgresUrl")

/** What the name of a test that needs the server ends with: why it is skipped, if it is. */
export const needsPostgres = postgresUrl === undefined ? " (there is no PostgreSQL server here)" : ""

/**
 * The databases of this run, each as `[name, layer]`: embedded always, PostgreSQL where there is one. Building a layer
 * gives a fresh, migrated database; `layer(database)("...", (it) => ...)` shares it within a file.
 */
export const databases: ReadonlyArray<
  readonly [name: string, layer: Layer.Layer<PgClient.PgClient | SqlClient.SqlClient>]
> = [
  ["embedded", embeddedDatabase],
  ...(postgresUrl === undefined ? [] : [["PostgreSQL", serverDatabase(postgresUrl)] as const])
]
