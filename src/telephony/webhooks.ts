import { ByteSize, Clock, Duration, Effect } from "effect"
import {
  HttpIncomingMessage,
  HttpRouter,
  type HttpServerError,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import { urlParts } from "../carrier/publicUrl.ts"
import type { CarrierReply } from "../carrier/CarrierReply.ts"
import type { RawRequest } from "../carrier/RawRequest.ts"
import { Registry } from "../Registry.ts"
import { Settings } from "../Settings.ts"
import { AnswerRoute } from "./AnswerRoute.ts"
import { telephonyPath } from "../organizations/UrlTokens.ts"
import { Inbound } from "./Inbound.ts"
import { webhookAnswered } from "./metrics.ts"
import { providerRoutes, type WebhookFailure } from "./providerRoutes.ts"
import { WebhookRefused } from "./Verification.ts"

const bodyLimit = ByteSize.kibibytes(64)

/** Carriers wait 10 to 15 s before they give a webhook up: our own answer must come first. */
const patience = "9 seconds"

/** A refusal takes at least this long, so that its time does not tell an unknown account from a wrong signature. */
const refusalTime = Duration.millis(50)

const retryAfterSeconds = "5"

/** The request exactly as it came; the address is the public one, whatever proxies made of the host. */
const rawRequest = Effect.fnUntraced(function* (publicUrl: string, request: HttpServerRequest.HttpServerRequest) {
  const body = request.method === "GET" ? new ArrayBuffer(0) : yield* request.arrayBuffer
  const target = request.url.startsWith("/") ? request.url : (urlParts(request.url)?.rest ?? "/")
  const raw: RawRequest = {
    method: request.method,
    publicUrl: publicUrl + target,
    headers: request.headers,
    body: new Uint8Array(body)
  }
  return raw
})

const toResponse = ({ status, body, contentType }: CarrierReply) =>
  body === ""
    ? HttpServerResponse.empty({ status })
    : HttpServerResponse.text(body, { status, contentType: contentType ?? "text/plain; charset=utf-8" })

/** The provider in the metrics of routes whose URL does not name one. */
const any = () => "any"

type Outcome = readonly [outcome: string, response: HttpServerResponse.HttpServerResponse]

const unavailable: Outcome = [
  "unavailable",
  HttpServerResponse.empty({ status: 503, headers: { "retry-after": retryAfterSeconds } })
]

/** What the carrier gets, and the word for it in the metrics. */
const answered = (
  handled: Effect.Effect<CarrierReply, WebhookFailure | HttpServerError.HttpServerError>,
  startedAt: number
): Effect.Effect<Outcome> =>
  handled.pipe(
    Effect.map((reply): Outcome => ["answered", toResponse(reply)]),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.as(Effect.logError("A webhook was not answered in time"), unavailable)
    }),
    Effect.catchTags({
      WebhookRefused: () =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.delay(
            Effect.succeed<Outcome>(["refused", HttpServerResponse.empty({ status: 403 })]),
            Duration.subtract(refusalTime, Duration.millis(Math.max(0, now - startedAt)))
          )
        ),
      MalformedWebhook: ({ message, provider }) =>
        Effect.logWarning(`A verified webhook could not be read: ${message}`).pipe(
          Effect.annotateLogs({ provider }),
          Effect.as<Outcome>(["malformed", HttpServerResponse.empty({ status: 400 })])
        ),
      ReportsUnavailable: () => Effect.succeed(unavailable),
      SqlError: (error) => Effect.as(Effect.logError(`A webhook met no database: ${error.message}`), unavailable),
      HttpServerError: ({ reason }) =>
        Effect.succeed<Outcome>([
          "unreadable",
          HttpServerResponse.empty({ status: "reason" in reason && reason.reason === "BodyTooLarge" ? 413 : 400 })
        ])
    })
  )

/**
 * All routes that carriers call: inbound calls, the answers of outbound ones, and each provider's own. The names of
 * providers in the metrics come from the registry, never from a request.
 */
export const webhooks = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const { publicUrl } = yield* Settings
    const registry = yield* Registry
    const inbound = yield* Inbound
    const answers = yield* AnswerRoute
    const mounted = yield* providerRoutes

    const route = (
      method: "GET" | "POST",
      path: `/${string}`,
      provider: (named: string) => string,
      handle: (
        raw: RawRequest,
        params: Readonly<Record<string, string | undefined>>
      ) => Effect.Effect<CarrierReply, WebhookFailure>
    ) =>
      router.add(
        method,
        `${telephonyPath}${path}`,
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const params = yield* HttpRouter.params
          const startedAt = yield* Clock.currentTimeMillis
          const handled = Effect.flatMap(rawRequest(publicUrl, request), (raw) => handle(raw, params))
          const [outcome, response] = yield* answered(handled, startedAt)
          const took = Duration.millis((yield* Clock.currentTimeMillis) - startedAt)
          yield* webhookAnswered(provider(params["provider"] ?? ""), outcome, took)
          return response
        }).pipe(Effect.provideService(HttpIncomingMessage.MaxBodySize, bodyLimit))
      )

    const names = new Set((yield* registry.all).map((spec) => spec.name))
    const known = (name: string) => (names.has(name) ? name : "unknown")

    for (const method of ["GET", "POST"] as const) {
      yield* route(method, "/inbound/run", any, (raw) => inbound.handle(raw))
      yield* route(method, "/inbound/:provider", known, (raw, params) =>
        registry.get(params["provider"] ?? "").pipe(
          Effect.mapError(() => new WebhookRefused()),
          Effect.flatMap((spec) => inbound.handle(raw, spec))
        )
      )
      yield* route(method, "/inbound/:provider/:token", known, (raw, params) =>
        registry.get(params["provider"] ?? "").pipe(
          Effect.mapError(() => new WebhookRefused()),
          Effect.flatMap((spec) => inbound.handle(raw, spec, params["token"]))
        )
      )
      yield* route(method, "/twiml", any, (raw) => answers.byProviderCall(raw))
      yield* route(method, "/answer/:token", any, (raw, params) => answers.byToken(params["token"] ?? "", raw))
    }
    for (const each of mounted)
      yield* route(
        each.method,
        each.path,
        () => each.provider,
        (raw, params) => each.handle(raw, params["token"])
      )
  })
)
