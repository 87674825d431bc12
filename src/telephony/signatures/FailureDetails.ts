import { Schema } from "effect"

/** Why a signature did not fit, as far as trying found out. Addresses are redacted. */
export const SignatureExplanation = Schema.Struct({
  /** The address that the carrier signed; null where none of the likely ones fits. */
  signed_url: Schema.NullOr(Schema.String),
  /** The address that the signature was checked for: `PUBLIC_URL` and the path. */
  rebuilt_url: Schema.String,
  /** One line for each part in which the two differ. */
  differs: Schema.Array(Schema.String),
  next_step: Schema.String
}).annotate({ identifier: "SignatureExplanation" })
export type SignatureExplanation = typeof SignatureExplanation.Type

/** A refused request without anything secret: no body, no signature, no token, no value of a query. */
export const FailureDetails = Schema.Struct({
  /** A webhook, or the upgrade request of a call's media socket. */
  kind: Schema.Literals(["webhook", "media-upgrade"]),
  method: Schema.String,
  host: Schema.NullOr(Schema.String),
  /** What proxies added: `X-Forwarded-*`, `Forwarded`. */
  forwarded_headers: Schema.Record(Schema.String, Schema.String),
  content_type: Schema.NullOr(Schema.String),
  /** Names of the headers that look like a signature; never their values. */
  signature_headers: Schema.Array(Schema.String),
  body_sha256: Schema.String,
  body_bytes: Schema.Int,
  reason: Schema.String,
  explanation: SignatureExplanation
})
export type FailureDetails = typeof FailureDetails.Type
