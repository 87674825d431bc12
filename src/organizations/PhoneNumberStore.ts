import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Fiber, Layer } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { ProviderSync } from "../carrier/TelephonyProvider.ts"
import { uuidV7 } from "../store/Ids.ts"
import type { AddressType } from "../carrier/addresses.ts"
import type { ConfigurationNotFound } from "./Configurations.ts"
import { type ConfigurationRow, numberAccount } from "./configurationRow.ts"
import { NumberSync } from "./NumberSync.ts"
import { makeNumberQueries, type NumberOwner, type WrittenAddress } from "./numberQueries.ts"
import { type PhoneNumber, readNumbers, untouched, withWish } from "./numberRow.ts"
import { type InvalidFields, invalidField, NumberTaken, type PhoneNumberNotFound, VersionConflict } from "./refusals.ts"
import { FIRST_KEY, type Page, type PageRequest, pageOf, violates } from "./rows.ts"

export interface NewPhoneNumber extends WrittenAddress {
  readonly label: string | undefined
  readonly agentId: string | undefined
  readonly isActive: boolean
  readonly isDefaultCallerId: boolean
}

/** Everything but the address, which never changes. An undefined `isDefaultCallerId` stays as it is. */
export interface PhoneNumberChange {
  readonly version: number
  /** Only to prove that it is meant to stay: a different one is refused. */
  readonly address: string | undefined
  readonly label: string | undefined
  readonly agentId: string | undefined
  readonly isActive: boolean
  readonly isDefaultCallerId: boolean | undefined
}

/** A write that was kept, and how the carrier took it. */
export interface Synced {
  readonly number: PhoneNumber
  readonly sync: ProviderSync
}

type Missing = ConfigurationNotFound | PhoneNumberNotFound | SqlError

/** The phone numbers of configurations: rows here, webhooks at the carrier. What the carrier refuses never loses a write. */
export class PhoneNumberStore extends Context.Service<
  PhoneNumberStore,
  {
    readonly list: (
      owner: NumberOwner,
      page: PageRequest
    ) => Effect.Effect<Page<PhoneNumber>, ConfigurationNotFound | SqlError>
    readonly get: (owner: NumberOwner, id: string) => Effect.Effect<PhoneNumber, Missing>
    readonly create: (
      owner: NumberOwner,
      number: NewPhoneNumber
    ) => Effect.Effect<Synced, ConfigurationNotFound | InvalidFields | NumberTaken | SqlError>
    readonly replace: (
      owner: NumberOwner,
      id: string,
      change: PhoneNumberChange
    ) => Effect.Effect<Synced, Missing | InvalidFields | NumberTaken | VersionConflict>
    /** Whoever asks for it and goes away does not leave it half done. */
    readonly remove: (owner: NumberOwner, id: string) => Effect.Effect<ProviderSync, Missing>
    readonly setDefaultCaller: (owner: NumberOwner, id: string) => Effect.Effect<PhoneNumber, Missing | InvalidFields>
    /** Tells the carrier again what is wanted. */
    readonly sync: (owner: NumberOwner, id: string) => Effect.Effect<Synced, Missing>
  }
>()("switchboard/PhoneNumberStore") {
  static readonly layer = Layer.effect(
    PhoneNumberStore,
    Effect.suspend(() => makePhoneNumberStore)
  )
}

/** Of a number whose row is gone, nothing is left that could try again. */
const STILL_SENT =
  "The number is deleted here, and its calls are refused if the carrier still sends them: take the webhook away there."

const INACTIVE_DEFAULT = "An inactive number cannot be the default caller id. Make it active first."

const takenAs = (address: string) => (error: SqlError) =>
  violates(error, "telephony_phone_numbers_active") ? new NumberTaken({ address }) : error

