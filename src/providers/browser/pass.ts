import { createHmac } from "node:crypto"
import { Option, Redacted, Schema } from "effect"
import { equalBytes } from "../../carrier/constantTime.ts"

/** How long a pass may wait before it is used, ms. */
export const goodForMs = 60_000

/** Longer than any pass is, characters. */
const longest = 2048

/** What a pass says: who may call whom, once, until when. */
export const Pass = Schema.Struct({
  configuration: Schema.NonEmptyString,
  /** A UUID: the call's id at the carrier. The same pass shown again finds the same call. */
  call: Schema.String.check(Schema.isUUID()),
  agent: Schema.NonEmptyString,
  /** The agent's name when the pass was made. */
  to: Schema.NonEmptyString,
  /** ms since 1970. */
  expires: Schema.Int
})
export type Pass = typeof Pass.Type

export type Keys = ReadonlyArray<Redacted.Redacted<Uint8Array>>

const readPass = Schema.decodeUnknownOption(Schema.fromJsonString(Pass))
const shape = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/

const mac = (key: Redacted.Redacted<Uint8Array>, claim: string) =>
  createHmac("sha256", Redacted.value(key)).update(`phone pass ${claim}`).digest()

/**
 * A pass as text: its JSON in base64url, a dot, and an HMAC-SHA-256 over the first part in base64url. Undefined: there is no key
 * to sign it with.
 */
export const signPass = ([newest]: Keys, pass: Pass): string | undefined => {
  if (newest === undefined) return undefined
  const claim = Buffer.from(JSON.stringify(pass)).toString("base64url")
  return `${claim}.${mac(newest, claim).toString("base64url")}`
}

/** What a text says that one of the keys signed. Whether it is still good is for the caller to see. */
export const provenPass = (keys: Keys, text: string): Option.Option<Pass> => {
  const [, claim = "", signature = ""] = text.length > longest ? [] : (shape.exec(text) ?? [])
  const given = Buffer.from(signature, "base64url")
  const matching = keys.filter((key) => equalBytes(mac(key, claim), given))
  return matching.length === 0 ? Option.none() : readClaim(claim)
}

const readClaim = (claim: string) => readPass(Buffer.from(claim, "base64url").toString("utf8"))
