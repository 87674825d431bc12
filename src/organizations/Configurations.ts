import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { CarrierToolkit } from "../carrier/CarrierToolkit.ts"
import { type ChecklistStep, InvalidCredentials, type ProviderSpec } from "../ProviderSpec.ts"
import type { TelephonyProvider } from "../carrier/TelephonyProvider.ts"
import { Registry, type UnknownProvider } from "../Registry.ts"
import { Secrets } from "../store/Secrets.ts"
import { inactiveReason, readConfigurations } from "./configurationRow.ts"
import { checklist, outboundBlock } from "./readiness.ts"
import { reader, rowKey, Timestamp } from "./rows.ts"
import { sensitivePaths } from "./savedForm.ts"

/** No such configuration in this organization. */
export class ConfigurationNotFound extends Schema.TaggedError<ConfigurationNotFound>()("ConfigurationNotFound", {
  id: Schema.String
}) {}

/** The configuration belongs to another provider than the caller expected. */
export class WrongProvider extends Schema.TaggedError<WrongProvider>()("WrongProvider", {
  id: Schema.String,
  expected: Schema.String,
  actual: Schema.String
}) {}

/** No configuration can place a call; `message` is the first step that blocks. */
export class NoConfigurationReady extends Schema.TaggedError<NoConfigurationReady>()("NoConfigurationReady", {
  message: Schema.String
}) {}

/** A configuration with its credentials loaded: the provider's service value, ready to use. */
export interface LoadedConfiguration {
  readonly id: string
  readonly organizationId: string
  readonly name: string
  readonly accountId: string
  readonly inactive: boolean
  readonly spec: ProviderSpec
  readonly provider: TelephonyProvider
}

export type LoadFailure = ConfigurationNotFound | WrongProvider | InvalidCredentials | UnknownProvider | SqlError

/** Loads configurations for the call path: lazily, by id, with the expected provider checked. */
export class Configurations extends Context.Service<
  Configurations,
  {
    /**
     * A deleted configuration still loads, as an inactive one, until its credentials are erased: its live calls need
     * them.
     */
    readonly load: (
      id: string,
      expected?: { readonly organizationId?: string; readonly provider?: string }
    ) => Effect.Effect<LoadedConfiguration, LoadFailure>
    /** Every configuration of a provider whose account id is this one, in all organizations; inactive ones too. */
    readonly candidates: (
      provider: string,
      accountId: string
    ) => Effect.Effect<ReadonlyArray<LoadedConfiguration>, SqlError>
    /** The explicit one (authoritative), else the default, else the first that is ready to dial and not simulated. */
    readonly forOutbound: (
      organizationId: string,
      id?: string
    ) => Effect.Effect<LoadedConfiguration, LoadFailure | NoConfigurationReady>
  }
>()("switchboard/Configurations") {
  static readonly layer = Layer.effect(
    Configurations,
    Effect.suspend(() => makeConfigurations)
  )
}

/** What is read on every look-up; no credentials. */
const Head = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  name: Schema.String,
  provider: Schema.String,
  account_id: Schema.String,
  inactive_since: Schema.NullOr(Timestamp),
  inactive_reason: Schema.NullOr(Schema.String),
  version: Schema.Int,
  numbers_version: Schema.Int,
  is_deleted: Schema.Boolean
})
type Head = typeof Head.Type
const readHeads = reader(Head)
const readAddresses = reader(Schema.Struct({ address_normalized: Schema.String }))

/** An account made from credentials of one version and numbers of one version. */
interface Account {
  readonly spec: ProviderSpec
  readonly version: number
  readonly numbersVersion: number
  readonly provider: TelephonyProvider
  /** The steps before the configuration can dial, its activity left out. */
  readonly steps: ReadonlyArray<ChecklistStep>
}

/** How many accounts are kept ready; the one that was made first goes first. */
const CACHED = 1000

const unusable = (head: Head, reason: string) =>
  Effect.as(Effect.logWarning(`Configuration ${head.id} cannot be used for a webhook: ${reason}`), [])

