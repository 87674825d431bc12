import { Effect, Schema } from "effect"
import type { RawRequest } from "./RawRequest.ts"

/** The request is not from the carrier, or was changed on the way. `reason` is for our log only, never for the sender. */
export class SignatureRejected extends Schema.TaggedError<SignatureRejected>()("SignatureRejected", {
  provider: Schema.String,
  reason: Schema.String
}) {}

/**
 * A request whose sender was proved. It cannot be written by hand: the constructor is private, and `verifier` is the
 * only way to one. Everything that acts on a webhook takes this type, so an unverified webhook cannot have an effect.
 */
export class VerifiedRequest {
  readonly method: string
  readonly publicUrl: string
  readonly headers: RawRequest["headers"]
  readonly body: Uint8Array
  readonly urlToken: RawRequest["urlToken"]

  private constructor(covered: RawRequest) {
    this.method = covered.method
    this.publicUrl = covered.publicUrl
    this.headers = covered.headers
    this.body = covered.body
    this.urlToken = covered.urlToken
  }

  /**
   * Makes a provider's `verify` from its signature check. The check may hand back the request with parts that the
   * signature does not cover taken out.
   */
  static verifier(check: (request: RawRequest) => Effect.Effect<RawRequest, SignatureRejected>) {
    return (request: RawRequest): Effect.Effect<VerifiedRequest, SignatureRejected> =>
      Effect.map(check(request), (covered) => new VerifiedRequest(covered))
  }
}
