import { PgClient } from "@effect/sql-pg"
import { Effect, Option, Result } from "effect"
import { type AddressType, canonicalAddress } from "../carrier/addresses.ts"
import { ConfigurationNotFound } from "./Configurations.ts"
import { type ConfigurationRow, readConfigurations } from "./configurationRow.ts"
import { readNumbers } from "./numberRow.ts"
import { invalidField, PhoneNumberNotFound } from "./refusals.ts"
import { rowKey } from "./rows.ts"

/** Which organization's configuration a number belongs to. */
export interface NumberOwner {
  readonly organizationId: string
  readonly configurationId: string
}

/** An address as a person wrote it, and what they say about it. */
export interface WrittenAddress {
  readonly address: string
  readonly addressType: AddressType | undefined
  readonly countryCode: string | undefined
}

/** The statements that several operations on phone numbers begin with. */
export const makeNumberQueries = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient

  const configurationOf = Effect.fnUntraced(function* ({ organizationId, configurationId }: NumberOwner) {
    const key = Option.getOrUndefined(rowKey(configurationId))
    const [row] =
      key === undefined
        ? []
        : yield* readConfigurations(
            yield* sql`SELECT * FROM telephony_configurations
              WHERE id = ${key} AND organization_id = ${organizationId} AND deleted_at IS NULL`
          )
    return row ?? (yield* new ConfigurationNotFound({ id: configurationId }))
  })

  const numberOf = Effect.fnUntraced(function* (configuration: ConfigurationRow, id: string) {
    const key = Option.getOrUndefined(rowKey(id))
    const [row] =
      key === undefined
        ? []
        : yield* readNumbers(
            yield* sql`SELECT * FROM telephony_phone_numbers
              WHERE id = ${key} AND telephony_configuration_id = ${configuration.id}`
          )
    return row ?? (yield* new PhoneNumberNotFound({ id }))
  })

  /**
   * Takes the configuration's row for this transaction and marks its numbers as changed: writers queue here, and whoever
   * keeps the account in memory sees it. Gives the row as it is now.
   */
  const claim = Effect.fnUntraced(function* ({ id }: ConfigurationRow) {
    const [row] = yield* readConfigurations(
      yield* sql`UPDATE telephony_configurations SET numbers_version = numbers_version + 1
        WHERE id = ${id} AND deleted_at IS NULL RETURNING *`
    )
    return row ?? (yield* new ConfigurationNotFound({ id }))
  })

  const dropDefault = (configurationId: string) =>
    sql`UPDATE telephony_phone_numbers SET is_default_caller_id = false, updated_at = now(), version = version + 1
      WHERE telephony_configuration_id = ${configurationId} AND is_default_caller_id`

  /** The number's row for this transaction: what is written into it next cannot overwrite what nobody read. */
  const lockNumber = Effect.fnUntraced(function* (configuration: ConfigurationRow, id: string) {
    const [row] = yield* readNumbers(
      yield* sql`SELECT * FROM telephony_phone_numbers
        WHERE id = ${id} AND telephony_configuration_id = ${configuration.id} FOR UPDATE`
    )
    return row ?? (yield* new PhoneNumberNotFound({ id }))
  })

  /** The stored key of an agent of the organization, or null for none. It cannot be deleted while the transaction runs. */
  const checkAgent = Effect.fnUntraced(function* (organizationId: string, agentId: string | undefined) {
    if (agentId === undefined) return null
    const key = Option.getOrUndefined(rowKey(agentId))
    const found =
      key === undefined
        ? []
        : yield* sql`SELECT id FROM agents WHERE id = ${key} AND organization_id = ${organizationId} FOR KEY SHARE`
    return found.length > 0 && key !== undefined
      ? key
      : yield* invalidField("agent_id", "There is no such agent in this organization.")
  })

  const organizationCountry = Effect.fnUntraced(function* (organizationId: string) {
    const [row] = yield* sql<{
      readonly default_country: string | null
    }>`SELECT default_country FROM organizations WHERE id = ${organizationId}`
    return row?.default_country ?? undefined
  })

  /** The address in the one form that is stored. National numbers are read in their country, else in the organization's. */
  const canonical = Effect.fnUntraced(function* (
    organizationId: string,
    { address, addressType, countryCode }: WrittenAddress
  ) {
    const country = countryCode ?? (yield* organizationCountry(organizationId))
    return yield* Effect.fromResult(
      Result.mapError(canonicalAddress(address, { country, type: addressType }), ({ message }) =>
        invalidField("address", message)
      )
    )
  })

  return {
    canonical,
    checkAgent,
    claim,
    configurationOf,
    dropDefault,
    lockNumber,
    numberOf,
    organizationCountry
  }
})
