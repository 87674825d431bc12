import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { PhoneNumberStore, type Synced } from "../organizations/PhoneNumberStore.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { nextCursor, pageRequest } from "./pages.ts"
import { refused } from "./refused.ts"
import { makeShownNumber } from "./shownNumber.ts"

const { ConfigurationNotFound, InvalidFields, NumberTaken, PhoneNumberNotFound, SqlError, VersionConflict } = refused
const finding = { ConfigurationNotFound, PhoneNumberNotFound, SqlError }

/** Whose numbers a request is about. */
const owner = (params: { readonly id: string }) =>
  Effect.map(Caller, ({ organizationId }) => ({ organizationId, configurationId: params.id }))

export const phoneNumberHandlers = HttpApiBuilder.group(
  Api,
  "phoneNumbers",
  Effect.fnUntraced(function* (handlers) {
    const store = yield* PhoneNumberStore
    const shown = yield* makeShownNumber
    const written = ({ number, sync }: Synced) => ({ ...shown(number), provider_sync: sync })
    return handlers.handleAll({
      list: Effect.fnUntraced(function* ({ params, query }) {
        const page = yield* store.list(yield* owner(params), pageRequest(query))
        return { phone_numbers: page.items.map(shown), next_cursor: nextCursor(page) }
      }, Effect.catchTags({ ConfigurationNotFound, SqlError })),
      create: Effect.fnUntraced(function* ({ params, payload }) {
        const number = {
          address: payload.address,
          addressType: payload.address_type ?? undefined,
          countryCode: payload.country_code ?? undefined,
          label: payload.label ?? undefined,
          agentId: payload.agent_id ?? undefined,
          isActive: payload.is_active,
          isDefaultCallerId: payload.is_default_caller_id
        }
        return written(yield* store.create(yield* owner(params), number))
      }, Effect.catchTags({ ConfigurationNotFound, InvalidFields, NumberTaken, SqlError })),
      get: Effect.fnUntraced(function* ({ params }) {
        return shown(yield* store.get(yield* owner(params), params.phone_number_id))
      }, Effect.catchTags(finding)),
      replace: Effect.fnUntraced(
        function* ({ params, payload }) {
          const change = {
            version: payload.version,
            address: payload.address,
            label: payload.label ?? undefined,
            agentId: payload.agent_id ?? undefined,
            isActive: payload.is_active,
            isDefaultCallerId: payload.is_default_caller_id
          }
          return written(yield* store.replace(yield* owner(params), params.phone_number_id, change))
        },
        Effect.catchTags({ ...finding, InvalidFields, NumberTaken, VersionConflict })
      ),
      remove: Effect.fnUntraced(function* ({ params }) {
        return { provider_sync: yield* store.remove(yield* owner(params), params.phone_number_id) }
      }, Effect.catchTags(finding)),
      setDefaultCaller: Effect.fnUntraced(
        function* ({ params }) {
          return shown(yield* store.setDefaultCaller(yield* owner(params), params.phone_number_id))
        },
        Effect.catchTags({ ...finding, InvalidFields })
      ),
      sync: Effect.fnUntraced(function* ({ params }) {
        return written(yield* store.sync(yield* owner(params), params.phone_number_id))
      }, Effect.catchTags(finding))
    })
  })
)
