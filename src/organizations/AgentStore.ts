import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { AgentRegistry } from "../agents/AgentRegistry.ts"
import type { AgentSpec } from "../agents/AgentSpec.ts"
import type { FormValues } from "../Form.ts"
import { uuidV7 } from "../store/Ids.ts"
import { type OpenFailure, Secrets } from "../store/Secrets.ts"
import { AgentNotFound } from "./Agents.ts"
import { type AgentRow, readAgents } from "./agentRow.ts"
import { mask } from "./masking.ts"
import { AgentInUse, type InvalidFields, invalidField, NameTaken, VersionConflict } from "./refusals.ts"
import { FIRST_KEY, type Page, type PageRequest, pageOf, reader, rowKey, violates } from "./rows.ts"
import { readForm, sensitivePaths } from "./savedForm.ts"

/** An agent as it may be read: secrets masked. */
export interface AgentDetail {
  readonly row: AgentRow
  readonly settings: FormValues
}

export interface NewAgent {
  readonly name: string
  readonly kind: string
  readonly settings: Redacted.Redacted<FormValues>
}

export interface AgentChange {
  readonly version: number
  readonly name: string
  /** Only to prove that it is meant to stay: a different one is refused. */
  readonly kind: string | undefined
  readonly settings: Redacted.Redacted<FormValues>
}

/** The agents of organizations: validated by their kind's schema, secrets sealed and masked as those of configurations. */
export class AgentStore extends Context.Service<
  AgentStore,
  {
    readonly list: (organizationId: string, page: PageRequest) => Effect.Effect<Page<AgentRow>, SqlError>
    readonly get: (organizationId: string, id: string) => Effect.Effect<AgentDetail, AgentNotFound | SqlError>
    readonly create: (
      organizationId: string,
      agent: NewAgent
    ) => Effect.Effect<AgentDetail, InvalidFields | NameTaken | SqlError>
    readonly replace: (
      organizationId: string,
      id: string,
      change: AgentChange
    ) => Effect.Effect<AgentDetail, AgentNotFound | InvalidFields | NameTaken | VersionConflict | SqlError>
    readonly remove: (organizationId: string, id: string) => Effect.Effect<void, AgentNotFound | AgentInUse | SqlError>
  }
>()("switchboard/AgentStore") {
  static readonly layer = Layer.effect(
    AgentStore,
    Effect.suspend(() => makeAgentStore)
  )
}

const NO_SETTINGS = Redacted.make<FormValues>({})
const readAddresses = reader(Schema.Struct({ address: Schema.String }))

const named = (name: string) => (error: SqlError) =>
  violates(error, "agents_organization_id_name_key") ? new NameTaken({ name }) : error

