import { createHmac } from "node:crypto"
import { Effect, Redacted } from "effect"
import { equalBytes } from "../../carrier/constantTime.ts"
import type { Nonces } from "../../carrier/nonces.ts"
import { originOf } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { SignatureRejected } from "../../carrier/VerifiedRequest.ts"
import { provider, type VobizConfig } from "./config.ts"
import { accountOf } from "./webhookSource.ts"

type Tokens = ReadonlyArray<Redacted.Redacted<string>>

/**
 * The two versions (Vobiz: Validating callbacks). Nonces are digits; where nothing stands between the URL and the nonce, its
 * length must be certain, or digits could be moved from one to the other.
 */
const versions = [
  { header: "x-vobiz-signature-v3", parent: "x-vobiz-signature-ma-v3", separator: ".", nonce: /^\d{10,32}$/ },
  { header: "x-vobiz-signature-v2", parent: "x-vobiz-signature-ma-v2", separator: "", nonce: /^\d{20}$/ }
] as const

const signatureHeaders = versions.flatMap(({ header, parent }) => [header, parent, `${header}-nonce`])

/**
 * Checks the signatures of a webhook. They cover the URL without its query, and a nonce, but neither query nor body: so a nonce
 * is good for one URL and body only, and a body that names another account is refused. Vobiz does not sign every callback. One
 * without any signature is let in only where the URL carries a token of ours.
 */
export const verifySignature = (config: VobizConfig, nonces: Nonces) =>
  Effect.fnUntraced(function* (request: RawRequest) {
    const authId = Redacted.value(config.authId)
    const claimed = accountOf(request)
    // A sub-account's webhooks name the main account, whose id we do not know.
    if (claimed !== undefined && claimed !== authId && !authId.startsWith("SA_"))
      return yield* rejected("The request is of another account.")
    if (signatureHeaders.every((name) => given(request, name) === "")) {
      return request.urlToken === undefined
        ? yield* rejected("The request has no signature, and its URL no token.")
        : request
    }
    const proved = provedNonces(config, request)
    if (proved.length === 0) {
      return yield* rejected(
        `No signature matches. They were checked for ${originOf(request.publicUrl)}: is that the address given to Vobiz, and the token the account's own?`
      )
    }
    for (const nonce of proved) {
      if (!(yield* nonces.isFresh(`${provider} ${authId}`, nonce, [request.publicUrl, request.body])))
        return yield* rejected("The signature was used before, for another request.")
    }
    return request
  })

/** The signature of a URL: base64 of 32 bytes. `separator` stands between the URL and the nonce. */
export const sign = (token: Redacted.Redacted<string>, url: string, separator: "." | "", nonce: string): string =>
  createHmac("sha256", Redacted.value(token))
    .update(url.replace(/[?#].*$/s, "") + separator + nonce, "utf8")
    .digest("base64")

const given = ({ headers }: RawRequest, name: string) => headers[name]?.trim() ?? ""

/** The nonces that a good signature covers. All keys are tried, so that time tells nothing. */
const provedNonces = ({ signingTokens, parentTokens }: VobizConfig, request: RawRequest): ReadonlyArray<string> =>
  versions.flatMap(({ header, parent, separator, nonce: shape }) => {
    const nonce = given(request, `${header}-nonce`)
    const isSigned = (name: string, tokens: Tokens) => {
      const signatures = given(request, name).split(",")
      return tokens
        .map((token) => Buffer.from(sign(token, request.publicUrl, separator, nonce), "utf8"))
        .flatMap((right) => signatures.map((each) => equalBytes(Buffer.from(each.trim(), "utf8"), right)))
        .includes(true)
    }
    const found = [isSigned(header, signingTokens), isSigned(parent, parentTokens)]
    return shape.test(nonce) && found.includes(true) ? [nonce] : []
  })

const rejected = (reason: string) => Effect.fail(new SignatureRejected({ provider, reason }))
