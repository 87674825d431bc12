import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { AddressType, addressCandidates } from "../carrier/addresses.ts"
import { reader, rowKey } from "./rows.ts"

/** An active number as the call path needs it. */
export interface AttachedNumber {
  readonly id: string
  readonly address: string
  readonly addressType: "pstn" | "sip_uri" | "sip_extension"
  readonly agentId: string | undefined
}

/** Look-ups of phone numbers on the call path. Addresses are read leniently and compared in canonical form. */
export class PhoneNumbers extends Context.Service<
  PhoneNumbers,
  {
    /** The active number of a configuration that was called. */
    readonly called: (
      configurationId: string,
      address: string
    ) => Effect.Effect<Option.Option<AttachedNumber>, SqlError>
    /** The caller id of an outbound call: the explicit one, else the default, else any active one. */
    readonly callerId: (
      configurationId: string,
      phoneNumberId?: string
    ) => Effect.Effect<Option.Option<AttachedNumber>, SqlError>
  }
>()("switchboard/PhoneNumbers") {
  static readonly layer = Layer.effect(
    PhoneNumbers,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient

      const active = (configurationId: string) =>
        sql`SELECT n.id, n.address_normalized, n.address_type, n.agent_id FROM telephony_phone_numbers n
          WHERE n.telephony_configuration_id = ${configurationId} AND n.is_active`

      const country = Effect.fnUntraced(function* (configurationId: string) {
        const [row] = yield* readCountries(
          yield* sql`SELECT o.default_country FROM telephony_configurations c
            JOIN organizations o ON o.id = c.organization_id WHERE c.id = ${configurationId}`
        )
        return row?.default_country ?? undefined
      })

      const called = Effect.fn("PhoneNumbers.called")(function* (configurationId: string, address: string) {
        const key = Option.getOrUndefined(rowKey(configurationId))
        if (key === undefined) return Option.none<AttachedNumber>()
        const candidates = addressCandidates(address, yield* country(key))
        if (candidates.length === 0) return Option.none<AttachedNumber>()
        const rows = yield* readAttached(yield* sql`${active(key)} AND n.address_normalized IN ${sql.in(candidates)}`)
        // What it reads as first wins over what it could be besides.
        const found = candidates.flatMap((candidate) => rows.filter((row) => row.address_normalized === candidate))
        return Option.map(Option.fromUndefinedOr(found[0]), toAttached)
      })

      const callerId = Effect.fn("PhoneNumbers.callerId")(function* (configurationId: string, phoneNumberId?: string) {
        const key = Option.getOrUndefined(rowKey(configurationId))
        const explicit = phoneNumberId === undefined ? undefined : Option.getOrUndefined(rowKey(phoneNumberId))
        if (key === undefined || (phoneNumberId !== undefined && explicit === undefined)) {
          return Option.none<AttachedNumber>()
        }
        const rows = yield* readAttached(
          explicit === undefined
            ? yield* sql`${active(key)} ORDER BY n.is_default_caller_id DESC, n.id LIMIT 1`
            : yield* sql`${active(key)} AND n.id = ${explicit}`
        )
        return Option.map(Option.fromUndefinedOr(rows[0]), toAttached)
      })

      return PhoneNumbers.of({ called, callerId })
    })
  )
}

const Attached = Schema.Struct({
  id: Schema.String,
  address_normalized: Schema.String,
  address_type: AddressType,
  agent_id: Schema.NullOr(Schema.String)
})
const readAttached = reader(Attached)
const readCountries = reader(Schema.Struct({ default_country: Schema.NullOr(Schema.String) }))

const toAttached = (row: typeof Attached.Type): AttachedNumber => ({
  id: row.id,
  address: row.address_normalized,
  addressType: row.address_type,
  agentId: row.agent_id ?? undefined
})
