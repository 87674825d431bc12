import { createHash } from "node:crypto"
import { Clock, Effect, Option, Redacted, Result, Schema } from "effect"
import { compactVerify, decodeJwt } from "jose"
import { equalText } from "../../carrier/constantTime.ts"
import { parseForm } from "../../carrier/forms.ts"
import type { Nonces } from "../../carrier/nonces.ts"
import { rawQuery } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { SignatureRejected } from "../../carrier/VerifiedRequest.ts"
import { provider, type VonageConfig } from "./config.ts"

/** How old a signed request may be, and how far ahead of our clock Vonage's may be, s. */
const oldest = 300
const newest = 30

const readClaims = Schema.decodeUnknownOption(
  Schema.Struct({
    iss: Schema.Literal("Vonage"),
    iat: Schema.Int,
    jti: Schema.NonEmptyString,
    api_key: Schema.NonEmptyString,
    application_id: Schema.optionalKey(Schema.String),
    payload_hash: Schema.optionalKey(Schema.String),
    exp: Schema.optionalKey(Schema.Finite),
    nbf: Schema.optionalKey(Schema.Finite)
  })
)
type Claims = Option.Option.Value<ReturnType<typeof readClaims>>

const rejected = (reason: string) => Effect.fail(new SignatureRejected({ provider, reason }))

/** The JWT of a request: the value of `Authorization` with the scheme `Bearer`. */
const bearerToken = ({ headers }: RawRequest): string | undefined =>
  /^bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1]

/** What an unverified request claims about its sender. */
export const unverifiedClaims = (request: RawRequest): Readonly<Record<string, unknown>> | undefined => {
  const token = bearerToken(request)
  return token === undefined ? undefined : Option.getOrUndefined(Result.getSuccess(Result.try(() => decodeJwt(token))))
}

const parseJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Json))

/** The claims of a token that was signed with the account's secret (HS256, the secret's own bytes as the key), all in order. */
const provedClaims = Effect.fnUntraced(function* (config: VonageConfig, token: string) {
  const { signatureSecret } = config
  if (signatureSecret === undefined) return yield* rejected("The configuration has no signature secret to check with.")
  const { payload } = yield* Effect.tryPromise({
    try: () => compactVerify(token, Buffer.from(Redacted.value(signatureSecret), "utf8"), { algorithms: ["HS256"] }),
    catch: () =>
      new SignatureRejected({
        provider,
        reason: "The signature does not match. Is the signature secret the one of the dashboard's settings?"
      })
  })
  const claims = Option.flatMap(parseJson(Buffer.from(payload).toString("utf8")), readClaims)
  if (Option.isNone(claims)) return yield* rejected("The signed token lacks a claim that Vonage's have.")
  yield* checkClaims(config, claims.value)
  return claims.value
})

const checkClaims = Effect.fnUntraced(function* (config: VonageConfig, claims: Claims) {
  const { api_key, application_id, iat, exp, nbf } = claims
  if (!equalText(api_key, Redacted.value(config.apiKey))) return yield* rejected("The request is of another account.")
  const ours = Redacted.value(config.applicationId).toLowerCase()
  if (application_id !== undefined && !equalText(application_id.toLowerCase(), ours))
    return yield* rejected("The request is of another application.")
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  if (iat < now - oldest) return yield* rejected("The signed token is too old.")
  if (iat > now + newest || (nbf ?? 0) > now + newest)
    return yield* rejected("The signed token is from the future. Check this server's clock.")
  if (exp !== undefined && exp <= now) return yield* rejected("The signed token has expired.")
})

const hex = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex")

/**
 * The hashes that a request's payload may have: of the body's bytes, and of its compact form where a proxy has indented it. For GET
 * that of its query as compact JSON, the parameters in their order and all of them strings.
 */
const payloadHashes = ({ method, publicUrl, body }: RawRequest): ReadonlyArray<string> => {
  if (method === "GET") {
    const query = parseForm(rawQuery(publicUrl))
    return query === undefined ? [] : [hex(JSON.stringify(Object.fromEntries(query)))]
  }
  const compact = Option.map(parseJson(Buffer.from(body).toString("utf8")), (json) => hex(JSON.stringify(json)))
  return [hex(body), ...Option.toArray(compact)]
}

const coversPayload = ({ payload_hash }: Claims, request: RawRequest): boolean =>
  payload_hash === undefined
    ? request.method === "GET" || request.body.length === 0
    : payloadHashes(request)
        .map((hash) => equalText(hash, payload_hash.toLowerCase()))
        .includes(true)

/**
 * Checks a webhook's JWT (Vonage: Signed webhooks): signed with the account's signature secret, of this account and application,
 * recent, over this payload, and not used for another request. The URL is not signed, so the token counts with it.
 */
export const verifySignature = Effect.fnUntraced(function* (config: VonageConfig, nonces: Nonces, request: RawRequest) {
  const token = bearerToken(request)
  if (token === undefined) return yield* rejected("The request is not signed. Turn signed webhooks on at Vonage.")
  const claims = yield* provedClaims(config, token)
  if (!coversPayload(claims, request)) return yield* rejected("The payload is not the one that was signed.")
  yield* unused(nonces, claims, [request.method, request.publicUrl, request.body])
  return request
})

/**
 * Checks the JWT of a media socket's upgrade request, where there is one: older applications send none, and the ticket in the URL
 * is what admits the socket. What `payload_hash` covers here is not documented, so it is not looked at.
 */
export const verifyUpgradeSignature = Effect.fnUntraced(function* (
  config: VonageConfig,
  nonces: Nonces,
  request: RawRequest
) {
  if (request.headers["authorization"] === undefined) return
  const token = bearerToken(request)
  if (token === undefined) return yield* rejected("The upgrade request is authorised in another way than by a token.")
  const claims = yield* provedClaims(config, token)
  yield* unused(nonces, claims, ["upgrade", request.publicUrl])
})

const unused = Effect.fnUntraced(function* (
  nonces: Nonces,
  claims: Claims,
  request: ReadonlyArray<Uint8Array | string>
) {
  if (!(yield* nonces.isFresh(`${provider} ${claims.api_key}`, claims.jti, request)))
    return yield* rejected("The signed token was used for another request before.")
})
