import { createHash, randomBytes } from "node:crypto"
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { Settings } from "../Settings.ts"
import { uuidV7 } from "../store/Ids.ts"
import { ApiKeyNotFound, LastAdminKey } from "./refusals.ts"
import { FIRST_KEY, type Page, type PageRequest, pageOf, reader, rowKey, Timestamp } from "./rows.ts"

export const Role = Schema.Literals(["admin", "operator", "viewer"])
export type Role = typeof Role.Type

/** Who makes a request. */
export interface KeyOwner {
  readonly organizationId: string
  readonly role: Role
  readonly keyId: string
}

const ApiKeyRow = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  role: Role,
  key_prefix: Schema.String,
  created_at: Timestamp,
  last_used_at: Schema.NullOr(Timestamp)
})
/** A stored key: never the key itself. */
export type ApiKey = typeof ApiKeyRow.Type

/** The first key of an empty database. `isGenerated`: nobody knows it yet, so it must be shown, once. */
export interface FirstKey {
  readonly key: Redacted.Redacted<string>
  readonly isGenerated: boolean
}

/** 256 bits. */
const KEY_BYTES = 32
const PREFIX = "sb_"
/** Characters of a key that are stored in the clear, so that a person recognises it: `sb_` and 36 of its 256 bits. */
const SHOWN = 9
/** Keys that an operator chose may be short; of those nothing but the first characters is shown. */
const SHOWN_OF_SHORT = 3
const SHORT = 32

const generateKey = Effect.sync(() =>
  Redacted.make(PREFIX + randomBytes(KEY_BYTES).toString("base64url"), { label: "API key" })
)
const hashOf = (key: Redacted.Redacted<string>) => createHash("sha256").update(Redacted.value(key), "utf8").digest()
const shownPrefix = (key: Redacted.Redacted<string>) => {
  const text = Redacted.value(key)
  return text.slice(0, text.length < SHORT ? SHOWN_OF_SHORT : SHOWN)
}

const readKeys = reader(ApiKeyRow)
const readOwners = reader(
  Schema.Struct({ id: Schema.String, organization_id: Schema.String, role: Role, is_stale: Schema.Boolean })
)
const readIds = reader(Schema.Struct({ id: Schema.String, role: Role }))

/** The keys of the API: stored as SHA-256, shown once. */
export class ApiKeys extends Context.Service<
  ApiKeys,
  {
    /** Whose key it is; notes its use at most once a minute. */
    readonly authenticate: (key: Redacted.Redacted<string>) => Effect.Effect<Option.Option<KeyOwner>, SqlError>
    readonly list: (organizationId: string, page: PageRequest) => Effect.Effect<Page<ApiKey>, SqlError>
    readonly create: (
      organizationId: string,
      key: { readonly name: string; readonly role: Role }
    ) => Effect.Effect<{ readonly row: ApiKey; readonly key: Redacted.Redacted<string> }, SqlError>
    readonly remove: (
      organizationId: string,
      id: string
    ) => Effect.Effect<void, ApiKeyNotFound | LastAdminKey | SqlError>
    /** Makes the first organization and its admin key when there is none: from `SWITCHBOARD_API_KEY`, else generated. */
    readonly bootstrap: Effect.Effect<Option.Option<FirstKey>, SqlError>
  }
>()("switchboard/ApiKeys") {
  static readonly layer = Layer.effect(
    ApiKeys,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const settings = yield* Settings

      const authenticate = Effect.fn("ApiKeys.authenticate")(function* (key: Redacted.Redacted<string>) {
        const [owner] = yield* readOwners(
          yield* sql`SELECT id, organization_id, role,
              last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS is_stale
            FROM api_keys WHERE key_hash = ${hashOf(key)}`
        )
        if (owner === undefined) return Option.none<KeyOwner>()
        if (owner.is_stale) {
          yield* sql`UPDATE api_keys SET last_used_at = now()
            WHERE id = ${owner.id} AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`
        }
        return Option.some<KeyOwner>({ organizationId: owner.organization_id, role: owner.role, keyId: owner.id })
      })

      const list = Effect.fn("ApiKeys.list")(function* (organizationId: string, page: PageRequest) {
        const rows = yield* sql`SELECT id, name, role, key_prefix, created_at, last_used_at FROM api_keys
          WHERE organization_id = ${organizationId} AND id > ${page.after ?? FIRST_KEY}
          ORDER BY id LIMIT ${page.limit + 1}`
        return pageOf(yield* readKeys(rows), page)
      })

      const insert = Effect.fnUntraced(function* (
        organizationId: string,
        { name, role }: { readonly name: string; readonly role: Role },
        key: Redacted.Redacted<string>
      ) {
        const id = yield* uuidV7
        const [row] = yield* readKeys(
          yield* sql`INSERT INTO api_keys (id, organization_id, name, role, key_hash, key_prefix)
            VALUES (${id}, ${organizationId}, ${name}, ${role}, ${hashOf(key)}, ${shownPrefix(key)})
            RETURNING id, name, role, key_prefix, created_at, last_used_at`
        )
        return row === undefined ? yield* Effect.die("INSERT gave no row") : row
      })

      const create = Effect.fn("ApiKeys.create")(function* (
        organizationId: string,
        options: { readonly name: string; readonly role: Role }
      ) {
        const key = yield* generateKey
        return { row: yield* insert(organizationId, options, key), key }
      })

      const remove = Effect.fn("ApiKeys.remove")(function* (organizationId: string, id: string) {
        const key = Option.getOrUndefined(rowKey(id))
        yield* sql`SELECT id FROM organizations WHERE id = ${organizationId} FOR UPDATE`
        const keys = yield* readIds(yield* sql`SELECT id, role FROM api_keys WHERE organization_id = ${organizationId}`)
        const found = keys.find((each) => each.id === key)
        if (found === undefined) return yield* new ApiKeyNotFound({ id })
        if (!keys.some((each) => each.role === "admin" && each.id !== found.id)) return yield* new LastAdminKey()
        yield* sql`DELETE FROM api_keys WHERE id = ${found.id}`
      }, sql.withTransaction)

      const bootstrap = Effect.gen(function* () {
        yield* sql`LOCK TABLE organizations IN EXCLUSIVE MODE`
        const organizations = yield* sql`SELECT 1 FROM organizations LIMIT 1`
        if (organizations.length > 0) return Option.none<FirstKey>()
        const organizationId = yield* uuidV7
        yield* sql`INSERT INTO organizations (id, name) VALUES (${organizationId}, 'Default')`
        const key = yield* Option.match(settings.apiKey, { onNone: () => generateKey, onSome: Effect.succeed })
        yield* insert(organizationId, { name: "First admin key", role: "admin" }, key)
        return Option.some<FirstKey>({ key, isGenerated: Option.isNone(settings.apiKey) })
      }).pipe(sql.withTransaction, Effect.withSpan("ApiKeys.bootstrap"))

      return ApiKeys.of({ authenticate, list, create, remove, bootstrap })
    })
  )
}