const makePhoneNumberStore = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const numberSync = yield* NumberSync
  const scope = yield* Effect.scope

  const { canonical, checkAgent, claim, configurationOf, dropDefault, lockNumber, numberOf } = yield* makeNumberQueries

  const current = Effect.fnUntraced(function* (number: PhoneNumber) {
    const [row] = yield* readNumbers(yield* sql`SELECT * FROM telephony_phone_numbers WHERE id = ${number.id}`)
    return row ?? number
  })

  const list = Effect.fn("PhoneNumberStore.list")(function* (owner: NumberOwner, page: PageRequest) {
    const configuration = yield* configurationOf(owner)
    const rows = yield* sql`SELECT * FROM telephony_phone_numbers
      WHERE telephony_configuration_id = ${configuration.id} AND id > ${page.after ?? FIRST_KEY}
      ORDER BY id LIMIT ${page.limit + 1}`
    return pageOf(yield* readNumbers(rows), page)
  })

  const get = Effect.fn("PhoneNumberStore.get")(function* (owner: NumberOwner, id: string) {
    return yield* numberOf(yield* configurationOf(owner), id)
  })

  const insert = Effect.fnUntraced(function* (
    configuration: ConfigurationRow,
    number: NewPhoneNumber,
    {
      address,
      type,
      country
    }: { readonly address: string; readonly type: AddressType; readonly country: string | undefined }
  ) {
    const { account_id, id: configurationId, organization_id, provider } = yield* claim(configuration)
    const agentId = yield* checkAgent(organization_id, number.agentId)
    if (number.isDefaultCallerId) yield* dropDefault(configurationId)
    const state = withWish(
      untouched,
      numberSync.wanted({
        provider,
        telephony_configuration_id: configurationId,
        is_active: number.isActive,
        agent_id: agentId
      })
    )
    const [row] = yield* readNumbers(
      yield* sql`INSERT INTO telephony_phone_numbers ${sql.insert({
        id: yield* uuidV7,
        organization_id,
        telephony_configuration_id: configurationId,
        provider,
        account_id: numberAccount({ id: configurationId, account_id }),
        address: number.address.trim(),
        address_normalized: address,
        address_type: type,
        country_code: country ?? null,
        label: number.label ?? null,
        agent_id: agentId,
        is_active: number.isActive,
        is_default_caller_id: number.isDefaultCallerId,
        sync_state: sql.json(state)
      })} RETURNING *`.pipe(Effect.mapError(takenAs(address)))
    )
    return row ?? (yield* Effect.die("INSERT gave no row"))
  }, sql.withTransaction)

  const create = Effect.fn("PhoneNumberStore.create")(function* (owner: NumberOwner, number: NewPhoneNumber) {
    const configuration = yield* configurationOf(owner)
    const address = yield* canonical(owner.organizationId, number)
    if (number.isDefaultCallerId && !number.isActive)
      return yield* invalidField("is_default_caller_id", INACTIVE_DEFAULT)
    yield* checkAgent(owner.organizationId, number.agentId)
    const { ownership, warning } =
      address.type === "pstn"
        ? yield* numberSync.ownership(configuration.id, address.address)
        : { ownership: "unknown" as const, warning: undefined }
    if (ownership === "not-owned") {
      return yield* invalidField(
        "address",
        "The carrier account of this configuration does not hold this number. Buy or port it there, or use the account that has it."
      )
    }
    const row = yield* insert(configuration, number, address)
    const sync = yield* numberSync.bring(row.id)
    return {
      number: yield* current(row),
      sync:
        warning === undefined
          ? sync
          : { ok: false, message: sync.ok || warning.endsWith(sync.message) ? warning : `${warning} ${sync.message}` }
    }
  })

  const update = Effect.fnUntraced(function* (configuration: ConfigurationRow, id: string, change: PhoneNumberChange) {
    const { organization_id, provider } = yield* claim(configuration)
    const before = yield* lockNumber(configuration, id)
    if (change.version !== before.version) {
      return yield* new VersionConflict({ sent: change.version, current: before.version })
    }
    const agentId = yield* checkAgent(organization_id, change.agentId)
    const isDefault = change.isActive && (change.isDefaultCallerId ?? before.is_default_caller_id)
    if (isDefault && !before.is_default_caller_id) yield* dropDefault(configuration.id)
    const state = withWish(
      before.sync_state,
      numberSync.wanted({
        provider,
        telephony_configuration_id: configuration.id,
        is_active: change.isActive,
        agent_id: agentId
      })
    )
    const [row] = yield* readNumbers(
      yield* sql`UPDATE telephony_phone_numbers SET label = ${change.label ?? null}, agent_id = ${agentId},
          is_active = ${change.isActive}, is_default_caller_id = ${isDefault}, sync_state = ${sql.json(state)},
          version = version + 1, updated_at = now()
        WHERE id = ${before.id} RETURNING *`.pipe(Effect.mapError(takenAs(before.address_normalized)))
    )
    return row ?? before
  }, sql.withTransaction)

  const replace = Effect.fn("PhoneNumberStore.replace")(function* (
    owner: NumberOwner,
    id: string,
    change: PhoneNumberChange
  ) {
    const configuration = yield* configurationOf(owner)
    const before = yield* numberOf(configuration, id)
    if (change.version !== before.version) {
      return yield* new VersionConflict({ sent: change.version, current: before.version })
    }
    if (change.address !== undefined) {
      const hints = { addressType: before.address_type, countryCode: before.country_code ?? undefined }
      const { address } = yield* canonical(owner.organizationId, { address: change.address, ...hints })
      if (address !== before.address_normalized) {
        return yield* invalidField("address", "The address of a number cannot change. Delete it and add the other one.")
      }
    }
    if (change.isDefaultCallerId === true && !change.isActive) {
      return yield* invalidField("is_default_caller_id", INACTIVE_DEFAULT)
    }
    const row = yield* update(configuration, before.id, change)
    const sync = yield* numberSync.bring(row.id)
    return { number: yield* current(row), sync }
  })

  const wish = Effect.fnUntraced(function* (
    configuration: ConfigurationRow,
    id: string,
    desired: (number: PhoneNumber) => string | null
  ) {
    const number = yield* lockNumber(configuration, id)
    const state = withWish(number.sync_state, desired(number))
    yield* sql`UPDATE telephony_phone_numbers SET sync_state = ${sql.json(state)} WHERE id = ${id}`
    return number
  }, sql.withTransaction)

  const detachAndDelete = Effect.fnUntraced(function* (configuration: ConfigurationRow, id: string) {
    yield* wish(configuration, id, () => null)
    const sync = yield* numberSync.bring(id)
    yield* Effect.andThen(claim(configuration), sql`DELETE FROM telephony_phone_numbers WHERE id = ${id}`).pipe(
      sql.withTransaction
    )
    return sync.ok ? sync : { ...sync, message: `${sync.message} ${STILL_SENT}` }
  })

  const remove = Effect.fn("PhoneNumberStore.remove")(function* (owner: NumberOwner, id: string) {
    const configuration = yield* configurationOf(owner)
    const number = yield* numberOf(configuration, id)
    return yield* Effect.flatMap(Effect.forkIn(detachAndDelete(configuration, number.id), scope), Fiber.join)
  })

  const setDefaultCaller = Effect.fn("PhoneNumberStore.setDefaultCaller")(function* (owner: NumberOwner, id: string) {
    const configuration = yield* claim(yield* configurationOf(owner))
    const number = yield* numberOf(configuration, id)
    if (!number.is_active) return yield* invalidField("is_active", INACTIVE_DEFAULT)
    if (number.is_default_caller_id) return number
    yield* dropDefault(configuration.id)
    const [row] = yield* readNumbers(
      yield* sql`UPDATE telephony_phone_numbers
        SET is_default_caller_id = true, updated_at = now(), version = version + 1
        WHERE id = ${number.id} RETURNING *`
    )
    return row ?? number
  }, sql.withTransaction)

  const sync = Effect.fn("PhoneNumberStore.sync")(function* (owner: NumberOwner, id: string) {
    const configuration = yield* configurationOf(owner)
    const number = yield* wish(configuration, (yield* numberOf(configuration, id)).id, numberSync.wanted)
    const outcome = yield* numberSync.bring(number.id, { force: true })
    return { number: yield* current(number), sync: outcome }
  })

  return PhoneNumberStore.of({ list, get, create, replace, remove, setDefaultCaller, sync })
})
