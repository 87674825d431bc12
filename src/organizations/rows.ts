import { Effect, Option, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"

const isUuidText = Schema.is(Schema.String.check(Schema.isUUID()))

/** A row key from outside in its stored form, or none where nothing can have it. */
export const rowKey = (id: string): Option.Option<string> => {
  const lower = id.toLowerCase()
  return isUuidText(lower) ? Option.some(lower) : Option.none()
}

/** `timestamptz` as the client gives it. */
export const Timestamp = Schema.DateTimeUtcFromDate

/** What a page of a list asks for: at most `limit` rows after the row with the key `after`, in order of creation. */
export interface PageRequest {
  readonly limit: number
  readonly after: string | undefined
}

export interface Page<Item> {
  readonly items: ReadonlyArray<Item>
  /** Where the next page begins; undefined: there is none. */
  readonly next: string | undefined
}

/** The first key of every list. */
export const FIRST_KEY = "00000000-0000-0000-0000-000000000000"

/** Makes a page from one row more than was asked for. */
export const pageOf = <Item extends { readonly id: string }>(
  rows: ReadonlyArray<Item>,
  { limit }: PageRequest
): Page<Item> => {
  const items = rows.slice(0, limit)
  return { items, next: rows.length > limit ? items.at(-1)?.id : undefined }
}

/** Rows of our own tables: a row that does not fit is a defect. */
export const reader = <S extends Schema.Codec<unknown, unknown>>(row: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.Array(row))
  return (rows: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<S["Type"]>> => Effect.orDie(decode(rows))
}

/** Whether a statement failed because of this unique index. */
export const violates = (error: SqlError, index: string) =>
  error.reason._tag === "UniqueViolation" && error.reason.constraint === index
