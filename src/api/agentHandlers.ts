import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { AgentRegistry } from "../agents/AgentRegistry.ts"
import { withConstraints } from "../FormConstraints.ts"
import { type AgentDetail, AgentStore } from "../organizations/AgentStore.ts"
import type { AgentRow } from "../organizations/agentRow.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { nextCursor, pageRequest } from "./pages.ts"
import { refused } from "./refused.ts"

const { AgentInUse, AgentNotFound, InvalidFields, NameTaken, SqlError, VersionConflict } = refused

const summary = ({ organization_id: _organization, settings: _settings, ...row }: AgentRow) => row
const shown = ({ row, settings }: AgentDetail) => ({ ...summary(row), settings })

export const agentHandlers = HttpApiBuilder.group(
  Api,
  "agents",
  Effect.fnUntraced(function* (handlers) {
    const store = yield* AgentStore
    const registry = yield* AgentRegistry

    const kinds = Effect.map(registry.all, (specs) => ({
      kinds: specs.map(({ name, displayName, description, fields, settings }) => ({
        kind: name,
        display_name: displayName,
        description,
        fields: withConstraints(fields, settings)
      }))
    }))

    return handlers.handleAll({
      kinds: () => kinds,
      list: Effect.fnUntraced(function* ({ query }) {
        const { organizationId } = yield* Caller
        const page = yield* store.list(organizationId, pageRequest(query))
        return { agents: page.items.map(summary), next_cursor: nextCursor(page) }
      }, Effect.catchTags({ SqlError })),
      create: Effect.fnUntraced(function* ({ payload }) {
        const { organizationId } = yield* Caller
        return shown(yield* store.create(organizationId, payload))
      }, Effect.catchTags({ InvalidFields, NameTaken, SqlError })),
      get: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        return shown(yield* store.get(organizationId, params.id))
      }, Effect.catchTags({ AgentNotFound, SqlError })),
      replace: Effect.fnUntraced(function* ({ params, payload }) {
        const { organizationId } = yield* Caller
        const { version, name, kind, settings } = payload
        return shown(yield* store.replace(organizationId, params.id, { version, name, kind, settings }))
      }, Effect.catchTags({ AgentNotFound, InvalidFields, NameTaken, SqlError, VersionConflict })),
      remove: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        yield* store.remove(organizationId, params.id)
      }, Effect.catchTags({ AgentInUse, AgentNotFound, SqlError }))
    })
  })
)
