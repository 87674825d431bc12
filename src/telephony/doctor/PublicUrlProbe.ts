import { Context, Effect, Layer, Option, Schema } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import { carrierHttpClient } from "../../carrier/carrierHttpClient.ts"
import { originOf } from "../../carrier/publicUrl.ts"
import { Settings } from "../../Settings.ts"
import { Secrets } from "../../store/Secrets.ts"
import { type Check, failed, ok } from "./Check.ts"
import { serviceIdentities } from "./serviceIdentity.ts"

const name = "PUBLIC_URL answers"

/** ms that an answer may take. */
const patienceMs = 5_000

const Health = Schema.Struct({ status: Schema.String, service: Schema.String })
const readHealth = Schema.decodeUnknownOption(Schema.fromJsonString(Health))

/** What came back from `/healthz`: an answer, or why there is none. */
type Answer =
  | {
      readonly _tag: "Answered"
      readonly status: number
      readonly location: string
      readonly service: string | undefined
    }
  | { readonly _tag: "Silent"; readonly why: string; readonly code: string }

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : ""

const innermost = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "cause" in cause && cause.cause !== undefined
    ? innermost(cause.cause)
    : cause

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: "its host name is not known to the DNS",
  EAI_AGAIN: "its host name is not known to the DNS, or the DNS does not answer",
  ECONNREFUSED: "the connection is refused",
  ECONNRESET: "the connection breaks off",
  EHOSTUNREACH: "there is no way to the host",
  ENETUNREACH: "there is no way to the network",
  ERR_SSL_WRONG_VERSION_NUMBER: "it speaks plain http there, not https",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it speaks plain http there, not https",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by nobody whom carriers trust",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate comes without the intermediate ones",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host name",
  UND_ERR_CONNECT_TIMEOUT: "no connection comes about within 3 s"
}

const silent = (code: string): Answer => ({
  _tag: "Silent",
  code,
  why: words[code] ?? (code === "" ? "the connection fails" : `the connection fails (${code})`)
})

const speaksPlain = /WRONG_VERSION_NUMBER|PACKET_LENGTH/

const asking = (http: HttpClient.HttpClient, base: string): Effect.Effect<Answer> =>
  http.get(`${base}/healthz`).pipe(
    Effect.flatMap((response) =>
      Effect.map(
        Effect.orElseSucceed(response.text, () => ""),
        (body): Answer => ({
          _tag: "Answered",
          status: response.status,
          location: response.headers["location"] ?? "",
          service: Option.getOrUndefined(readHealth(body))?.service
        })
      )
    ),
    Effect.catch((error) =>
      Effect.succeed(silent(codeOf(innermost(HttpClientError.isHttpClientError(error) ? error.reason : error))))
    ),
    Effect.timeoutOrElse({
      duration: patienceMs,
      orElse: () => Effect.succeed<Answer>({ _tag: "Silent", code: "", why: "no answer comes within 5 s" })
    })
  )

const proxyTrouble = (publicUrl: string, status: number) =>
  status >= 500
    ? failed(
        name,
        `At ${publicUrl} a proxy answers, with ${status}: it does not reach this service.`,
        "Let the proxy forward to HOST and PORT of this service, by http."
      )
    : failed(
        name,
        `At ${publicUrl} something answers /healthz with ${status}, and it is not this service.`,
        status === 401 || status === 403
          ? "Carriers cannot log in: let the proxy pass on everything below /api/v1/telephony, and /healthz, without it."
          : "Let the proxy forward all paths to this service, or set PUBLIC_URL to the address of this service."
      )

const judged = (publicUrl: string, answer: Answer, ours: ReadonlyArray<string>): Check => {
  if (answer._tag === "Silent") {
    return failed(
      name,
      `${publicUrl}/healthz cannot be reached from here: ${answer.why}.`,
      speaksPlain.test(answer.code)
        ? "PUBLIC_URL must be the address of the proxy that has the certificate, without the port of this service."
        : "Look at DNS, firewall and proxy. If your network cannot reach its own public address, try it from elsewhere."
    )
  }
  const { location, service, status } = answer
  if (service !== undefined && ours.includes(service)) {
    return ok(name, `This service answers at ${publicUrl}.`)
  }
  if (status >= 300 && status < 400) {
    const to = originOf(location)
    return failed(
      name,
      `${publicUrl} answers with a redirect${to === "" ? "" : ` to ${to}`}: carriers do not follow it, or sign the other address.`,
      `Set PUBLIC_URL to the address that answers${to === "" ? "" : `, which may be ${to}`}.`
    )
  }
  if (service !== undefined) {
    return failed(
      name,
      `At ${publicUrl} another Switchboard answers: it has another encryption key.`,
      "Set PUBLIC_URL to the address of this service, or give all of its nodes the same SWITCHBOARD_ENCRYPTION_KEY."
    )
  }
  return proxyTrouble(publicUrl, status)
}

/** Asks for `/healthz` at an address, and says whether the service with one of these identities answers there. */
export const probe = Effect.fnUntraced(function* (
  http: HttpClient.HttpClient,
  publicUrl: string,
  ours: ReadonlyArray<string>
) {
  const check = judged(publicUrl, yield* asking(http, publicUrl), ours)
  const origin = originOf(publicUrl)
  if (check.status === "ok" || origin === publicUrl) return check
  const atOrigin = judged(origin, yield* asking(http, origin), ours)
  return atOrigin.status !== "ok"
    ? check
    : failed(
        name,
        `This service answers at ${origin}, but not at ${publicUrl}: the proxy does not take the path of PUBLIC_URL away.`,
        `Set PUBLIC_URL to ${origin}, or let the proxy take ${publicUrl.slice(origin.length)} off before it forwards.`
      )
})

/** Whether this service answers at `PUBLIC_URL`, seen from here. */
export class PublicUrlProbe extends Context.Service<PublicUrlProbe, { readonly check: Effect.Effect<Check> }>()(
  "switchboard/PublicUrlProbe"
) {
  static readonly layer = Layer.effect(
    PublicUrlProbe,
    Effect.gen(function* () {
      const { publicUrl } = yield* Settings
      const http = yield* HttpClient.HttpClient
      const ours = serviceIdentities(yield* Secrets)
      return PublicUrlProbe.of({ check: probe(http, publicUrl, ours) })
    })
  ).pipe(Layer.provide(carrierHttpClient))
}
