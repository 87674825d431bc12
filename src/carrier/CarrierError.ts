import { Schema } from "effect"

/**
 * The carrier refused, or its answer could not be used.
 *
 * `kind` says what the caller may do:
 * - `credentials`: the account id or secret is wrong, or the account is closed: an operator must act
 * - `rejected`: this request will never work (bad number, no permission, caller id not owned)
 * - `not-found`: the thing is not there, or is over already
 * - `rate-limited`: too many requests; `retryAfterMs` when the carrier said so
 * - `unavailable`: the carrier answered 5xx or could not be reached before anything was sent: nothing happened there
 * - `unknown-outcome`: sent, but no usable answer came (or a gateway's 502 or 504 to a request that may not be repeated): it may
 *   or may not have happened. Never repeat a dial after it
 *
 * `code` is the carrier's own error number, `message` ends with a next step that a person can take.
 */
export class CarrierError extends Schema.TaggedError<CarrierError>()("CarrierError", {
  provider: Schema.String,
  kind: Schema.Literals(["credentials", "rejected", "not-found", "rate-limited", "unavailable", "unknown-outcome"]),
  message: Schema.String,
  code: Schema.optionalKey(Schema.String),
  httpStatus: Schema.optionalKey(Schema.Finite),
  retryAfterMs: Schema.optionalKey(Schema.Finite)
}) {}
