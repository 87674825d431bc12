import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { refuse } from "./replies.ts"

/** The parameters of a request, as text; null is empty. */
export type Parameters = ReadonlyMap<string, string>

const Body = Schema.fromJsonString(
  Schema.Record(Schema.String, Schema.NullOr(Schema.Union([Schema.String, Schema.Number, Schema.Boolean])))
)
const decode = Schema.decodeUnknownResult(Body)

/** The parameters of a JSON body. Plivo's bodies are flat objects. */
export const readParameters = (request: RestRequest): Result.Result<Parameters, RestReply> => {
  if (request.body === "") return Result.succeed(new Map())
  if (!/^application\/json\b/i.test(request.contentType)) {
    return Result.fail(refuse(400, "Content-Type must be application/json"))
  }
  const decoded = decode(request.body)
  if (Result.isFailure(decoded)) return Result.fail(refuse(400, "the body is not a JSON object of plain values"))
  const entries = Object.entries(decoded.success)
  return Result.succeed(new Map(entries.map(([name, value]) => [name, value === null ? "" : String(value)])))
}

const methods = ["GET", "POST"]

/** What is wrong with parameters that are a URL or its method. */
export const urlProblem = (
  parameters: Parameters,
  names: ReadonlyArray<string>,
  urlAllowed: (url: string) => boolean
): string | undefined => {
  for (const [name, value] of parameters) {
    if (value === "") continue
    if (names.includes(name) && !urlAllowed(value)) return `${name} is not a valid URL`
    if (name.endsWith("_method") && !methods.includes(value.toUpperCase())) return `${name} must be GET or POST`
  }
  return undefined
}

/** A whole number within its range, or the carrier's default. */
export const numberIn = (
  parameters: Parameters,
  name: string,
  range: readonly [least: number, most: number],
  otherwise: number
): Result.Result<number, RestReply> => {
  const written = parameters.get(name)
  if (written === undefined || written === "") return Result.succeed(otherwise)
  const value = Number(written)
  const [least, most] = range
  return Number.isInteger(value) && value >= least && value <= most
    ? Result.succeed(value)
    : Result.fail(refuse(400, `${name} must be between ${least} and ${most}`))
}
