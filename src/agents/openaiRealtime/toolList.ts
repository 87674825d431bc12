import { Result, Schema } from "effect"
import { fieldErrors } from "../../Form.ts"

/** The functions of Switchboard's own that a model may be given. */
export const builtInNames = ["end_call", "transfer_call", "send_digits"] as const

/** How many tools an agent may have. */
const maxTools = 32

const text = (maximum: number) => Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maximum))

const ToolUrl = Schema.String.check(
  Schema.isMaxLength(2048),
  Schema.makeFilter((value) => {
    const url = URL.parse(value)
    if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
      return "must be an address that begins with https:// (or http://)"
    }
    return url.username === "" && url.password === "" ? undefined : "must not hold a user name or password"
  })
)

const Parameters = Schema.Record(Schema.String, Schema.Json).check(
  Schema.makeFilter((schema) =>
    schema["type"] === "object" ? undefined : 'must be a JSON Schema of the type "object": {"type": "object", ...}'
  )
)

/** A tool of the user's: a function that the model may call, and where it is carried out. */
export const WebhookTool = Schema.Struct({
  name: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/)),
  description: text(1024),
  parameters: Schema.optionalKey(Parameters),
  url: ToolUrl
})
export type WebhookTool = typeof WebhookTool.Type

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeTools = Schema.decodeUnknownResult(Schema.Array(WebhookTool), { onExcessProperty: "error" })

const messages: Readonly<Record<string, string>> = {
  "Missing key": "is missing",
  "Expected no excess property": "is not something that a tool has (name, description, parameters, url)"
}

const clashOf = (tools: ReadonlyArray<WebhookTool>): string | undefined => {
  const seen = new Set<string>(builtInNames)
  for (const [index, { name }] of tools.entries()) {
    if (seen.has(name)) return `tool ${index + 1}: name is taken by another tool or by Switchboard`
    seen.add(name)
  }
  return undefined
}

/** Where a mistake is, in words: tools are counted from one. */
const placeOf = (field: string): string => {
  const [index = "", ...rest] = field.split(".")
  return /^\d+$/.test(index) ? `tool ${Number(index) + 1}: ${rest.join(".")}`.trim() : field
}

/** Reads the setting `tools`: its tools, or what is wrong with it. Nothing of the text itself is in the message. */
export const parseTools = (setting: string): Result.Result<ReadonlyArray<WebhookTool>, string> => {
  const json = decodeJson(setting)
  if (Result.isFailure(json)) return Result.fail("must be JSON: a list of tools, [{...}, {...}]")
  if (!Array.isArray(json.success)) return Result.fail("must be a list of tools: [{...}, {...}]")
  const tools = decodeTools(json.success)
  if (Result.isFailure(tools)) {
    const [first] = fieldErrors(tools.failure)
    const message = first?.message ?? "cannot be read"
    return Result.fail(`${placeOf(first?.field ?? "")} ${messages[message] ?? message}`)
  }
  if (tools.success.length > maxTools) return Result.fail(`must not have more than ${maxTools} tools`)
  const clash = clashOf(tools.success)
  return clash === undefined ? Result.succeed(tools.success) : Result.fail(clash)
}
