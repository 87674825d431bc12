import { createHash, randomBytes } from "node:crypto"
import { PgClient } from "@effect/sql-pg"
import { Context, type DateTime, Effect, Layer, Option, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { ApiKeys, type KeyOwner, Role } from "./ApiKeys.ts"
import { reader, Timestamp } from "./rows.ts"

/** Somebody who is signed in to the console with an API key. */
export interface ConsoleSession {
  readonly owner: KeyOwner
  /** The first characters of the key, to recognise it by. */
  readonly keyPrefix: string
  readonly organizationName: string
  readonly expiresAt: DateTime.Utc
}

/** 256 bits. */
const TOKEN_BYTES = 32

const hashOf = (token: Redacted.Redacted<string>) => createHash("sha256").update(Redacted.value(token), "utf8").digest()

const readSessions = reader(
  Schema.Struct({
    id: Schema.String,
    organization_id: Schema.String,
    role: Role,
    key_prefix: Schema.String,
    organization_name: Schema.String,
    expires_at: Timestamp,
    is_stale: Schema.Boolean
  })
)
const readExpiries = reader(Schema.Struct({ expires_at: Timestamp }))

/**
 * Who is signed in to the console, on whatever node. A session ends 12 h after its last request, with its API key, or when
 * somebody signs out. Its token is stored as SHA-256.
 */
export class ConsoleSessions extends Context.Service<
  ConsoleSessions,
  {
    /** Signs in with an API key; none: there is no such key. */
    readonly begin: (
      key: Redacted.Redacted<string>
    ) => Effect.Effect<
      Option.Option<{ readonly token: Redacted.Redacted<string>; readonly session: ConsoleSession }>,
      SqlError
    >
    /** Whose token it is; the session lasts longer by this, and its key counts as used, at most once a minute. */
    readonly find: (token: Redacted.Redacted<string>) => Effect.Effect<Option.Option<ConsoleSession>, SqlError>
    readonly end: (token: Redacted.Redacted<string>) => Effect.Effect<void, SqlError>
  }
>()("switchboard/ConsoleSessions") {
  static readonly layer = Layer.effect(
    ConsoleSessions,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const apiKeys = yield* ApiKeys

      const renew = Effect.fnUntraced(function* (hash: Uint8Array, keyId: string) {
        const [row] = yield* readExpiries(
          yield* sql`UPDATE console_sessions SET expires_at = now() + interval '12 hours'
            WHERE token_hash = ${hash} RETURNING expires_at`
        )
        yield* sql`UPDATE api_keys SET last_used_at = now()
          WHERE id = ${keyId} AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`
        return row?.expires_at
      })

      const find = Effect.fn("ConsoleSessions.find")(function* (token: Redacted.Redacted<string>) {
        const hash = hashOf(token)
        const [row] = yield* readSessions(
          yield* sql`SELECT k.id, k.organization_id, k.role, k.key_prefix, o.name AS organization_name, s.expires_at,
              s.expires_at < now() + interval '11 hours 59 minutes' AS is_stale
            FROM console_sessions s JOIN api_keys k ON k.id = s.api_key_id
              JOIN organizations o ON o.id = k.organization_id
            WHERE s.token_hash = ${hash} AND s.expires_at > now()`
        )
        if (row === undefined) return Option.none<ConsoleSession>()
        const expiresAt = row.is_stale ? yield* renew(hash, row.id) : row.expires_at
        return Option.some<ConsoleSession>({
          owner: { organizationId: row.organization_id, role: row.role, keyId: row.id },
          keyPrefix: row.key_prefix,
          organizationName: row.organization_name,
          expiresAt: expiresAt ?? row.expires_at
        })
      })

      const begin = Effect.fn("ConsoleSessions.begin")(function* (key: Redacted.Redacted<string>) {
        const owner = Option.getOrUndefined(yield* apiKeys.authenticate(key))
        if (owner === undefined) return Option.none()
        yield* sql`DELETE FROM console_sessions WHERE expires_at <= now()`
        const token = Redacted.make(randomBytes(TOKEN_BYTES).toString("base64url"), { label: "console session" })
        // A key that is deleted at this moment has no session either: nothing is written then.
        yield* sql`INSERT INTO console_sessions (token_hash, api_key_id, expires_at)
          SELECT ${hashOf(token)}, id, now() + interval '12 hours' FROM api_keys WHERE id = ${owner.keyId}`
        return Option.map(yield* find(token), (session) => ({ token, session }))
      })

      const end = Effect.fn("ConsoleSessions.end")(function* (token: Redacted.Redacted<string>) {
        yield* sql`DELETE FROM console_sessions WHERE token_hash = ${hashOf(token)}`
      })

      return ConsoleSessions.of({ begin, find, end })
    })
  )
}
