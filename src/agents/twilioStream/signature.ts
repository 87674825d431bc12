import { createHmac } from "node:crypto"
import { Redacted } from "effect"

/**
 * The value of `X-Twilio-Signature` on a WebSocket upgrade: base64 of the HMAC-SHA1 over the full URL, which has no
 * parameters behind it (Twilio: Webhooks Security, and the official package's `validateRequest(secret, signature, url, {})`).
 */
export const signatureOf = (secret: Redacted.Redacted<string>, url: URL): string =>
  createHmac("sha1", Redacted.value(secret)).update(url.href).digest("base64")
