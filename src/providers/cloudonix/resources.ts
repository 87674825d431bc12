import { Schema } from "effect"

const OptionalText = Schema.optionalKey(Schema.NullOr(Schema.String))
const Id = Schema.Union([Schema.Int, Schema.NonEmptyString])

/** A call that was placed. `token` names its session. */
export const Placed = Schema.Struct({ token: Schema.NonEmptyString, status: OptionalText })

/** The domain itself, the fields that are read. */
export const Domain = Schema.Struct({ uuid: Schema.NonEmptyString, active: Schema.optionalKey(Schema.Boolean) })

/** A voice application (Cloudonix: Voice Application data model). */
export const Application = Schema.Struct({
  id: Id,
  uuid: Schema.NonEmptyString,
  name: Schema.String,
  type: OptionalText,
  url: OptionalText,
  method: OptionalText,
  active: Schema.optionalKey(Schema.Boolean)
})
export type Application = typeof Application.Type

/** A called number or pattern, and the application that its calls go to. */
export const Dnid = Schema.Struct({
  id: Id,
  applicationId: Schema.optionalKey(Schema.NullOr(Id)),
  active: Schema.optionalKey(Schema.Boolean),
  source: OptionalText,
  dnid: OptionalText
})
export type Dnid = typeof Dnid.Type

/** A SIP link out of, or into, the domain. */
export const Trunk = Schema.Struct({
  name: Schema.String,
  direction: OptionalText,
  active: Schema.optionalKey(Schema.Boolean)
})
export type Trunk = typeof Trunk.Type

/** A conference that is going on. `members` is a number or a list. */
export const Conference = Schema.Struct({ name: Schema.String, members: Schema.Unknown })
export type Conference = typeof Conference.Type

/** An application as it is created. */
export interface NewApplication {
  readonly name: string
  readonly type: "cxml"
  readonly url: string
  readonly method: "POST"
}