const makeConfigurations = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const registry = yield* Registry
  const secrets = yield* Secrets
  const toolkit = yield* CarrierToolkit
  const accounts = new Map<string, Account>()

  const heads = sql`SELECT id, organization_id, name, provider, account_id, inactive_since, inactive_reason, version,
    numbers_version, deleted_at IS NOT NULL AS is_deleted FROM telephony_configurations`

  const makeAccount = Effect.fnUntraced(function* (id: string, spec: ProviderSpec) {
    const [row] = yield* readConfigurations(yield* sql`SELECT * FROM telephony_configurations WHERE id = ${id}`)
    if (row === undefined) return yield* new ConfigurationNotFound({ id })
    const numbers = yield* readAddresses(
      yield* sql`SELECT address_normalized FROM telephony_phone_numbers
        WHERE telephony_configuration_id = ${id} AND is_active ORDER BY id`
    )
    const owner = { organizationId: row.organization_id, rowId: row.id }
    const stored = yield* secrets
      .openFields(owner, row.credentials, sensitivePaths(spec.uiMetadata.fields))
      .pipe(
        Effect.mapError(
          ({ field, message }) => new InvalidCredentials({ provider: spec.name, errors: [{ field, message }] })
        )
      )
    const attached = {
      configurationId: id,
      phoneNumbers: numbers.map((number) => number.address_normalized),
      ownKeys: secrets.deriveKey(`configuration ${id}`)
    }
    const tools = row.simulator_url === null ? toolkit : toolkit.at(row.simulator_url)
    const provider = yield* Effect.provideService(spec.load(stored, attached), CarrierToolkit, tools)
    const facts = { activeNumbers: numbers.length, inactiveReason: undefined }
    const steps = checklist(spec, Redacted.value(stored), facts)
    const account: Account = { spec, version: row.version, numbersVersion: row.numbers_version, provider, steps }
    return account
  })

  const account = Effect.fnUntraced(function* (head: Head, spec: ProviderSpec) {
    const known = accounts.get(head.id)
    const isCurrent =
      known?.spec === spec && known.version === head.version && known.numbersVersion === head.numbers_version
    if (isCurrent) return known
    const made = yield* makeAccount(head.id, spec)
    accounts.delete(head.id)
    accounts.set(head.id, made)
    const [oldest] = accounts.keys()
    if (accounts.size > CACHED && oldest !== undefined) accounts.delete(oldest)
    return made
  })

  const fromHead = Effect.fnUntraced(function* (head: Head) {
    const spec = yield* registry.get(head.provider)
    const { provider, steps } = yield* account(head, spec)
    const loaded: LoadedConfiguration = {
      id: head.id,
      organizationId: head.organization_id,
      name: head.name,
      accountId: head.account_id,
      inactive: head.inactive_since !== null || head.is_deleted,
      spec,
      provider
    }
    const reason = inactiveReason(head)
    const blocked = reason === undefined ? outboundBlock(spec, steps) : `It is inactive: ${reason} Reactivate it.`
    return { loaded, blocked: blocked === undefined ? undefined : `Configuration "${head.name}": ${blocked}` }
  })

  const headOf = Effect.fnUntraced(function* (id: string, organizationId: string | undefined) {
    const key = Option.getOrUndefined(rowKey(id))
    const found =
      key === undefined
        ? []
        : yield* readHeads(yield* sql`${heads} WHERE id = ${key} AND (deleted_at IS NULL OR credentials <> '{}')`)
    const [head] = found.filter((each) => organizationId === undefined || each.organization_id === organizationId)
    return head ?? (yield* new ConfigurationNotFound({ id }))
  })

  const load = Effect.fn("Configurations.load")(function* (
    id: string,
    expected: { readonly organizationId?: string; readonly provider?: string } = {}
  ) {
    const head = yield* headOf(id, expected.organizationId)
    if (expected.provider !== undefined && expected.provider !== head.provider) {
      return yield* new WrongProvider({ id, expected: expected.provider, actual: head.provider })
    }
    return (yield* fromHead(head)).loaded
  })

  const candidates = Effect.fn("Configurations.candidates")(function* (provider: string, accountId: string) {
    const found = yield* readHeads(
      yield* sql`${heads} WHERE provider = ${provider} AND account_id = ${accountId} AND deleted_at IS NULL ORDER BY id`
    )
    const loaded = yield* Effect.forEach(found, (head) =>
      fromHead(head).pipe(
        Effect.map(({ loaded }) => [loaded]),
        Effect.catchTags({
          ConfigurationNotFound: () => Effect.succeed([]),
          InvalidCredentials: ({ errors }) => unusable(head, errors.map(({ message }) => message).join(" ")),
          UnknownProvider: ({ message }) => unusable(head, message)
        })
      )
    )
    return loaded.flat()
  })

  const explicit = Effect.fnUntraced(function* (organizationId: string, id: string) {
    const head = yield* headOf(id, organizationId)
    if (head.is_deleted) return yield* new ConfigurationNotFound({ id })
    const { loaded, blocked } = yield* fromHead(head)
    return blocked === undefined ? loaded : yield* new NoConfigurationReady({ message: blocked })
  })

  const firstReady = Effect.fnUntraced(function* (organizationId: string) {
    const found = yield* readHeads(
      yield* sql`${heads} WHERE organization_id = ${organizationId} AND deleted_at IS NULL AND simulator_url IS NULL
        ORDER BY is_default_outbound DESC, id`
    )
    let message: string | undefined
    for (const head of found) {
      const { loaded, blocked } = yield* fromHead(head).pipe(
        Effect.catchTags({
          ConfigurationNotFound: () => Effect.succeed({ loaded: undefined, blocked: undefined }),
          InvalidCredentials: ({ errors }) =>
            Effect.succeed({
              loaded: undefined,
              blocked: `Configuration "${head.name}": ${errors.map((error) => `${error.field}: ${error.message}`).join(" ")}`
            }),
          UnknownProvider: (error) =>
            Effect.succeed({ loaded: undefined, blocked: `Configuration "${head.name}": ${error.message}` })
        })
      )
      if (loaded !== undefined && blocked === undefined) return loaded
      message ??= blocked
    }
    return yield* new NoConfigurationReady({ message: message ?? "Add a telephony configuration first." })
  })

  const forOutbound = Effect.fn("Configurations.forOutbound")((organizationId: string, id?: string) =>
    id === undefined ? firstReady(organizationId) : explicit(organizationId, id)
  )

  return Configurations.of({ load, candidates, forOutbound })
})
