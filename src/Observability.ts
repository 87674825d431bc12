import { NodeHttpClient } from "@effect/platform-node"
import { Effect, Layer, Logger, type LogLevel, Option, References } from "effect"
import { Headers, UrlParams } from "effect/http"
import { Otlp } from "effect/observability"
import { Settings } from "./Settings.ts"

const levels: Readonly<Record<Settings["Service"]["logLevel"], LogLevel.LogLevel>> = {
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error"
}

const secretName = /token|key|secret|signature|password|ticket/i

/** Keeps header and query values that may be secrets out of spans. */
const redaction = Layer.mergeAll(
  Layer.effect(
    UrlParams.CurrentRedactedNames,
    Effect.map(UrlParams.CurrentRedactedNames, (names) => [...names, secretName])
  ),
  Layer.effect(
    Headers.CurrentRedactedNames,
    Effect.map(Headers.CurrentRedactedNames, (names) => [...names, secretName])
  )
)

/**
 * Logs as the settings ask, to standard output, and logs, metrics and traces by OTLP/HTTP when an endpoint is set.
 * Outermost layer: it flushes last.
 */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const settings = yield* Settings
    const console = settings.logFormat === "json" ? Logger.consoleJson : Logger.consolePretty()
    const logs = Layer.mergeAll(
      Logger.layer([console]),
      Layer.succeed(References.MinimumLogLevel, levels[settings.logLevel]),
      redaction
    )
    return Option.match(settings.otlpEndpoint, {
      onNone: () => logs,
      onSome: (baseUrl) =>
        Otlp.layerJson({
          baseUrl,
          resource: { serviceName: "switchboard" },
          loggerMergeWithExisting: true
        }).pipe(Layer.provide(NodeHttpClient.layerUndici), Layer.provideMerge(logs))
    })
  })
)
