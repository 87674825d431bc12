import { mkdir, realpath } from "node:fs/promises"
import { join } from "node:path"
import type { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option, type Redacted, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Settings } from "../Settings.ts"
import { causeText } from "./causeText.ts"
import { clientLayer } from "./client.ts"
import { startEmbedded } from "./embedded/Embedded.ts"
import { DataFolderUnusable, lockFolder } from "./embedded/lock.ts"
import { maintain } from "./maintenance.ts"
import { migrate } from "./migrations.ts"
import { mayComeUp, unreachable } from "./unreachable.ts"

/** A step of the schema failed. Nothing of it was kept. */
export class MigrationFailed extends Schema.TaggedError<MigrationFailed>()("MigrationFailed", {
  reason: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `The database could not be brought up to date, and was left as it was: ${this.reason}`
  }
}

const CONNECTIONS = 16
/** On the embedded database every connection waits for the transaction that is open. */
const EMBEDDED_CONNECTIONS = 8
const EMBEDDED_CONNECT_TIMEOUT = "1 minute"

/** How long a start waits for a server that is starting itself. */
const SERVER_PATIENCE = Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(20)])

const openFolder = Effect.fnUntraced(function* (folder: string) {
  return yield* Effect.tryPromise({
    try: () => mkdir(folder, { recursive: true, mode: 0o700 }).then(() => realpath(folder)),
    catch: (cause) => new DataFolderUnusable({ folder, reason: causeText(cause) })
  })
})

/** The database in the folder, locked for this process, behind the same client as a server. Not migrated. */
export const embedded = (dataDir: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const folder = yield* openFolder(dataDir)
      yield* lockFolder(folder)
      const stream = yield* startEmbedded(join(folder, "database"))
      return clientLayer({
        stream,
        ssl: false,
        username: "postgres",
        database: "postgres",
        applicationName: "switchboard",
        maxConnections: EMBEDDED_CONNECTIONS,
        connectTimeout: EMBEDDED_CONNECT_TIMEOUT
      })
    })
  )

/** A client of a PostgreSQL server. Not migrated. Connections are made when needed, and again after the server was away. */
export const server = (url: Redacted.Redacted<string>) =>
  clientLayer({
    url,
    applicationName: "switchboard",
    maxConnections: CONNECTIONS,
    keepAlive: "10 seconds",
    // A node that vanishes without a word must not hold its locks for hours.
    startupParameters: { tcp_keepalives_idle: "10", tcp_keepalives_interval: "5", tcp_keepalives_count: "3" }
  })

const awaitServer = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`SELECT 1`.pipe(
    Effect.tapError((error) =>
      mayComeUp(error) ? Effect.logWarning(`No database yet: ${unreachable(error).reason}`) : Effect.void
    ),
    Effect.retry({ schedule: SERVER_PATIENCE, while: mayComeUp }),
    Effect.mapError(unreachable)
  )
})

const migrated = migrate.pipe(
  Effect.mapError((error) => {
    const cause = error._tag === "MigrationError" && error.cause !== undefined ? error.cause : error
    return new MigrationFailed({ reason: error.message, cause })
  })
)

/** The embedded database, up to date and maintained. */
const ownDatabase = (dataDir: string) =>
  Layer.effectDiscard(Effect.andThen(migrated, maintain)).pipe(Layer.provideMerge(embedded(dataDir)))

/** A server's database, up to date. */
const serverDatabase = (url: Redacted.Redacted<string>) =>
  Layer.effectDiscard(Effect.andThen(awaitServer, migrated)).pipe(Layer.provideMerge(server(url)))

type DatabaseLayer = Layer.Layer<
  PgClient.PgClient | SqlClient.SqlClient,
  Layer.Error<ReturnType<typeof ownDatabase>> | Layer.Error<ReturnType<typeof serverDatabase>>
>

/**
 * The service's database, up to date: `SqlClient` and `PgClient`. Without `DATABASE_URL` the embedded one in the data
 * folder, which no other process can open meanwhile.
 *
 * A server that goes away makes queries fail with `SqlError`; they work again when it is back. On the embedded database
 * all connections share one session: hold one `listen` per channel, and never wait inside a transaction for another
 * connection's work.
 */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const { databaseUrl, dataDir } = yield* Settings
    return Option.match(databaseUrl, {
      onSome: (url): DatabaseLayer => serverDatabase(url),
      onNone: (): DatabaseLayer => ownDatabase(dataDir)
    })
  })
)
