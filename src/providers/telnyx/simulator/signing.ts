import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto"

/** An account's signing key, and the public half as the portal shows it: base64 of 32 bytes. */
export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: string
}

const publicHalf = (privateKey: KeyObject): SigningKey => {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" })
  return { privateKey, publicKey: der.subarray(-32).toString("base64") }
}

export const newSigningKey = (): SigningKey => publicHalf(generateKeyPairSync("ed25519").privateKey)

/** PKCS #8 in front of a seed of 32 bytes (RFC 8410). */
const seedPrefix = Buffer.from("302e020100300506032b657004220420", "hex")

export const signingKeyFromSeed = (seed: Uint8Array): SigningKey =>
  publicHalf(createPrivateKey({ key: Buffer.concat([seedPrefix, seed]), format: "der", type: "pkcs8" }))

/**
 * The value of `telnyx-signature-ed25519`: base64 of Ed25519 over the timestamp as it is in `telnyx-timestamp`, a pipe, and the
 * body's bytes (Telnyx: webhook signing).
 */
export const sign = (key: SigningKey, timestamp: string, body: string): string =>
  signBytes(null, Buffer.from(`${timestamp}|${body}`, "utf8"), key.privateKey).toString("base64")
