import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Configurations } from "../organizations/Configurations.ts"
import { testConnection } from "../organizations/connectionTest.ts"
import { type ConfigurationDetail, ConfigurationStore } from "../organizations/ConfigurationStore.ts"
import type { ConfigurationRow } from "../organizations/configurationRow.ts"
import { PhoneCalls, type PhoneRefused } from "../organizations/PhoneCalls.ts"
import { Doctor } from "../telephony/doctor/Doctor.ts"
import type { SignatureFailure } from "../telephony/signatures/SignatureFailures.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { nextCursor, pageRequest } from "./pages.ts"
import { Conflict, ValidationFailed } from "./Problems.ts"
import { refused } from "./refused.ts"
import { MaskedConfig } from "./telephonyConfigSchemas.ts"

const { ConfigurationNotFound, InvalidFields, NameTaken, NumberTaken, SqlError, VersionConflict } = refused
const saving = { ConfigurationNotFound, InvalidFields, NameTaken, NumberTaken, SqlError, VersionConflict }

const summary = (row: ConfigurationRow) => ({
  id: row.id,
  name: row.name,
  provider: row.provider,
  is_default_outbound: row.is_default_outbound,
  simulated: row.simulator_url !== null,
  inactive_since: row.inactive_since,
  inactive_reason: row.inactive_reason,
  version: row.version,
  created_at: row.created_at,
  updated_at: row.updated_at
})

const shownFailure = ({ configurationId, details, occurredAt, id }: SignatureFailure) => ({
  id,
  occurred_at: occurredAt,
  configuration_id: configurationId,
  ...details
})

const noSuchAgent = () => {
  const message = "There is no such agent in this organization."
  const errors = [{ field: "agent_id", message }]
  return Effect.fail(new ValidationFailed({ code: "validation_failed", errors, detail: `agent_id: ${message}` }))
}
const phoneRefused = ({ message, reason }: PhoneRefused) =>
  Effect.fail(new Conflict({ code: reason === "inactive" ? "configuration_inactive" : "no_phone", detail: message }))

const asMasked = Schema.decodeUnknownEffect(MaskedConfig)

const shown = Effect.fnUntraced(function* ({ row, credentials, checklist }: ConfigurationDetail) {
  const masked = yield* Effect.orDie(asMasked(credentials))
  return { ...summary(row), credentials: masked, setup_checklist: checklist }
})

export const telephonyConfigHandlers = HttpApiBuilder.group(
  Api,
  "telephonyConfigs",
  Effect.fnUntraced(function* (handlers) {
    const store = yield* ConfigurationStore
    const configurations = yield* Configurations
    const doctor = yield* Doctor
    const phoneCalls = yield* PhoneCalls

    return handlers.handleAll({
      list: Effect.fnUntraced(function* ({ query }) {
        const { organizationId } = yield* Caller
        const page = yield* store.list(organizationId, pageRequest(query))
        return { configurations: page.items.map(summary), next_cursor: nextCursor(page) }
      }, Effect.catchTags({ SqlError })),
      create: Effect.fnUntraced(function* ({ payload }) {
        const { organizationId } = yield* Caller
        const { name, is_default_outbound, config } = payload
        return yield* shown(
          yield* store.create(organizationId, { name, isDefaultOutbound: is_default_outbound, config })
        )
      }, Effect.catchTags({ InvalidFields, NameTaken, SqlError })),
      get: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        return yield* shown(yield* store.get(organizationId, params.id))
      }, Effect.catchTags({ ConfigurationNotFound, SqlError })),
      replace: Effect.fnUntraced(function* ({ params, payload }) {
        const { organizationId } = yield* Caller
        const { version, name, is_default_outbound, config } = payload
        const change = { version, name, isDefaultOutbound: is_default_outbound, config, mode: "replace" } as const
        return yield* shown(yield* store.save(organizationId, params.id, change))
      }, Effect.catchTags(saving)),
      change: Effect.fnUntraced(function* ({ params, payload }) {
        const { organizationId } = yield* Caller
        const { version, name, is_default_outbound, config } = payload
        const change = { version, name, isDefaultOutbound: is_default_outbound, config, mode: "merge" } as const
        return yield* shown(yield* store.save(organizationId, params.id, change))
      }, Effect.catchTags(saving)),
      remove: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        yield* store.remove(organizationId, params.id)
      }, Effect.catchTags({ ConfigurationNotFound, SqlError })),
      setDefaultOutbound: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        return yield* shown(yield* store.setDefaultOutbound(organizationId, params.id))
      }, Effect.catchTags({ ConfigurationNotFound, InvalidFields, SqlError })),
      reactivate: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        return yield* shown(yield* store.reactivate(organizationId, params.id))
      }, Effect.catchTags({ ConfigurationNotFound, SqlError })),
      testConnection: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        const { row } = yield* store.get(organizationId, params.id)
        return yield* testConnection(configurations, organizationId, row.id)
      }, Effect.catchTags({ ConfigurationNotFound, SqlError })),
      phoneCall: Effect.fnUntraced(
        function* ({ params, payload }) {
          const { organizationId } = yield* Caller
          const { body, inboundUrl } = yield* phoneCalls.begin(organizationId, params.id, payload.agent_id)
          return { inbound_url: inboundUrl, body }
        },
        Effect.catchTags({ ConfigurationNotFound, AgentNotFound: noSuchAgent, PhoneRefused: phoneRefused, SqlError })
      ),
      doctor: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        const { checks, signatureFailures } = yield* doctor.examine(organizationId, params.id)
        return { checks, signature_failures: signatureFailures.map(shownFailure) }
      }, Effect.catchTags({ ConfigurationNotFound, SqlError }))
    })
  })
)
