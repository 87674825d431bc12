import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { countries } from "../carrier/addresses.ts"
import { NumberDirectory } from "../organizations/NumberDirectory.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { nextCursor, pageRequest } from "./pages.ts"
import { refused } from "./refused.ts"
import { makeShownNumber } from "./shownNumber.ts"

const { SqlError } = refused

export const numberDirectoryHandlers = HttpApiBuilder.group(
  Api,
  "numberDirectory",
  Effect.fnUntraced(function* (handlers) {
    const directory = yield* NumberDirectory
    const shown = yield* makeShownNumber

    return handlers.handleAll({
      list: Effect.fnUntraced(function* ({ query }) {
        const { organizationId } = yield* Caller
        const filter = { agentId: query.agent_id, search: query.search }
        const page = yield* directory.list(organizationId, filter, pageRequest(query))
        return {
          phone_numbers: page.items.map(({ configurationName, number }) => ({
            ...shown(number),
            configuration_name: configurationName,
            provider: number.provider
          })),
          next_cursor: nextCursor(page)
        }
      }, Effect.catchTags({ SqlError })),
      preview: Effect.fnUntraced(
        function* ({ payload }) {
          const { organizationId } = yield* Caller
          const { address, country, type } = yield* directory.read(organizationId, {
            address: payload.address,
            addressType: payload.address_type ?? undefined,
            countryCode: payload.country_code ?? undefined
          })
          return {
            ok: true as const,
            address_normalized: address,
            address_type: type,
            country_code: country ?? null
          }
        },
        Effect.catchTags({
          InvalidFields: ({ errors }) =>
            Effect.succeed({ ok: false as const, message: errors.map(({ message }) => message).join(" ") }),
          SqlError
        })
      ),
      countries: Effect.fnUntraced(function* () {
        const { organizationId } = yield* Caller
        const country = yield* directory.defaultCountry(organizationId)
        return {
          default_country: country ?? null,
          countries: countries.map(({ callingCode, code }) => ({ code, calling_code: callingCode }))
        }
      }, Effect.catchTags({ SqlError }))
    })
  })
)
