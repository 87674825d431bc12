import { readFileSync } from "node:fs"
import { join } from "node:path"
import Ajv from "ajv"
import { root } from "../../support/imports.ts"

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"))

export const committedSchema = readJson("docs/agent-protocol.schema.json")
export const committedAsyncApi = readJson("docs/agent-protocol.asyncapi.json")

/** The schema without what it leaves open on purpose: our own side sends only what is written down. */
const closed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "$schema")
      .map(([key, inner]) => [key, key === "additionalProperties" && inner === true ? false : closed(inner)])
  )
}

const checking = (schema: unknown, side: "FromSwitchboard" | "FromAgent") => {
  const ajv = new Ajv({ allErrors: true })
  ajv.addSchema(Object(schema), "protocol")
  const validate = ajv.compile({ $ref: `protocol#/$defs/${side}` })
  return (message: unknown): string | undefined =>
    validate(message) === true ? undefined : ajv.errorsText(validate.errors)
}

/** What of a message of ours is not as the committed JSON Schema says, fields that it does not name included. */
export const wrongFromSwitchboard = checking(closed(committedSchema), "FromSwitchboard")

const { $schema: _dialect, ...open } = Object(committedSchema)

/** What of an agent's message is not as the committed JSON Schema says. */
export const wrongFromAgent = checking(open, "FromAgent")
