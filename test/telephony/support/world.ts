import { randomBytes } from "node:crypto"
import { Effect, Layer, Logger, Option, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AgentNotFound, Agents } from "../../../src/organizations/Agents.ts"
import {
  ConfigurationNotFound,
  Configurations,
  NoConfigurationReady
} from "../../../src/organizations/Configurations.ts"
import { PhoneNumbers } from "../../../src/organizations/PhoneNumbers.ts"
import { Registry, registration } from "../../../src/Registry.ts"
import { Settings } from "../../../src/Settings.ts"
import { uuidV7 } from "../../../src/store/Ids.ts"
import { fromKeys, Secrets } from "../../../src/store/Secrets.ts"
import { Admission } from "../../../src/telephony/Admission.ts"
import { Answering } from "../../../src/telephony/Answering.ts"
import { AnswerRoute } from "../../../src/telephony/AnswerRoute.ts"
import { CallCommands } from "../../../src/telephony/CallCommands.ts"
import { CallEnding } from "../../../src/telephony/CallEnding.ts"
import * as CallReportsLive from "../../../src/telephony/CallReportsLive.ts"
import { CallHistory } from "../../../src/telephony/CallHistory.ts"
import { Calls } from "../../../src/telephony/Calls.ts"
import { UrlTokens } from "../../../src/organizations/UrlTokens.ts"
import { CarrierDesk } from "../../../src/telephony/CarrierDesk.ts"
import { Dialer } from "../../../src/telephony/Dialer.ts"
import { Drain } from "../../../src/telephony/Drain.ts"
import { HeldCalls } from "../../../src/telephony/HeldCalls.ts"
import { Inbound } from "../../../src/telephony/Inbound.ts"
import { Node } from "../../../src/telephony/Node.ts"
import { Operating } from "../../../src/telephony/Operating.ts"
import { PreparedAgents } from "../../../src/telephony/PreparedAgents.ts"
import { SignatureFailures } from "../../../src/telephony/signatures/SignatureFailures.ts"
import { Sweeper } from "../../../src/telephony/Sweeper.ts"
import { Tickets } from "../../../src/telephony/Tickets.ts"
import { TransferBell } from "../../../src/telephony/TransferBell.ts"
import { Transfers } from "../../../src/telephony/Transfers.ts"
import { TransferStore } from "../../../src/telephony/TransferStore.ts"
import { Verification } from "../../../src/telephony/Verification.ts"
import { embeddedDatabase } from "../../support/database.ts"
import { account, Carrier, carrierName, fakeSpec } from "./fakeCarrier.ts"

export const publicUrl = "https://gateway.example"

const Row = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  name: Schema.String,
  account_id: Schema.String,
  inactive: Schema.Boolean,
  secret: Schema.String
})
const readRows = Schema.decodeUnknownEffect(Schema.Array(Row))

/** Configurations whose credentials are one plain secret, over the real table. */
const configurations = Layer.effect(
  Configurations,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const registry = yield* Registry
    const carrier = yield* Carrier
    const columns = sql`SELECT id, organization_id, name, account_id, inactive_since IS NOT NULL AS inactive,
      credentials->>'secret' AS secret FROM telephony_configurations`
    const loaded = Effect.fnUntraced(function* (rows: ReadonlyArray<unknown>) {
      const spec = yield* Effect.orDie(registry.get(carrierName))
      return (yield* Effect.orDie(readRows(rows))).map((row) => ({
        id: row.id,
        organizationId: row.organization_id,
        name: row.name,
        accountId: row.account_id,
        inactive: row.inactive,
        spec,
        provider: account(() => carrier.script, row.secret)
      }))
    })
    return Configurations.of({
      load: Effect.fnUntraced(function* (id) {
        const [found] = yield* Effect.flatMap(sql`${columns} WHERE id = ${id}`, loaded)
        return found ?? (yield* new ConfigurationNotFound({ id }))
      }),
      candidates: (_provider, accountId) => Effect.flatMap(sql`${columns} WHERE account_id = ${accountId}`, loaded),
      forOutbound: Effect.fnUntraced(function* (organizationId, id) {
        const all = yield* Effect.flatMap(sql`${columns} WHERE organization_id = ${organizationId}`, loaded)
        const [found] = all.filter((each) => !each.inactive && (id === undefined || each.id === id))
        return found ?? (yield* new NoConfigurationReady({ message: "Add a configuration." }))
      })
    })
  })
)

const Number = Schema.Struct({ id: Schema.String, address: Schema.String, agentId: Schema.NullOr(Schema.String) })
const readNumbers = Schema.decodeUnknownEffect(Schema.Array(Number))

const phoneNumbers = Layer.effect(
  PhoneNumbers,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const columns = sql`SELECT id, address_normalized AS address, agent_id AS "agentId" FROM telephony_phone_numbers`
    const first = Effect.fnUntraced(function* (rows: ReadonlyArray<unknown>) {
      const [number] = yield* Effect.orDie(readNumbers(rows))
      return Option.map(Option.fromNullishOr(number), (found) => ({
        id: found.id,
        address: found.address,
        addressType: "pstn" as const,
        agentId: found.agentId ?? undefined
      }))
    })
    return PhoneNumbers.of({
      called: (configurationId, address) =>
        Effect.flatMap(
          sql`${columns} WHERE telephony_configuration_id = ${configurationId} AND address_normalized = ${address}`,
          first
        ),
      callerId: (configurationId, id) =>
        Effect.flatMap(
          id === undefined
            ? sql`${columns} WHERE telephony_configuration_id = ${configurationId} ORDER BY id`
            : sql`${columns} WHERE telephony_configuration_id = ${configurationId} AND id = ${id}`,
          first
        )
    })
  })
)

