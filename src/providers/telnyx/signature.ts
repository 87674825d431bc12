import { createPublicKey, type KeyObject, verify } from "node:crypto"
import { Clock, Effect, Redacted } from "effect"
import type { Nonces } from "../../carrier/nonces.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { SignatureRejected } from "../../carrier/VerifiedRequest.ts"
import { provider } from "./config.ts"
import { connectionIdOf } from "./events.ts"

/** How far the signed time may be from ours, s, either way. */
const tolerance = 300

/** What stands before the 32 bytes of an Ed25519 public key in its DER form (RFC 8410, section 4). */
const derPrefix = Buffer.from("302a300506032b6570032100", "hex")

/** What the account's webhooks are checked with. */
export interface Signing {
  readonly publicKey: KeyObject | undefined
  /** Undefined where the application is of our own making. */
  readonly connectionId: string | undefined
  readonly configurationId: string
  readonly nonces: Nonces
}

/** A public key from its base64. Undefined unless it is 32 bytes. */
export const readPublicKey = (key: Redacted.Redacted<string>): KeyObject | undefined => {
  const bytes = strictBase64(Redacted.value(key).trim(), 32)
  return bytes === undefined
    ? undefined
    : createPublicKey({ key: Buffer.concat([derPrefix, bytes]), format: "der", type: "spki" })
}

/**
 * Checks `telnyx-signature-ed25519` (Telnyx: Webhook signing): Ed25519 (RFC 8032) over the timestamp as it was sent, `|` and the
 * raw body. The URL is not signed, so what was sent to one of ours is not believed at another.
 */
export const verifySignature = Effect.fnUntraced(function* (signing: Signing, request: RawRequest) {
  const { publicKey, connectionId } = signing
  if (publicKey === undefined) return yield* rejected("The configuration has no webhook public key.")
  const timestamp = request.headers["telnyx-timestamp"] ?? ""
  const given = request.headers["telnyx-signature-ed25519"] ?? ""
  if (timestamp === "" || given === "") return yield* rejected("The request has no signature or no timestamp.")
  if (!/^\d{1,15}$/.test(timestamp)) return yield* rejected("The timestamp is not a number.")
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  if (Math.abs(now - Number(timestamp)) > tolerance) {
    return yield* rejected("The timestamp is more than 5 minutes off. Is this machine's clock right?")
  }
  const signature = strictBase64(given, 64)
  if (signature === undefined) return yield* rejected("The signature is not 64 bytes of base64.")
  const message = Buffer.concat([Buffer.from(`${timestamp}|`, "utf8"), request.body])
  if (!verify(null, message, publicKey, signature)) {
    return yield* rejected("The signature does not match. Is the webhook public key that of this account?")
  }
  const claimed = connectionIdOf(request.body)
  if (connectionId !== undefined && claimed !== undefined && claimed !== connectionId) {
    return yield* rejected("The request is of another application.")
  }
  const isFresh = yield* signing.nonces.isFresh(`${provider} ${signing.configurationId}`, given, [request.publicUrl])
  if (!isFresh) return yield* rejected("The request was sent to another URL before.")
  return request
})

/** The bytes of canonical base64 (RFC 4648, section 4), if there are just so many. */
const strictBase64 = (text: string, length: number): Buffer | undefined => {
  const bytes = Buffer.from(text, "base64")
  return bytes.length === length && bytes.toString("base64") === text ? bytes : undefined
}

const rejected = (reason: string) => Effect.fail(new SignatureRejected({ provider, reason }))
