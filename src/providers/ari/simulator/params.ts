import { Result, Schema } from "effect"
import type { RestRequest } from "../../../simulator/RestServer.ts"

/** The parameters of a request: its query, else its form or JSON body. */
export interface Params {
  /** Undefined when absent or empty. */
  readonly get: (name: string) => string | undefined
  /** Channel variables: only from a JSON body. */
  readonly variables: Readonly<Record<string, string>>
}

const Body = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))
const decodeBody = Schema.decodeUnknownResult(Body)
const decodeVariables = Schema.decodeUnknownResult(Schema.Record(Schema.String, Schema.String))

/** Reads the parameters; undefined when the body says it is JSON and is not. */
export const readParams = (request: RestRequest): Params | undefined => {
  const values = new Map(request.fields)
  let variables: Params["variables"] = {}
  if (request.contentType.startsWith("application/json") && request.body !== "") {
    const body = decodeBody(request.body)
    if (Result.isFailure(body)) return undefined
    for (const [name, value] of Object.entries(body.success)) {
      if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
        values.set(name, String(value))
      }
    }
    const given = decodeVariables(body.success["variables"])
    if (Result.isSuccess(given)) variables = given.success
  }
  for (const [name, value] of request.query) values.set(name, value)
  return { get: (name) => values.get(name) || undefined, variables }
}
