import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import { type ConfigurationRow, numberAccount } from "./configurationRow.ts"
import { UNKNOWN } from "./numberRow.ts"
import { NumberTaken } from "./refusals.ts"
import { reader } from "./rows.ts"

const readAddresses = reader(Schema.Struct({ address_normalized: Schema.String }))

/**
 * Takes a configuration's numbers along to another carrier account, within the transaction that changes it. Refused when
 * one of them is active there already. What is set at the new account is unknown until the next sync.
 */
export const moveNumbers = Effect.fnUntraced(function* (sql: PgClient.PgClient, configuration: ConfigurationRow) {
  const account = numberAccount(configuration)
  const [taken] = yield* readAddresses(
    yield* sql`SELECT mine.address_normalized FROM telephony_phone_numbers mine
      JOIN telephony_phone_numbers other ON other.provider = mine.provider
        AND other.address_normalized = mine.address_normalized AND other.is_active
      WHERE mine.telephony_configuration_id = ${configuration.id} AND mine.is_active
        AND other.telephony_configuration_id <> ${configuration.id} AND other.account_id = ${account}
      ORDER BY mine.id LIMIT 1`
  )
  if (taken !== undefined) return yield* new NumberTaken({ address: taken.address_normalized })
  yield* sql`UPDATE telephony_phone_numbers
    SET account_id = ${account}, updated_at = now(), sync_state = CASE
      WHEN sync_state ->> 'desired' IS NULL THEN sync_state
      ELSE sync_state || jsonb_build_object('observed', ${UNKNOWN}::text) END
    WHERE telephony_configuration_id = ${configuration.id}`
})
