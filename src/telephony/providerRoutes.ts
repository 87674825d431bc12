import { Effect, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { CarrierReply } from "../carrier/CarrierReply.ts"
import type { RawRequest } from "../carrier/RawRequest.ts"
import { CallReports, type ProviderRoute, type ReportsUnavailable } from "../carrier/ProviderRoute.ts"
import type { ProviderSpec } from "../ProviderSpec.ts"
import type { MalformedWebhook } from "../carrier/TelephonyProvider.ts"
import { Registry } from "../Registry.ts"
import { UrlTokens } from "../organizations/UrlTokens.ts"
import { Settings } from "../Settings.ts"
import { transferPlan } from "./transferPlan.ts"
import { Verification, WebhookRefused } from "./Verification.ts"

/** A provider's routes cannot be served, so the service does not start. */
export class ProviderRoutesUnusable extends Schema.TaggedError<ProviderRoutesUnusable>()("ProviderRoutesUnusable", {
  provider: Schema.String,
  reason: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `The routes of the provider "${this.provider}" cannot be served: ${this.reason}. Repair or remove the provider.`
  }
}

/** What may come of a carrier's request, whatever route it takes. */
export type WebhookFailure = WebhookRefused | MalformedWebhook | ReportsUnavailable | SqlError

/** A provider's route, ready to be mounted below the root of all carriers' routes. */
export interface MountedRoute {
  readonly provider: string
  readonly method: ProviderRoute["method"]
  /** With a `:token` at the end where the route belongs to one call. */
  readonly path: `/${string}`
  readonly handle: (raw: RawRequest, token: string | undefined) => Effect.Effect<CarrierReply, WebhookFailure>
}

/** First parts of paths that are not a provider's. */
const taken = ["inbound", "answer", "twiml", "ws", "calls", "initiate-call"]

const load = Effect.fnUntraced(function* (spec: ProviderSpec) {
  if (taken.includes(spec.name))
    return yield* new ProviderRoutesUnusable({
      provider: spec.name,
      reason: "its name is taken by the service's own URLs"
    })
  const { routes } = spec
  if (routes === undefined) return []
  const module = yield* Effect.tryPromise({
    try: () => routes(),
    catch: (cause) =>
      new ProviderRoutesUnusable({
        provider: spec.name,
        reason: `its routes module failed to load (${cause instanceof Error ? cause.message : String(cause)})`,
        cause
      })
  })
  const wrong = module.routes.find((route) => !/^(?:\/[a-z0-9-]+)+$/.test(route.path))
  if (wrong !== undefined)
    return yield* new ProviderRoutesUnusable({ provider: spec.name, reason: `"${wrong.path}" is no path of a route` })
  return module.routes.map((route) => ({ spec, route }))
})

/**
 * Loads every provider's routes and joins each with its verification: `handle` of a route runs only after the sender was
 * proved with the configuration's own secret.
 */
export const providerRoutes = Effect.gen(function* () {
  const registry = yield* Registry
  const verification = yield* Verification
  const reports = yield* CallReports
  const tokens = yield* UrlTokens
  const { maxCallSeconds } = yield* Settings
  const loaded = yield* Effect.forEach(yield* registry.all, load)

  const ofCall = Effect.fnUntraced(function* (
    spec: ProviderSpec,
    route: ProviderRoute & { readonly scope: "call" },
    raw: RawRequest,
    token: string
  ) {
    const { configuration, request, call } = yield* verification.ofCall(token, raw, spec.name)
    const context = { provider: configuration.provider, configurationId: configuration.id, callId: call.id }
    return yield* route.handle(request, context)
  })

  const ofAccount = Effect.fnUntraced(function* (
    spec: ProviderSpec,
    route: ProviderRoute & { readonly scope: "account" },
    raw: RawRequest,
    token: string | undefined
  ) {
    const proofs =
      token === undefined
        ? yield* verification.ofAccount(spec, raw)
        : [yield* verification.ofConfiguration(spec, token, raw)]
    const [reply] = yield* Effect.forEach(proofs, ({ configuration, request }) =>
      route.handle(request, { provider: configuration.provider, configurationId: configuration.id })
    )
    return reply ?? (yield* new WebhookRefused())
  })

  const ofTransfer = Effect.fnUntraced(function* (
    spec: ProviderSpec,
    route: ProviderRoute & { readonly scope: "transfer" },
    raw: RawRequest,
    token: string
  ) {
    const { configuration, request, call, transfer } = yield* verification.ofTransfer(token, raw, spec.name)
    const plan = transferPlan(call, transfer, tokens, maxCallSeconds)
    return yield* route.handle(request, { provider: configuration.provider, configurationId: configuration.id, plan })
  })

  const handle = (spec: ProviderSpec, route: ProviderRoute, raw: RawRequest, token: string | undefined) => {
    switch (route.scope) {
      case "call":
        return ofCall(spec, route, raw, token ?? "")
      case "account":
        return ofAccount(spec, route, raw, token)
      case "transfer":
        return ofTransfer(spec, route, raw, token ?? "")
    }
  }

  return loaded.flat().flatMap(({ spec, route }) =>
    endings(route).map((ending): MountedRoute => ({
      provider: spec.name,
      method: route.method,
      path: `/${spec.name}${route.path}${ending}`,
      handle: (raw, token) => Effect.provideService(handle(spec, route, raw, token), CallReports, reports)
    }))
  )
})

/** An account's route is there with and without the configuration's own token; the others always name their subject. */
const endings = ({ scope }: ProviderRoute) => (scope === "account" ? ["", "/:token"] : ["/:token"])
