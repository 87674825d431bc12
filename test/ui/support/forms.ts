import { Effect, Schema } from "effect"
import type { Locator, Page } from "playwright-core"
import { App, createdId } from "../../support/app.ts"

/** The input of a generated form by its name in the request, such as `config.token`. */
export const input = (page: Page | Locator, name: string) => page.locator(`[name="${name}"]`)

export const Field = Schema.Struct({
  name: Schema.String,
  label: Schema.String,
  type: Schema.String,
  required: Schema.Boolean,
  sensitive: Schema.Boolean
})
export type Field = typeof Field.Type
const Metadata = Schema.Struct({
  providers: Schema.Array(
    Schema.Struct({ provider: Schema.String, display_name: Schema.String, fields: Schema.Array(Field) })
  )
})

/** The carriers as the service describes them. */
export const metadata = Effect.gen(function* () {
  const app = yield* App
  const { body } = yield* app.request("GET", "/api/v1/organizations/telephony-providers/metadata")
  return Schema.decodeUnknownSync(Metadata)(body).providers
})

const textOf = (value: Schema.Json) => (typeof value === "string" ? value : JSON.stringify(value))

/** Puts a value into an input as a person would, whatever kind of input it is. */
export const fill = async (page: Page | Locator, field: Field, value: Schema.Json) => {
  const at = input(page, `config.${field.name}`)
  if (field.type === "boolean") await at.setChecked(value === true)
  else if (field.type === "select") await at.selectOption(textOf(value))
  else await at.fill(textOf(value))
}

export const configurations = "/api/v1/organizations/telephony-configs"

/** A configuration of the service's own carrier, made by the API. Its id. */
export const newConfiguration = Effect.fnUntraced(function* (name: string) {
  const { carrier, provider, request } = yield* App
  return createdId(yield* request("POST", configurations, { name, config: { provider, ...carrier.credentials } }))
})

/** An agent that sends the caller's words back. Its id. */
export const newAgent = Effect.fnUntraced(function* (name: string) {
  const { request } = yield* App
  return createdId(yield* request("POST", "/api/v1/organizations/agents", { name, kind: "echo", settings: {} }))
})

const Detail = Schema.Struct({
  name: Schema.String,
  version: Schema.Int,
  credentials: Schema.Record(Schema.String, Schema.Json)
})

export const configurationOf = Effect.fnUntraced(function* (id: string) {
  const { request } = yield* App
  return Schema.decodeUnknownSync(Detail)((yield* request("GET", `${configurations}/${id}`)).body)
})
