import { createHash, createHmac } from "node:crypto"
import { parse as parseQuery, stringify as stringifyQuery } from "node:querystring"
import { Effect, Redacted } from "effect"
import { equalBytes, equalText } from "../../carrier/constantTime.ts"
import { encodeForm, type FormFields, parseForm, singleField } from "../../carrier/forms.ts"
import { asWebSocketUrl, normalized, originOf, portVariants, rawQuery } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { SignatureRejected } from "../../carrier/VerifiedRequest.ts"
import { provider } from "./config.ts"

type Tokens = ReadonlyArray<Redacted.Redacted<string>>

/** Fields that some inbound webhooks carry outside the signature. Dropped unless the signature covers them. */
const unsignedFields: ReadonlySet<string> = new Set(["CallToken", "StirVerstat"])

/**
 * Checks `X-Twilio-Signature` (Twilio: Security, Validating requests): HMAC-SHA1 with the account's auth token over the URL and,
 * for a form, its sorted fields. Gives back the request without what the signature does not cover.
 */
export const verifySignature = Effect.fnUntraced(function* (tokens: Tokens, accountSid: string, request: RawRequest) {
  const given = request.headers["x-twilio-signature"] ?? ""
  if (given === "") return yield* rejected("The request has no signature.")
  const signed = (fields: FormFields) => isSigned(tokens, given, webhookUrls(request.publicUrl), fields)

  if (request.method === "POST" && isForm(request)) {
    const fields = parseForm(request.body)
    if (fields === undefined) return yield* rejected("The form is not UTF-8.")
    if (signed(fields)) return yield* ofAccount(accountSid, fields, request)
    const covered = fields.filter(([name]) => !unsignedFields.has(name))
    if (covered.length < fields.length && signed(covered)) {
      return yield* ofAccount(accountSid, covered, { ...request, body: Buffer.from(encodeForm(covered), "utf8") })
    }
    return yield* rejected(mismatch(request))
  }

  const query = parseForm(rawQuery(request.publicUrl))
  if (query === undefined) return yield* rejected("The query is not UTF-8.")
  if (!signed([])) return yield* rejected(mismatch(request))
  if (request.body.length > 0) {
    const hash = createHash("sha256").update(request.body).digest("hex")
    if (!equalText(singleField(query, "bodySHA256") ?? "", hash)) {
      return yield* rejected("The body does not have the hash that the URL names.")
    }
  }
  return yield* ofAccount(accountSid, query, request)
})

/**
 * Checks the signature of a media socket's upgrade request: over the `wss:` URL, with or without port and trailing slash, and no
 * fields.
 */
export const verifyUpgradeSignature = Effect.fnUntraced(function* (tokens: Tokens, request: RawRequest) {
  const given = request.headers["x-twilio-signature"] ?? ""
  if (given === "") return yield* rejected("The upgrade request has no signature.")
  if (!isSigned(tokens, given, upgradeUrls(request.publicUrl), [])) return yield* rejected(mismatch(request))
})

/** The signature of a request: base64 of 20 bytes. */
export const sign = (token: Redacted.Redacted<string>, url: string, fields: FormFields): string =>
  createHmac("sha1", Redacted.value(token))
    .update(url + canonicalFields(fields), "utf8")
    .digest("base64")

/** Names sorted by code unit, each followed by its distinct values, sorted, with nothing in between. */
const canonicalFields = (fields: FormFields): string => {
  const values = new Map<string, Set<string>>()
  for (const [name, value] of fields) values.set(name, (values.get(name) ?? new Set()).add(value))
  return Array.from(values.keys())
    .sort()
    .flatMap((name) =>
      Array.from(values.get(name) ?? [])
        .sort()
        .map((value) => name + value)
    )
    .join("")
}

/** Tries every token with every way in which the URL may have been written. All of them, so that time tells nothing. */
const isSigned = (tokens: Tokens, given: string, urls: ReadonlyArray<string>, fields: FormFields): boolean => {
  const signature = Buffer.from(given, "utf8")
  return tokens
    .flatMap((token) => urls.map((url) => equalBytes(signature, Buffer.from(sign(token, url, fields), "utf8"))))
    .includes(true)
}

/** As received, then in WHATWG normal form, then with the query written anew (`'` as `%27`); each with and without port. */
const webhookUrls = (url: string): ReadonlyArray<string> => {
  const normal = portVariants(normalized(url) ?? url)
  return Array.from(new Set([...portVariants(url), ...normal, ...normal.map(withRewrittenQuery)]))
}

const withRewrittenQuery = (url: string): string => {
  const start = url.indexOf("?")
  return start < 0 ? url : `${url.slice(0, start)}?${stringifyQuery(parseQuery(url.slice(start + 1)))}`
}

const upgradeUrls = (url: string): ReadonlyArray<string> => {
  const socketUrl = asWebSocketUrl(url)
  const toggled = socketUrl.endsWith("/") ? socketUrl.slice(0, -1) : `${socketUrl}/`
  return [...portVariants(socketUrl), ...portVariants(toggled)]
}

const isForm = ({ headers, body }: RawRequest) => {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase()
  return type === "application/x-www-form-urlencoded" || (type === undefined && body.length === 0)
}

/** A signature proves the token's owner; the account that the fields name must be the same one. */
const ofAccount = (accountSid: string, fields: FormFields, request: RawRequest) =>
  fields.some(([name, value]) => name === "AccountSid" && value !== accountSid)
    ? rejected("The request is of another account.")
    : Effect.succeed(request)

const mismatch = ({ publicUrl }: RawRequest) =>
  `The signature does not match. It was checked for ${originOf(publicUrl)}: is that the address set at Twilio, and the token the account's own?`

const rejected = (reason: string) => Effect.fail(new SignatureRejected({ provider, reason }))
