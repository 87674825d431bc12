import { ByteSize, Cause, Effect, Layer, Result } from "effect"
import {
  HttpIncomingMessage,
  HttpServerError,
  HttpServerRequest,
  HttpServerRespondable,
  HttpServerResponse
} from "effect/http"
import { HttpApiError } from "effect/http-api"
import { clearErrors } from "../organizations/savedForm.ts"
import { BadRequest, InternalError, TooLarge, UnsupportedMediaType, ValidationFailed } from "./Problems.ts"
import { answerWith } from "./problemAnswers.ts"
import { JsonBody, Problems, WavBody } from "./Requests.ts"
import { summaryOf } from "./refused.ts"

/** The largest JSON body that the API reads, and the largest WAV file, KiB. */
const MAX_JSON_KIB = 256
const MAX_WAV_KIB = 4096
const MAX_JSON = ByteSize.kibibytes(MAX_JSON_KIB)

const utf8 = new TextDecoder("utf-8", { fatal: true })
const decodeUtf8 = (bytes: ArrayBuffer) =>
  Result.try({
    try: () => utf8.decode(bytes),
    catch: () => new BadRequest({ code: "invalid_utf8", detail: "The body is not valid UTF-8." })
  })
const parseJson = (text: string) =>
  Result.try({
    try: (): unknown => JSON.parse(text),
    catch: () => new BadRequest({ code: "invalid_json", detail: "The body is not valid JSON." })
  })

/** No text column can hold these: U+0000, and halves of surrogate pairs (The Unicode Standard, D75). */
const isStorable = (text: string) => !text.includes("\u0000") && text.isWellFormed()

/** The first string, key or value, that cannot be stored. */
const unstorable = (value: unknown): boolean => {
  if (typeof value === "string") return !isStorable(value)
  if (Array.isArray(value)) return value.some(unstorable)
  if (typeof value !== "object" || value === null) return false
  return Object.entries(value).some(([key, inner]) => !isStorable(key) || unstorable(inner))
}

/** Deeper than any form; bounds the recursion over a body. */
const MAX_DEPTH = 64
const isTooDeep = (value: unknown, depth = 0): boolean =>
  typeof value === "object" &&
  value !== null &&
  (depth >= MAX_DEPTH || Object.values(value).some((inner) => isTooDeep(inner, depth + 1)))

const bodyFailure = (maxKib: number) => (error: HttpServerError.HttpServerError) =>
  error.reason._tag === "RequestParseError" && error.reason.reason === "BodyTooLarge"
    ? new TooLarge({ code: "body_too_large", detail: `A body has at most ${maxKib} KiB.` })
    : new BadRequest({ code: "invalid_request", detail: "The body could not be read to its end." })

const checkBody = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const type = request.headers["content-type"]
  if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type)) {
    return yield* new UnsupportedMediaType({
      code: "unsupported_media_type",
      detail: "Send the body as application/json."
    })
  }
  const bytes = yield* Effect.mapError(request.arrayBuffer, bodyFailure(MAX_JSON_KIB))
  const json = yield* Effect.fromResult(Result.flatMap(decodeUtf8(bytes), parseJson))
  if (isTooDeep(json) || unstorable(json)) {
    return yield* new BadRequest({
      code: "invalid_text",
      detail:
        "A text in the body has a character that cannot be stored (U+0000 or half a surrogate pair), or the body is nested too deeply."
    })
  }
}).pipe(Effect.provideService(HttpIncomingMessage.MaxBodySize, MAX_JSON))

/** Reads the body of endpoints that take one. What reads it afterwards gets the same bytes. */
export const jsonBodyLayer = Layer.succeed(JsonBody, (handle, { endpoint }) =>
  endpoint.payload.size === 0
    ? handle
    : Effect.andThen(checkBody, Effect.provideService(handle, HttpIncomingMessage.MaxBodySize, MAX_JSON))
)

/** Reads the body of endpoints that take a WAV file. What reads it afterwards gets the same bytes. */
export const wavBodyLayer = Layer.succeed(WavBody, (handle, { endpoint }) => {
  if (endpoint.payload.size === 0) return handle
  const read = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.mapError(request.arrayBuffer, bodyFailure(MAX_WAV_KIB))
  )
  return Effect.andThen(read, handle).pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.kibibytes(MAX_WAV_KIB))
  )
})

const misfit = ({ kind, cause }: HttpApiError.HttpApiSchemaError) => {
  const errors = clearErrors(cause)
  const detail = summaryOf(errors)
  return kind === "Payload"
    ? new ValidationFailed({ code: "validation_failed", errors, detail })
    : new BadRequest({ code: "invalid_request", errors, detail })
}

const internalError = new InternalError({
  code: "internal_error",
  detail: "This is a fault of the service. Its log says what happened."
})

const ourFault = (cause: Cause.Cause<unknown>) =>
  Effect.andThen(Effect.logError("A request failed by our fault", cause), answerWith(internalError))

/** Answers with a problem document whatever fails behind it; the causes of our own faults go to the log. */
export const problemsLayer = Layer.succeed(Problems, (handle) =>
  Effect.catchCause(handle, (cause) => {
    if (Cause.hasInterrupts(cause)) return Effect.failCause(cause)
    const failure = Cause.squash(cause)
    if (HttpServerResponse.isHttpServerResponse(failure)) return Effect.succeed(failure)
    if (HttpApiError.HttpApiSchemaError.is(failure)) {
      const isOurs = failure.kind === "Body" || failure.kind === "ResponseHeaders"
      return isOurs ? ourFault(cause) : answerWith(misfit(failure))
    }
    if (HttpServerError.isHttpServerError(failure)) return answerWith(bodyFailure(MAX_JSON_KIB)(failure))
    if (!Cause.hasFails(cause)) return ourFault(cause)
    return HttpServerRespondable.isRespondable(failure) ? answerWith(failure) : Effect.failCause(cause)
  })
)
