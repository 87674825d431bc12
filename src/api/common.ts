import { Effect, Schema } from "effect"

/** How many items a page has when the request does not say. */
export const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200

/** Query parameters of every list. */
export const pageQuery = {
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: MAX_LIMIT }))).annotate({
    description: `At most so many items, 1 to ${MAX_LIMIT}. Default ${DEFAULT_LIMIT}.`
  }),
  cursor: Schema.optionalKey(Schema.StringFromBase64Url.check(Schema.isUUID())).annotate({
    description: "The `next_cursor` of the page before."
  })
}

/** Where the next page begins: opaque, null on the last one. */
export const NextCursor = Schema.NullOr(Schema.StringFromBase64Url).annotate({
  description: "Send it as `cursor` for the next page; null on the last one."
})

/** A person's name for something: 1 to 64 characters, without white space around them. */
export const Name = Schema.Trim.check(Schema.isBetweenCodePoints(1, 64)).annotate({
  description: "1 to 64 characters; white space around them is dropped."
})

/** What a row's edit was made from; the write is refused when the row moved on. */
export const Version = Schema.Int.annotate({
  description: "The `version` that the edit was made from. 409 `version_conflict` when the row has changed since."
})

export const Time = Schema.DateTimeUtcFromString.annotate({ description: "ISO 8601, UTC." })

/** Row keys in paths. What cannot be one is not found, rather than wrong. */
export const Id = Schema.String

/** A key that is absent takes this value. */
export const orElse = <S extends Schema.Codec<unknown, unknown>>(schema: S, value: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))
