import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { HttpMiddleware, HttpRouter } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { apiRoutes } from "./api/ApiRoutes.ts"
import * as processMetrics from "./http/processMetrics.ts"
import * as health from "./http/health.ts"
import * as consoleFiles from "./http/consoleFiles.ts"
import * as listenUpgrades from "./http/listenUpgrades.ts"
import * as mediaUpgrades from "./http/mediaUpgrades.ts"
import { Settings } from "./Settings.ts"
import { webhooks } from "./telephony/webhooks.ts"

const serviceRoutes = Layer.mergeAll(
  apiRoutes,
  webhooks,
  health.layer,
  PrometheusMetrics.layerHttp({ path: "/metrics" })
)

const operations = new Set(["/healthz", "/readyz", "/metrics"])
const tenantRoutes = /^\/api\/v1\/telephony\/(calls|initiate-call|overview)\b/

/**
 * Requests without a span: what is asked so often that spans would drown the others, and the carriers' routes, whose
 * paths hold call tokens.
 */
const isUntraced = ({ url }: { readonly url: string }) =>
  operations.has(url) || (url.startsWith("/api/v1/telephony/") && !tenantRoutes.test(url))

/**
 * The HTTP server: the console, the API and its reference, the carriers' webhooks, media sockets, health and metrics. It listens once
 * everything that it serves is built, and stops listening when its scope closes.
 */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const { host, port } = yield* Settings
    const routes = Layer.mergeAll(serviceRoutes, yield* consoleFiles.routes(consoleFiles.builtConsole))
    // A webhook must be read within the carrier's patience; an idle keep-alive connection may wait longer than a proxy's.
    const server = createServer({ requestTimeout: 30_000, headersTimeout: 15_000, keepAliveTimeout: 65_000 })
    const http = NodeHttpServer.layer(() => server, { host, port, gracefulShutdownTimeout: "5 seconds" })
    return listenUpgrades
      .layer(server)
      .pipe(
        Layer.provideMerge(mediaUpgrades.layer(server)),
        Layer.provideMerge(HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true })),
        Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen, isUntraced)),
        Layer.provide(http),
        Layer.merge(processMetrics.layer)
      )
  })
)
