import { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import { ConfigurationStore } from "../organizations/ConfigurationStore.ts"
import { Registry } from "../Registry.ts"
import { Node } from "./Node.ts"

/** How long a node may run a connection without having renewed its claim, s. */
export const listenerLeaseSeconds = 15

/** How often a parked configuration is tried, s. */
const parkedTrySeconds = 15 * 60

/** Configurations that one node takes on at once, so that several nodes that start together share them. */
const mostNewClaims = 20

const Own = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  provider: Schema.String,
  version: Schema.Int,
  is_parked: Schema.Boolean,
  /** ms until a parked one is due to be tried. */
  try_in_ms: Schema.Finite
})
/** A configuration whose connection this node is to run. */
export type OwnListener = typeof Own.Type
const readOwn = Schema.decodeUnknownEffect(Schema.Array(Own))
const readIds = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ id: Schema.String })))

/**
 * Who runs which configuration's connection, in the database: a row per configuration with a lease. A configuration that was
 * switched off, or deleted, is nobody's; a parked one is somebody's, who tries it now and then.
 */
export const listenerLeases = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const store = yield* ConfigurationStore
  const registry = yield* Registry
  const node = yield* Node

  const lease = sql`clock_timestamp() + ${listenerLeaseSeconds} * interval '1 second'`
  const isWanted = sql`c.deleted_at IS NULL AND (c.inactive_since IS NULL OR c.inactive_since = l.parked_since)`

  const claim = (
    names: ReadonlyArray<string>
  ) => sql`INSERT INTO listeners AS held (configuration_id, node_id, lease_until)
    SELECT c.id, ${node.id}, ${lease}
    FROM telephony_configurations c LEFT JOIN listeners l ON l.configuration_id = c.id
    WHERE c.provider = ANY(${names}::text[]) AND ${isWanted} AND (l.node_id IS NULL
      OR (l.node_id <> ${node.id} AND (l.yielding OR l.lease_until < clock_timestamp())))
    ORDER BY c.id LIMIT ${mostNewClaims}
    ON CONFLICT (configuration_id) DO UPDATE
      SET node_id = EXCLUDED.node_id, lease_until = EXCLUDED.lease_until, yielding = false, connected_at = NULL, reason = NULL
      WHERE held.node_id IS NULL OR held.yielding OR held.lease_until < clock_timestamp()`

  const renew = (names: ReadonlyArray<string>, connected: ReadonlyArray<string>) => sql`UPDATE listeners l
    SET lease_until = ${lease}, yielding = false, connected_at = CASE WHEN l.configuration_id = ANY(${connected}::uuid[])
      THEN coalesce(l.connected_at, clock_timestamp()) END
    FROM telephony_configurations c
    WHERE c.id = l.configuration_id AND l.node_id = ${node.id} AND c.provider = ANY(${names}::text[]) AND ${isWanted}
    RETURNING c.id, c.organization_id, c.provider, c.version, c.inactive_since IS NOT NULL AS is_parked,
      CASE WHEN l.tried_version = c.version THEN greatest(0, extract(epoch FROM
        l.tried_at + ${parkedTrySeconds} * interval '1 second' - clock_timestamp()) * 1000)::float8 ELSE 0 END AS try_in_ms`

  /**
   * Takes what nobody runs, renews what this node runs, and gives all of that: what is not in it is not this node's, or not
   * anybody's, any more. `connected` are those whose connection is up.
   */
  const tend = Effect.fnUntraced(function* (connected: ReadonlyArray<string>) {
    const names = (yield* registry.all).filter((spec) => spec.listens === true).map(({ name }) => name)
    if (names.length === 0) return []
    yield* claim(names)
    return yield* Effect.orDie(readOwn(yield* renew(names, connected)))
  })

  /** Keeps what this node runs until another node takes it; gives what is left. */
  const yieldAll = Effect.gen(function* () {
    const rows = yield* sql`UPDATE listeners SET lease_until = ${lease}, yielding = true
      WHERE node_id = ${node.id} RETURNING configuration_id AS id`
    return (yield* Effect.orDie(readIds(rows))).map(({ id }) => id)
  })

  const mine = (id: string) => sql`configuration_id = ${id} AND node_id = ${node.id}`

  const releaseAll = sql`UPDATE listeners SET node_id = NULL, yielding = false, connected_at = NULL, reason = NULL
    WHERE node_id = ${node.id}`

  const noteConnected = (id: string) => sql`UPDATE listeners
    SET connected_at = clock_timestamp(), reason = NULL, parked_since = NULL, tried_at = NULL, tried_version = NULL
    WHERE ${mine(id)}`
  const noteTrouble = (id: string, reason: string) => sql`UPDATE listeners SET connected_at = NULL, reason = ${reason}
    WHERE ${mine(id)}`

  const noteTried = (id: string) => sql`UPDATE listeners
    SET tried_at = clock_timestamp(), parked_since = c.inactive_since, tried_version = c.version
    FROM telephony_configurations c WHERE c.id = configuration_id AND ${mine(id)}`

  const park = Effect.fnUntraced(function* (id: string, reason: string) {
    yield* store.park(id, reason)
    yield* noteTried(id)
  }, sql.withTransaction)

  const unpark = ({ id, organization_id }: OwnListener) => Effect.asVoid(store.reactivate(organization_id, id))

  return { tend, yieldAll, releaseAll, noteConnected, noteTrouble, noteTried, park, unpark }
})
