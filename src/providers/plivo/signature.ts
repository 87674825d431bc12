import { createHmac } from "node:crypto"
import { Effect, Redacted } from "effect"
import { equalText } from "../../carrier/constantTime.ts"
import { type FormFields, parseForm, singleField } from "../../carrier/forms.ts"
import { originOf, rawQuery, urlParts } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { SignatureRejected } from "../../carrier/VerifiedRequest.ts"
import { provider } from "./config.ts"

type Tokens = ReadonlyArray<Redacted.Redacted<string>>

/**
 * The headers that a voice request is signed by: the account's own tokens make the first one, the main account's the second.
 * Those of version 2 are not among them: they leave the body unsigned.
 */
export const signatureHeaders = ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"] as const
const nonceHeader = "x-plivo-signature-v3-nonce"

/**
 * Checks a webhook's signature of version 3 (Plivo: Signature validation): HMAC-SHA256 with an auth token over the URL, the sorted
 * fields and a nonce. What is no form must have no body. A nonce that comes again is let pass: the signature covers all that
 * a webhook says, so a replay can only repeat it.
 */
export const verifySignature = Effect.fnUntraced(function* (tokens: Tokens, authId: string, request: RawRequest) {
  const { method, publicUrl, body } = request
  if (method !== "POST" && method !== "GET") return yield* rejected(`Plivo does not use ${method}.`)
  if (body.length > 0 && (method === "GET" || !isForm(request)))
    return yield* rejected("The request has a body that its signature does not cover.")
  const query = parseForm(rawQuery(publicUrl))
  const fields = method === "GET" ? query : parseForm(body)
  if (query === undefined || fields === undefined) return yield* rejected("The fields are not UTF-8.")
  yield* checkSigned(tokens, request, [canonical(publicUrl, query, method === "GET" ? [] : fields)])
  const named = singleField(fields, "AuthID") ?? ""
  // The main account's token is good for all of its subaccounts.
  if (named.startsWith("SA") && named !== authId) return yield* rejected("The request is of another subaccount.")
  return request
})

/**
 * Checks the signature of a media socket's upgrade request: as of a GET, over the stream's URL with `http:` in place of `wss:`.
 * Plivo's own stream libraries try `https:` as well.
 */
export const verifyUpgradeSignature = Effect.fnUntraced(function* (tokens: Tokens, request: RawRequest) {
  const query = parseForm(rawQuery(request.publicUrl))
  if (query === undefined) return yield* rejected("The query is not UTF-8.")
  const address = request.publicUrl.replace(/^[a-z]+:/i, "")
  yield* checkSigned(
    tokens,
    request,
    ["http:", "https:"].map((scheme) => canonical(scheme + address, query, []))
  )
})

/** The signature of a request: base64 of 32 bytes. `canonicalText` is what `canonical` gives. */
export const sign = (token: Redacted.Redacted<string>, canonicalText: string, nonce: string): string =>
  createHmac("sha256", Redacted.value(token)).update(`${canonicalText}.${nonce}`, "utf8").digest("base64")

/**
 * What is signed, but for the nonce: the URL up to its query exactly as written, the decoded query sorted, and the sorted fields
 * of a form. Before the fields stands a dot, or, where there is no query, the question mark alone.
 */
export const canonical = (url: string, query: FormFields, form: FormFields): string => {
  const parts = urlParts(url)
  const base = parts === undefined ? url : /^[^?#]*/.exec(url)?.[0]
  const asked = sorted(query)
    .map(([name, value]) => `${name}=${value}`)
    .join("&")
  if (form.length === 0) return asked === "" ? `${base}` : `${base}?${asked}`
  const told = sorted(form)
    .map(([name, value]) => name + value)
    .join("")
  return asked === "" ? `${base}?${told}` : `${base}?${asked}.${told}`
}

/** By name and then by value, in code units. */
const sorted = (fields: FormFields): FormFields =>
  fields.toSorted(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0)

/** Each header may list several signatures, one per token that is in use. All are tried, so that time tells nothing. */
const checkSigned = Effect.fnUntraced(function* (
  tokens: Tokens,
  { headers, publicUrl }: RawRequest,
  texts: ReadonlyArray<string>
) {
  const nonce = headers[nonceHeader] ?? ""
  const given = signatureHeaders
    .flatMap((name) => (headers[name] ?? "").split(","))
    .map((signature) => signature.trim())
    .filter((signature) => signature !== "")
  if (given.length === 0) return yield* rejected("The request has no signature of version 3.")
  if (nonce === "") return yield* rejected("The request has no nonce.")
  const expected = tokens.flatMap((token) => texts.map((text) => sign(token, text, nonce)))
  const matches = given
    .slice(0, maxSignatures)
    .flatMap((signature) => expected.map((each) => equalText(signature, each)))
  if (!matches.includes(true)) {
    return yield* rejected(
      `The signature does not match. It was checked for ${originOf(publicUrl)}: is that the address set at Plivo, and the token the account's own?`
    )
  }
})

/** Signatures of one request that are looked at: more tokens than that are never in use. */
const maxSignatures = 16

const isForm = ({ headers }: RawRequest) =>
  headers["content-type"]?.split(";")[0]?.trim().toLowerCase() === "application/x-www-form-urlencoded"

const rejected = (reason: string) => Effect.fail(new SignatureRejected({ provider, reason }))