const readIds = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ id: Schema.String })))

const agents = Layer.effect(
  Agents,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return Agents.of({
      load: Effect.fnUntraced(function* (organizationId, id) {
        const rows = yield* sql`SELECT id FROM agents WHERE id = ${id} AND organization_id = ${organizationId}`
        const [found] = yield* Effect.orDie(readIds(rows))
        if (found === undefined) return yield* new AgentNotFound({ id })
        return { id, organizationId, name: "echo", kind: "echo", settings: Redacted.make({}) }
      })
    })
  })
)

const settings = Settings.test({ PUBLIC_URL: publicUrl, SWITCHBOARD_MAX_CALLS: "40" })
const secrets = Layer.succeed(Secrets, fromKeys([Redacted.make(randomBytes(32).toString("base64"))]))
const registry = (spec = fakeSpec()) => registration(spec).pipe(Layer.provideMerge(Registry.layer))

const foundation = (spec = fakeSpec()) =>
  Layer.mergeAll(configurations, phoneNumbers, agents).pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        Carrier.layer,
        registry(spec),
        Node.layer,
        Drain.layer,
        HeldCalls.layer,
        TransferBell.layer,
        secrets
      ).pipe(Layer.provideMerge(settings))
    )
  )

/** Agents are connected when there is audio. */
const unprepared = Layer.succeed(
  PreparedAgents,
  PreparedAgents.of({
    prepare: () => Effect.void,
    take: () => Effect.succeed(Effect.undefined),
    release: Effect.void
  })
)

/** What is logged on purpose is of no interest to most tests. */
const quiet = Logger.layer([])

/** The whole room over a fresh database, the fake carrier and the small fakes of its neighbours. */
export const world = (
  database: Layer.Layer<SqlClient.SqlClient> | typeof embeddedDatabase = embeddedDatabase,
  spec = fakeSpec(),
  logger = quiet,
  failures = SignatureFailures.layer
) =>
  Layer.mergeAll(Inbound.layer, AnswerRoute.layer, Dialer.layer, Operating.layer, Sweeper.layer).pipe(
    Layer.provideMerge(Layer.mergeAll(Answering.layer, CallReportsLive.layer, Verification.layer)),
    Layer.provideMerge(Layer.mergeAll(Transfers.layer, unprepared)),
    Layer.provideMerge(Layer.mergeAll(CallEnding.layer, CallCommands.layer)),
    Layer.provideMerge(
      Layer.mergeAll(
        Calls.layer,
        CallHistory.layer,
        CarrierDesk.layer,
        UrlTokens.layer,
        Tickets.layer,
        TransferStore.layer,
        Admission.layer,
        failures
      )
    ),
    Layer.provideMerge(foundation(spec)),
    Layer.provideMerge(database),
    Layer.provideMerge(logger)
  )

export interface Tenant {
  readonly organizationId: string
  readonly configurationId: string
  readonly agentId: string
  readonly numberId: string
  readonly number: string
  readonly accountId: string
  readonly secret: string
}

let tenants = 0

/** A new organization with one configuration, one agent and one number of its own. */
export const makeTenant = Effect.fnUntraced(function* (
  options: {
    readonly concurrent?: number
    readonly perSecond?: number
    readonly agent?: boolean
    readonly accountId?: string
    readonly secret?: string
    readonly allowed?: ReadonlyArray<string>
  } = {}
) {
  const sql = yield* SqlClient.SqlClient
  const [organizationId, configurationId, agentId, numberId] = yield* Effect.all([uuidV7, uuidV7, uuidV7, uuidV7])
  tenants += 1
  const tenant: Tenant = {
    organizationId,
    configurationId,
    agentId,
    numberId,
    number: `+1415555${String(1000 + tenants)}`,
    accountId: options.accountId ?? `AC${tenants}`,
    secret: options.secret ?? `secret-${tenants}`
  }
  yield* sql`INSERT INTO organizations (id, name, default_country, max_concurrent_calls, calls_per_second, allowed_prefixes)
    VALUES (${organizationId}, 'Tenant', 'US', ${options.concurrent ?? 10}, ${options.perSecond ?? 50},
      ${options.allowed ?? []}::text[])`
  yield* sql`INSERT INTO agents (id, organization_id, name, kind, settings)
    VALUES (${agentId}, ${organizationId}, 'Echo', 'echo', '{}')`
  yield* sql`INSERT INTO telephony_configurations (id, organization_id, name, provider, account_id, credentials)
    VALUES (${configurationId}, ${organizationId}, 'Main', ${carrierName}, ${tenant.accountId},
      jsonb_build_object('secret', ${tenant.secret}::text))`
  yield* sql`INSERT INTO telephony_phone_numbers (id, organization_id, telephony_configuration_id, provider, account_id,
      address, address_normalized, address_type, agent_id)
    VALUES (${numberId}, ${organizationId}, ${configurationId}, ${carrierName}, ${tenant.accountId}, ${tenant.number},
      ${tenant.number}, 'pstn', ${options.agent === false ? null : agentId})`
  return tenant
})
