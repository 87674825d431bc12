import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { type ApiKey, ApiKeys } from "../organizations/ApiKeys.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { nextCursor, pageRequest } from "./pages.ts"
import { refused } from "./refused.ts"

const { ApiKeyNotFound, LastAdminKey, SqlError } = refused

const shown = ({ key_prefix, ...key }: ApiKey) => ({ ...key, prefix: key_prefix })

export const apiKeyHandlers = HttpApiBuilder.group(
  Api,
  "apiKeys",
  Effect.fnUntraced(function* (handlers) {
    const apiKeys = yield* ApiKeys
    return handlers.handleAll({
      list: Effect.fnUntraced(function* ({ query }) {
        const { organizationId } = yield* Caller
        const page = yield* apiKeys.list(organizationId, pageRequest(query))
        return { api_keys: page.items.map(shown), next_cursor: nextCursor(page) }
      }, Effect.catchTags({ SqlError })),
      create: Effect.fnUntraced(function* ({ payload }) {
        const { organizationId } = yield* Caller
        const { row, key } = yield* apiKeys.create(organizationId, payload)
        return { ...shown(row), key }
      }, Effect.catchTags({ SqlError })),
      remove: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        yield* apiKeys.remove(organizationId, params.id)
      }, Effect.catchTags({ ApiKeyNotFound, LastAdminKey, SqlError }))
    })
  })
)