const makeAgentStore = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const kinds = yield* AgentRegistry
  const secrets = yield* Secrets

  const find = Effect.fnUntraced(function* (organizationId: string, id: string) {
    const key = Option.getOrUndefined(rowKey(id))
    const [row] =
      key === undefined
        ? []
        : yield* readAgents(yield* sql`SELECT * FROM agents WHERE id = ${key} AND organization_id = ${organizationId}`)
    return row ?? (yield* new AgentNotFound({ id }))
  })

  const open = (row: AgentRow, spec: AgentSpec) =>
    secrets.openFields(
      { organizationId: row.organization_id, rowId: row.id },
      row.settings,
      sensitivePaths(spec.fields)
    )

  const detail = (row: AgentRow): Effect.Effect<AgentDetail> =>
    Effect.gen(function* () {
      const spec = yield* kinds.get(row.kind)
      return { row, settings: mask(Redacted.value(yield* open(row, spec)), spec.fields) }
    }).pipe(
      Effect.catch(({ message }) =>
        Effect.as(Effect.logWarning(`The settings of agent ${row.id} cannot be read: ${message}`), {
          row,
          settings: {}
        })
      )
    )

  const specOf = Effect.fnUntraced(function* (kind: string) {
    const all = yield* kinds.all
    const known = all.map((each) => each.name).join(", ")
    return (
      all.find((each) => each.name === kind) ??
      (yield* invalidField("kind", `Send the name of a kind of agent. There are: ${known || "none"}.`))
    )
  })

  const list = Effect.fn("AgentStore.list")(function* (organizationId: string, page: PageRequest) {
    const rows = yield* sql`SELECT * FROM agents
      WHERE organization_id = ${organizationId} AND id > ${page.after ?? FIRST_KEY} ORDER BY id LIMIT ${page.limit + 1}`
    return pageOf(yield* readAgents(rows), page)
  })

  const get = Effect.fn("AgentStore.get")(function* (organizationId: string, id: string) {
    return yield* detail(yield* find(organizationId, id))
  })

  const create = Effect.fn("AgentStore.create")(function* (organizationId: string, { name, kind, settings }: NewAgent) {
    const spec = yield* specOf(kind)
    const { fields, settings: schema } = spec
    const values = yield* readForm(settings, { part: "settings", fields, schema, stored: NO_SETTINGS, mode: "replace" })
    const id = yield* uuidV7
    const sealed = yield* secrets.sealFields({ organizationId, rowId: id }, values, sensitivePaths(fields))
    const [row] = yield* readAgents(
      yield* sql`INSERT INTO agents (id, organization_id, name, kind, settings)
        VALUES (${id}, ${organizationId}, ${name}, ${kind}, ${sql.json(sealed)}) RETURNING *`.pipe(
        Effect.mapError(named(name))
      )
    )
    return yield* row === undefined ? Effect.die("INSERT gave no row") : detail(row)
  })

  const replace = Effect.fn("AgentStore.replace")(function* (
    organizationId: string,
    id: string,
    { kind, name, settings, version }: AgentChange
  ) {
    const before = yield* find(organizationId, id)
    if (before.version !== version) return yield* new VersionConflict({ sent: version, current: before.version })
    if (kind !== undefined && kind !== before.kind) {
      return yield* invalidField("kind", "The kind of an agent cannot change. Create another agent of the other kind.")
    }
    const { fields, settings: schema, ...spec } = yield* specOf(before.kind)
    const stored = yield* open(before, { fields, settings: schema, ...spec }).pipe(
      Effect.catch(({ message }: OpenFailure) => Effect.as(Effect.logWarning(message), NO_SETTINGS))
    )
    const values = yield* readForm(settings, { part: "settings", fields, schema, stored, mode: "replace" })
    const owner = { organizationId, rowId: before.id }
    const sealed = yield* secrets.sealFields(owner, values, sensitivePaths(fields))
    const [row] = yield* readAgents(
      yield* sql`UPDATE agents SET name = ${name}, settings = ${sql.json(sealed)}, version = version + 1, updated_at = now()
        WHERE id = ${before.id} AND version = ${version} RETURNING *`.pipe(Effect.mapError(named(name)))
    )
    if (row !== undefined) return yield* detail(row)
    const now = yield* find(organizationId, id)
    return yield* new VersionConflict({ sent: version, current: now.version })
  })

  const remove = Effect.fn("AgentStore.remove")(function* (organizationId: string, id: string) {
    const { id: key } = yield* find(organizationId, id)
    // Whoever gives a number this agent meanwhile waits for this lock, or is waited for.
    yield* sql`SELECT id FROM agents WHERE id = ${key} FOR UPDATE`
    const numbers = yield* readAddresses(
      yield* sql`SELECT address_normalized AS address FROM telephony_phone_numbers WHERE agent_id = ${key} ORDER BY id LIMIT 10`
    )
    if (numbers.length > 0) return yield* new AgentInUse({ addresses: numbers.map((number) => number.address) })
    yield* sql`DELETE FROM agents WHERE id = ${key}`
  }, sql.withTransaction)

  return AgentStore.of({ list, get, create, replace, remove })
})
