import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { ProviderSpec } from "../ProviderSpec.ts"
import { Registry } from "../Registry.ts"
import { Api } from "./Api.ts"

const shown = ({ name, phone, uiMetadata }: ProviderSpec) => ({
  provider: name,
  display_name: uiMetadata.displayName,
  connectivity: uiMetadata.connectivity,
  docs_url: uiMetadata.docsUrl,
  phone: phone === true,
  fields: uiMetadata.fields
})

export const providerHandlers = HttpApiBuilder.group(
  Api,
  "telephonyProviders",
  Effect.fnUntraced(function* (handlers) {
    const registry = yield* Registry
    return handlers.handleAll({
      metadata: () => Effect.map(registry.all, (specs) => ({ providers: specs.map(shown) }))
    })
  })
)
