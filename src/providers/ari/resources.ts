import { Schema } from "effect"

const Text = Schema.optionalKey(Schema.NullOr(Schema.String))

/** A channel (Asterisk: ARI, Channel), the fields that are read. Everything but the id may be absent. */
export const Channel = Schema.Struct({
  id: Schema.NonEmptyString,
  name: Text,
  state: Text,
  caller: Schema.optionalKey(Schema.Struct({ name: Text, number: Text })),
  dialplan: Schema.optionalKey(Schema.Struct({ context: Text, exten: Text, app_name: Text, app_data: Text })),
  channelvars: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
})
export type Channel = typeof Channel.Type

/** A bridge (Asterisk: ARI, Bridge). */
export const Bridge = Schema.Struct({ id: Schema.NonEmptyString, channels: Schema.Array(Schema.String) })
export type Bridge = typeof Bridge.Type

export const Channels = Schema.Array(Channel)
export const Bridges = Schema.Array(Bridge)

/** `GET /asterisk/info?only=system`. */
export const Info = Schema.Struct({ system: Schema.Struct({ version: Schema.String }) })

export const Variable = Schema.Struct({ value: Schema.String })
