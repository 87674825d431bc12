import { createHmac } from "node:crypto"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { equalBytes } from "../carrier/constantTime.ts"
import type { CallLinks } from "../carrier/TelephonyProvider.ts"
import { Settings } from "../Settings.ts"
import { Secrets } from "../store/Secrets.ts"

/** The root of every address that carriers call. */
export const telephonyPath = "/api/v1/telephony"

/** What a token names. One of a kind is no token of another. */
export type TokenSubject = "call" | "transfer" | "configuration"

/**
 * Signed tokens that stand in the path of a carrier's callback and name what it is about: the id, a dot, and an HMAC-SHA-256
 * over it in base64url. Some carriers sign nothing or drop queries; the token keeps strangers out of those routes as well.
 */
export class UrlTokens extends Context.Service<
  UrlTokens,
  {
    readonly sign: (subject: TokenSubject, id: string) => string
    /** The id that a token names, when its signature is by one of our keys. Takes the same time for every wrong one. */
    readonly read: (subject: TokenSubject, token: string) => Option.Option<string>
    /** The addresses that a carrier is given for one call. */
    readonly callLinks: (callId: string, provider: string) => CallLinks
    /** The addresses that a carrier is given for one transfer. */
    readonly transferLinks: (transferId: string, provider: string) => Pick<CallLinks, "route">
    /** Where a carrier announces calls to a configuration's numbers, with or without the configuration's own token. */
    readonly inbound: (provider: string, configurationId?: string) => string
    /** One of a provider's account routes, with or without the configuration's own token. */
    readonly account: (provider: string, path: string, configurationId?: string) => string
  }
>()("switchboard/UrlTokens") {
  static readonly layer = Layer.effect(
    UrlTokens,
    Effect.gen(function* () {
      const { publicUrl } = yield* Settings
      const { deriveKey } = yield* Secrets
      const signer = Effect.fnUntraced(function* (purpose: string) {
        const keys = deriveKey(purpose)
        const [newest] = keys
        if (newest === undefined) return yield* Effect.die("There is no key to sign tokens with")
        return {
          sign: (id: string) => `${id}.${mac(newest, id).toString("base64url")}`,
          read: (token: string) => {
            const [, id = "", signature = ""] = shape.exec(token) ?? []
            const given = Buffer.from(signature, "base64url")
            const matching = keys.filter((key) => equalBytes(mac(key, id), given))
            return matching.length > 0 ? Option.some(id) : Option.none()
          }
        }
      })
      const signers = {
        call: yield* signer("call-token"),
        transfer: yield* signer("transfer-token"),
        configuration: yield* signer("configuration-token")
      }
      const sign = (subject: TokenSubject, id: string) => signers[subject].sign(id)

      const root = `${publicUrl}${telephonyPath}`
      const routeTo = (provider: string, token: string) => (path: string) => `${root}/${provider}${path}/${token}`
      const own = (configurationId: string | undefined) =>
        configurationId === undefined ? "" : `/${sign("configuration", configurationId)}`
      return UrlTokens.of({
        sign,
        read: (subject, token) => signers[subject].read(token),
        callLinks: (callId, provider) => {
          const token = sign("call", callId)
          return { answer: `${root}/answer/${token}`, route: routeTo(provider, token) }
        },
        transferLinks: (transferId, provider) => ({ route: routeTo(provider, sign("transfer", transferId)) }),
        inbound: (provider, configurationId) => `${root}/inbound/${provider}${own(configurationId)}`,
        account: (provider, path, configurationId) => `${root}/${provider}${path}${own(configurationId)}`
      })
    })
  )
}

const shape = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/

const mac = (key: Redacted.Redacted<Uint8Array>, id: string) =>
  createHmac("sha256", Redacted.value(key)).update(id, "utf8").digest()
