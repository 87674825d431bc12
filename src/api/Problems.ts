import { Schema } from "effect"
import { HttpApiError } from "effect/http-api"
import { FieldError } from "../Form.ts"

/** RFC 9457 wants a URI per kind of problem; clients tell problems apart by the stable `code`. */
const problemType = <const Name extends string>(name: Name) => `urn:switchboard:problem:${name}` as const

const FieldErrors = Schema.Array(FieldError).annotate({
  description:
    "Every field that is wrong, by its dotted path in the request, and what was expected. Never holds a value."
})

/** The request cannot be read: not JSON, not UTF-8, or a query parameter that is none. */
export class BadRequest extends HttpApiError.Problem<BadRequest>()(
  "BadRequest",
  { type: problemType("bad-request"), status: 400, title: "The request cannot be read" },
  {
    code: Schema.Literals(["invalid_json", "invalid_utf8", "invalid_text", "invalid_request"]),
    errors: Schema.optionalKey(FieldErrors)
  }
) {}

/** No API key, or one that does not exist. */
export class Unauthorized extends HttpApiError.Problem<Unauthorized>()(
  "Unauthorized",
  { type: problemType("unauthorized"), status: 401, title: "An API key is needed" },
  { code: Schema.Literal("unauthorized") }
) {}

/** The key's role does not allow this. */
export class Forbidden extends HttpApiError.Problem<Forbidden>()(
  "Forbidden",
  { type: problemType("forbidden"), status: 403, title: "The role of this API key does not allow this" },
  { code: Schema.Literal("forbidden") }
) {}

/** A request that the console's cookie came with, and that the console did not make. */
export class CsrfRefused extends HttpApiError.Problem<CsrfRefused>()(
  "CsrfRefused",
  { type: problemType("csrf"), status: 403, title: "The request is not the console's own" },
  { code: Schema.Literal("csrf") }
) {}

/** Somebody tried too often to sign in. Try again after `Retry-After`. */
export class TooManyAttempts extends HttpApiError.Problem<TooManyAttempts>()(
  "TooManyAttempts",
  { type: problemType("too-many-attempts"), status: 429, title: "Too many attempts to sign in" },
  { code: Schema.Literal("too_many_attempts") }
) {}

/** There is no such thing in the caller's organization. */
export class NotFound extends HttpApiError.Problem<NotFound>()(
  "NotFound",
  { type: problemType("not-found"), status: 404, title: "There is no such thing in this organization" },
  {
    code: Schema.Literals([
      "configuration_not_found",
      "phone_number_not_found",
      "agent_not_found",
      "api_key_not_found",
      "audio_clip_not_found"
    ])
  }
) {}

/** No route has this path. */
export class PathNotFound extends HttpApiError.Problem<PathNotFound>()(
  "PathNotFound",
  { type: problemType("path-not-found"), status: 404, title: "There is no such path" },
  { code: Schema.Literal("path_not_found") }
) {}

/** The path is there, for other methods: the header `Allow` names them. */
export class MethodNotAllowed extends HttpApiError.Problem<MethodNotAllowed>()(
  "MethodNotAllowed",
  { type: problemType("method-not-allowed"), status: 405, title: "The path does not know this method" },
  { code: Schema.Literal("method_not_allowed") }
) {}

/** The request is fine, but not with what is stored now. */
export class Conflict extends HttpApiError.Problem<Conflict>()(
  "Conflict",
  { type: problemType("conflict"), status: 409, title: "The request conflicts with what is stored" },
  {
    code: Schema.Literals([
      "version_conflict",
      "name_taken",
      "number_taken",
      "agent_in_use",
      "last_admin_key",
      "configuration_inactive",
      "no_phone"
    ])
  }
) {}

/** The body is larger than the API takes. */
export class TooLarge extends HttpApiError.Problem<TooLarge>()(
  "TooLarge",
  { type: problemType("body-too-large"), status: 413, title: "The body is too large" },
  { code: Schema.Literal("body_too_large") }
) {}

/** The body is not JSON by its own account. */
export class UnsupportedMediaType extends HttpApiError.Problem<UnsupportedMediaType>()(
  "UnsupportedMediaType",
  { type: problemType("unsupported-media-type"), status: 415, title: "Send application/json" },
  { code: Schema.Literal("unsupported_media_type") }
) {}

/** The body can be read, but not saved: `errors` name the fields. */
export class ValidationFailed extends HttpApiError.Problem<ValidationFailed>()(
  "ValidationFailed",
  { type: problemType("validation-failed"), status: 422, title: "Some fields cannot be accepted" },
  { code: Schema.Literal("validation_failed"), errors: FieldErrors }
) {}

/** Our fault; the log has the reason. */
export class InternalError extends HttpApiError.Problem<InternalError>()(
  "InternalError",
  { type: problemType("internal-error"), status: 500, title: "Something went wrong here" },
  { code: Schema.Literal("internal_error") }
) {}

/** The database cannot be reached. Nothing was changed; try again after `Retry-After`. */
export class ServiceUnavailable extends HttpApiError.Problem<ServiceUnavailable>()(
  "ServiceUnavailable",
  { type: problemType("service-unavailable"), status: 503, title: "The service cannot answer now" },
  { code: Schema.Literal("database_unavailable") }
) {}
