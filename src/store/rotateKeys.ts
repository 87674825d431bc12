import { PgClient } from "@effect/sql-pg"
import { Effect, Ref, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { FormValues } from "../Form.ts"
import { Secrets } from "./Secrets.ts"
import { isEnvelope, mapFields } from "./sealedFields.ts"

/** What a rotation did. `unreadable` names values whose key is missing or that were tampered with; they stay as they are. */
export interface Rotation {
  readonly rows: number
  readonly reencrypted: number
  readonly current: number
  readonly unreadable: ReadonlyArray<string>
}

const nothing: Rotation = { rows: 0, reencrypted: 0, current: 0, unreadable: [] }

const Row = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  fields: Schema.Record(Schema.String, Schema.Json)
})
const decodeRows = Schema.decodeUnknownEffect(Schema.Array(Row))

/** Where sealed values are stored. */
const places = [
  { table: "telephony_configurations", column: "credentials" },
  { table: "agents", column: "settings" }
] as const

const FIRST_ID = "00000000-0000-0000-0000-000000000000"

/**
 * Encrypts every sealed value that is not under the newest key anew, a row in a transaction: it may be interrupted and
 * repeated at any time, beside a running service. A changed row gets a new version, so that an edit which was made from
 * the old one cannot bring the old envelope back.
 */
export const rotateKeys = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const pg = yield* PgClient.PgClient
  const secrets = yield* Secrets
  const total = yield* Ref.make(nothing)

  const reencrypt = Effect.fnUntraced(function* (table: string, row: typeof Row.Type) {
    const changed: Array<string> = []
    const unreadable: Array<string> = []
    let current = 0
    const fields: FormValues = yield* mapFields(row.fields, (field, value) => {
      if (!isEnvelope(value)) return undefined
      const context = { organizationId: row.organization_id, rowId: row.id, field }
      return secrets.open(context, value).pipe(
        Effect.flatMap((secret) => {
          if (value.kid === secrets.newestKeyId) {
            current++
            return Effect.succeed(value)
          }
          changed.push(field)
          return secrets.seal(context, secret)
        }),
        Effect.catch((error) => {
          unreadable.push(`${table} ${error.message}`)
          return Effect.succeed(value)
        })
      )
    })
    yield* Ref.update(total, (sum) => ({
      rows: sum.rows + 1,
      reencrypted: sum.reencrypted + changed.length,
      current: sum.current + current,
      unreadable: [...sum.unreadable, ...unreadable]
    }))
    return changed.length > 0 ? fields : undefined
  })

  /** The first row after an id; gives its id, or undefined at the end. */
  const next = (table: string, column: string, after: string) =>
    Effect.gen(function* () {
      const found = yield* sql`SELECT id, organization_id, ${sql(column)} AS fields FROM ${sql(table)}
        WHERE id > ${after} ORDER BY id LIMIT 1 FOR UPDATE`
      const [row] = yield* decodeRows(found)
      if (row === undefined) return undefined
      const fields = yield* reencrypt(table, row)
      if (fields !== undefined) {
        yield* sql`UPDATE ${sql(table)} SET ${sql(column)} = ${pg.json(fields)}, version = version + 1, updated_at = now()
          WHERE id = ${row.id}`
      }
      return row.id
    }).pipe(sql.withTransaction)

  for (const { table, column } of places) {
    let id: string | undefined = FIRST_ID
    while (id !== undefined) id = yield* next(table, column, id)
  }
  return yield* Ref.get(total)
}).pipe(Effect.withSpan("rotateKeys"))
