import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { FormValues } from "../Form.ts"
import type { ChecklistStep, ProviderSpec } from "../ProviderSpec.ts"
import { Registry } from "../Registry.ts"
import { uuidV7 } from "../store/Ids.ts"
import { type OpenFailure, Secrets } from "../store/Secrets.ts"
import { ConfigurationCleanup } from "./ConfigurationCleanup.ts"
import { ConfigurationNotFound } from "./Configurations.ts"
import { type ConfigurationRow, inactiveReason, readConfigurations } from "./configurationRow.ts"
import { lookUp } from "./fieldPaths.ts"
import { mask } from "./masking.ts"
import { checklist } from "./readiness.ts"
import { type InvalidFields, invalidField, NameTaken, NumberTaken, VersionConflict } from "./refusals.ts"
import { FIRST_KEY, type Page, type PageRequest, pageOf, rowKey, violates } from "./rows.ts"
import { moveNumbers } from "./accountChange.ts"
import { readForm, sensitivePaths } from "./savedForm.ts"

/** A configuration as it may be read: credentials masked. */
export interface ConfigurationDetail {
  readonly row: ConfigurationRow
  readonly credentials: FormValues
  readonly checklist: ReadonlyArray<ChecklistStep>
}

/** What a save request holds besides the credentials. Undefined members stay as they are. */
export interface ConfigurationChange {
  readonly version: number
  readonly name: string | undefined
  readonly isDefaultOutbound: boolean | undefined
  /** As it was sent, masks included, with its `provider`. */
  readonly config: Redacted.Redacted<FormValues> | undefined
  /** Where the fake carrier of a simulated configuration is now. */
  readonly simulatorUrl?: string
  /** PUT or PATCH: what becomes of credentials that were not sent. */
  readonly mode: "replace" | "merge"
}

export interface NewConfiguration {
  readonly name: string
  readonly isDefaultOutbound: boolean
  readonly config: Redacted.Redacted<FormValues>
  /** Makes a simulated configuration, which talks to the fake carrier at this URL and to no other. */
  readonly simulatorUrl?: string
}

type Refusal = InvalidFields | NameTaken | SqlError

/** The telephony configurations of organizations: validated by their provider's schema, secrets sealed. */
export class ConfigurationStore extends Context.Service<
  ConfigurationStore,
  {
    readonly list: (organizationId: string, page: PageRequest) => Effect.Effect<Page<ConfigurationRow>, SqlError>
    readonly get: (
      organizationId: string,
      id: string
    ) => Effect.Effect<ConfigurationDetail, ConfigurationNotFound | SqlError>
    readonly create: (
      organizationId: string,
      configuration: NewConfiguration
    ) => Effect.Effect<ConfigurationDetail, Refusal>
    readonly save: (
      organizationId: string,
      id: string,
      change: ConfigurationChange
    ) => Effect.Effect<ConfigurationDetail, ConfigurationNotFound | VersionConflict | NumberTaken | Refusal>
    readonly setDefaultOutbound: (
      organizationId: string,
      id: string
    ) => Effect.Effect<ConfigurationDetail, ConfigurationNotFound | InvalidFields | SqlError>
    readonly reactivate: (
      organizationId: string,
      id: string
    ) => Effect.Effect<ConfigurationDetail, ConfigurationNotFound | SqlError>
    /** Takes a configuration out of use until somebody reactivates it. `reason` is a sentence for that person. */
    readonly park: (id: string, reason: string) => Effect.Effect<void, SqlError>
    /** Gone at once; its numbers are detached at the carrier and its credentials erased in the background. */
    readonly remove: (organizationId: string, id: string) => Effect.Effect<void, ConfigurationNotFound | SqlError>
  }
>()("switchboard/ConfigurationStore") {
  static readonly layer = Layer.effect(
    ConfigurationStore,
    Effect.suspend(() => makeConfigurationStore)
  )
}

/** Calls that somebody means to place must not go to a fake carrier. */
const checkReal = ({ name, simulator_url }: ConfigurationRow) =>
  simulator_url === null
    ? Effect.void
    : Effect.fail(
        invalidField("is_default_outbound", `"${name}" is simulated: it cannot be the default for outbound calls.`)
      )

const NO_CREDENTIALS = Redacted.make<FormValues>({})

/** A configuration whose credentials this process cannot read: with the reasons as the steps to take. */
const unreadable = (row: ConfigurationRow, steps: ReadonlyArray<string>): ConfigurationDetail => ({
  row,
  credentials: { provider: row.provider },
  checklist: steps.map((step) => ({ step, done: false }))
})

