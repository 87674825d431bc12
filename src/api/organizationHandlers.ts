import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Organizations } from "../organizations/Organizations.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { refused } from "./refused.ts"

const { InvalidFields, SqlError, VersionConflict } = refused

export const organizationHandlers = HttpApiBuilder.group(
  Api,
  "organization",
  Effect.fnUntraced(function* (handlers) {
    const organizations = yield* Organizations
    return handlers.handleAll({
      get: Effect.fnUntraced(function* () {
        const { organizationId } = yield* Caller
        return yield* organizations.get(organizationId)
      }, Effect.catchTags({ SqlError })),
      change: Effect.fnUntraced(function* ({ payload }) {
        const { organizationId } = yield* Caller
        return yield* organizations.change(organizationId, payload)
      }, Effect.catchTags({ InvalidFields, SqlError, VersionConflict }))
    })
  })
)
