import { createHmac } from "node:crypto"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { equalBytes } from "../carrier/constantTime.ts"
import type { CallLinks } from "../carrier/TelephonyProvider.ts"
import { Settings } from "../Settings.ts"
import { Secrets } from "../store/Secrets.ts"

/** The root of every address that carriers call. */
export const telephonyPath = "/api/v1/telephony"

/**
 * Signed tokens that name a call in the path of a carrier's callback: the call's id, a dot, and an HMAC-SHA-256 over it in
 * base64url. Some carriers sign nothing or drop queries; the token keeps strangers out of those routes as well.
 */
export class CallTokens extends Context.Service<
  CallTokens,
  {
    readonly sign: (callId: string) => string
    /** The call that a token names, when its signature is by one of our keys. Takes the same time for every wrong one. */
    readonly read: (token: string) => Option.Option<string>
    readonly links: (callId: string, provider: string) => CallLinks
  }
>()("switchboard/CallTokens") {
  static readonly layer = Layer.effect(
    CallTokens,
    Effect.gen(function* () {
      const { publicUrl } = yield* Settings
      const { deriveKey } = yield* Secrets
      const keys = deriveKey("call-token")
      const [newest] = keys
      if (newest === undefined) return yield* Effect.die("There is no key to sign call tokens with")

      const sign = (callId: string) => `${callId}.${mac(newest, callId).toString("base64url")}`
      const read = (token: string) => {
        const [, callId = "", signature = ""] = shape.exec(token) ?? []
        const given = Buffer.from(signature, "base64url")
        const matching = keys.filter((key) => equalBytes(mac(key, callId), given))
        return matching.length > 0 ? Option.some(callId) : Option.none()
      }
      const links = (callId: string, provider: string): CallLinks => {
        const token = sign(callId)
        return {
          answer: `${publicUrl}${telephonyPath}/answer/${token}`,
          route: (path) => `${publicUrl}${telephonyPath}/${provider}${path}/${token}`
        }
      }
      return CallTokens.of({ sign, read, links })
    })
  )
}

const shape = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/

const mac = (key: Redacted.Redacted<Uint8Array>, callId: string) =>
  createHmac("sha256", Redacted.value(key)).update(callId, "utf8").digest()