/** The account that credentials are of; empty where the carrier has no such thing. */
const accountOf = (spec: ProviderSpec, credentials: Redacted.Redacted<FormValues>) => {
  if (spec.accountIdCredentialField === "") return ""
  const found = lookUp(Redacted.value(credentials), spec.accountIdCredentialField)
  return found._tag === "Value" && typeof found.value === "string" ? found.value : ""
}

const named = (name: string) => (error: SqlError) =>
  violates(error, "telephony_configurations_name") ? new NameTaken({ name }) : error

const makeConfigurationStore = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const registry = yield* Registry
  const secrets = yield* Secrets
  const cleanup = yield* ConfigurationCleanup

  const find = Effect.fnUntraced(function* (organizationId: string, id: string) {
    const key = Option.getOrUndefined(rowKey(id))
    const [row] =
      key === undefined
        ? []
        : yield* readConfigurations(
            yield* sql`SELECT * FROM telephony_configurations
              WHERE id = ${key} AND organization_id = ${organizationId} AND deleted_at IS NULL`
          )
    return row ?? (yield* new ConfigurationNotFound({ id }))
  })

  const open = (row: ConfigurationRow, spec: ProviderSpec) =>
    secrets.openFields(
      { organizationId: row.organization_id, rowId: row.id },
      row.credentials,
      sensitivePaths(spec.uiMetadata.fields)
    )

  const detail = Effect.fnUntraced(function* (row: ConfigurationRow) {
    const numbers = yield* sql`SELECT id FROM telephony_phone_numbers
      WHERE telephony_configuration_id = ${row.id} AND is_active`
    const read = Effect.gen(function* () {
      const spec = yield* registry.get(row.provider)
      const stored = Redacted.value(yield* open(row, spec))
      const facts = { activeNumbers: numbers.length, inactiveReason: inactiveReason(row) }
      const shown: ConfigurationDetail = {
        row,
        credentials: {
          provider: row.provider,
          ...mask(stored, spec.uiMetadata.fields),
          ...spec.derivedValues?.(stored, row.id)
        },
        checklist: checklist(spec, stored, facts)
      }
      return shown
    })
    return yield* Effect.catch(read, ({ message }) => Effect.succeed(unreadable(row, [message])))
  })

  /** Which provider a request names, as its spec. */
  const specOf = Effect.fnUntraced(function* (config: Redacted.Redacted<FormValues>) {
    const name = Redacted.value(config)["provider"]
    const all = yield* registry.all
    const spec = all.find((each) => each.name === name)
    const known = all.map((each) => each.name).join(", ")
    return (
      spec ?? (yield* invalidField("config.provider", `Send the name of a provider. There are: ${known || "none"}.`))
    )
  })

  /** Two writers of the default must not pass each other: they queue at the organization's row. */
  const dropDefault = Effect.fnUntraced(function* (organizationId: string) {
    yield* sql`SELECT id FROM organizations WHERE id = ${organizationId} FOR NO KEY UPDATE`
    yield* sql`UPDATE telephony_configurations SET is_default_outbound = false
      WHERE organization_id = ${organizationId} AND is_default_outbound`
  })

  const list = Effect.fn("ConfigurationStore.list")(function* (organizationId: string, page: PageRequest) {
    const rows = yield* sql`SELECT * FROM telephony_configurations
      WHERE organization_id = ${organizationId} AND deleted_at IS NULL AND id > ${page.after ?? FIRST_KEY}
      ORDER BY id LIMIT ${page.limit + 1}`
    return pageOf(yield* readConfigurations(rows), page)
  })

  const get = Effect.fn("ConfigurationStore.get")(function* (organizationId: string, id: string) {
    return yield* detail(yield* find(organizationId, id))
  })

  const create = Effect.fn("ConfigurationStore.create")(function* (
    organizationId: string,
    { name, isDefaultOutbound, config, simulatorUrl }: NewConfiguration
  ) {
    const spec = yield* specOf(config)
    const { fields } = spec.uiMetadata
    const form = { part: "config", fields, schema: spec.unionRequest, stored: NO_CREDENTIALS, mode: "replace" } as const
    const credentials = yield* readForm(config, form)
    const id = yield* uuidV7
    const sealed = yield* secrets.sealFields({ organizationId, rowId: id }, credentials, sensitivePaths(fields))
    const insert = Effect.gen(function* () {
      if (isDefaultOutbound) yield* dropDefault(organizationId)
      const [row] = yield* readConfigurations(
        yield* sql`INSERT INTO telephony_configurations ${sql.insert({
          id,
          organization_id: organizationId,
          name,
          provider: spec.name,
          account_id: accountOf(spec, credentials),
          credentials: sql.json(sealed),
          is_default_outbound: isDefaultOutbound,
          simulator_url: simulatorUrl ?? null
        })} RETURNING *`.pipe(Effect.mapError(named(name)))
      )
      return row ?? (yield* Effect.die("INSERT gave no row"))
    })
    return yield* detail(yield* sql.withTransaction(insert))
  })

  /** The credentials after a change, sealed, and the account that they are of. */
  const changedCredentials = Effect.fnUntraced(function* (
    row: ConfigurationRow,
    config: Redacted.Redacted<FormValues>,
    mode: "replace" | "merge"
  ) {
    const spec = yield* registry
      .get(row.provider)
      .pipe(Effect.mapError(({ message }) => invalidField("config.provider", message)))
    const { provider = row.provider } = Redacted.value(config)
    if (provider !== row.provider) {
      return yield* invalidField(
        "config.provider",
        "The provider of a configuration cannot change. Create another configuration for the other one."
      )
    }
    // Secrets that no longer open cannot be kept: then everything has to be sent again.
    const stored = yield* open(row, spec).pipe(
      Effect.catch(({ message }: OpenFailure) => Effect.as(Effect.logWarning(message), NO_CREDENTIALS))
    )
    const { fields } = spec.uiMetadata
    const credentials = yield* readForm(config, { part: "config", fields, schema: spec.configRequest, stored, mode })
    const owner = { organizationId: row.organization_id, rowId: row.id }
    const sealed = yield* secrets.sealFields(owner, credentials, sensitivePaths(fields))
    return { sealed, accountId: accountOf(spec, credentials) }
  })

  const write = Effect.fnUntraced(function* (
    before: ConfigurationRow,
    { name = before.name, isDefaultOutbound, simulatorUrl, version }: ConfigurationChange,
    { sealed, accountId }: { readonly sealed: FormValues; readonly accountId: string }
  ) {
    const { id, organization_id } = before
    if (isDefaultOutbound === true) yield* dropDefault(organization_id)
    const [row] = yield* readConfigurations(
      yield* sql`UPDATE telephony_configurations SET name = ${name}, account_id = ${accountId},
          credentials = ${sql.json(sealed)}, is_default_outbound = COALESCE(${isDefaultOutbound ?? null}, is_default_outbound),
          simulator_url = COALESCE(${simulatorUrl ?? null}, simulator_url), version = version + 1, updated_at = now()
        WHERE id = ${id} AND version = ${version} AND deleted_at IS NULL RETURNING *`.pipe(Effect.mapError(named(name)))
    )
    if (row === undefined) {
      const current = yield* find(organization_id, id)
      return yield* new VersionConflict({ sent: version, current: current.version })
    }
    if (row.account_id !== before.account_id) yield* moveNumbers(sql, row)
    return row
  }, sql.withTransaction)

  const save = Effect.fn("ConfigurationStore.save")(function* (
    organizationId: string,
    id: string,
    change: ConfigurationChange
  ) {
    const before = yield* find(organizationId, id)
    if (before.version !== change.version) {
      return yield* new VersionConflict({ sent: change.version, current: before.version })
    }
    if (change.isDefaultOutbound === true) yield* checkReal(before)
    const credentials =
      change.config === undefined
        ? { sealed: before.credentials, accountId: before.account_id }
        : yield* changedCredentials(before, change.config, change.mode)
    return yield* detail(yield* write(before, change, credentials))
  })

  const setDefaultOutbound = Effect.fn("ConfigurationStore.setDefaultOutbound")(function* (
    organizationId: string,
    id: string
  ) {
    const row = yield* find(organizationId, id)
    const key = row.id
    yield* checkReal(row)
    const set = Effect.andThen(
      dropDefault(organizationId),
      sql`UPDATE telephony_configurations SET is_default_outbound = true WHERE id = ${key} AND deleted_at IS NULL`
    )
    yield* sql.withTransaction(set)
    return yield* get(organizationId, key)
  })

  const reactivate = Effect.fn("ConfigurationStore.reactivate")(function* (organizationId: string, id: string) {
    const { id: key } = yield* find(organizationId, id)
    yield* sql`UPDATE telephony_configurations SET inactive_since = NULL, inactive_reason = NULL WHERE id = ${key}`
    return yield* get(organizationId, key)
  })

  const park = Effect.fn("ConfigurationStore.park")(function* (id: string, reason: string) {
    yield* sql`UPDATE telephony_configurations SET inactive_since = now(), inactive_reason = ${reason}
      WHERE id = ${id} AND inactive_since IS NULL`
  })

  const remove = Effect.fn("ConfigurationStore.remove")(function* (organizationId: string, id: string) {
    const { id: key } = yield* find(organizationId, id)
    yield* cleanup.begin(key)
  })

  return ConfigurationStore.of({ list, get, create, save, setDefaultOutbound, reactivate, park, remove })
})
