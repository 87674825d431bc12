import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Effect, Exit, Layer, Option, Redacted, Runtime } from "effect"
import { AgentEnvironment } from "./agents/AgentEnvironment.ts"
import { AgentRegistry } from "./agents/AgentRegistry.ts"
import * as agentKinds from "./agents/kinds.ts"
import { carrierHttpClient } from "./carrier/carrierHttpClient.ts"
import { CarrierToolkit } from "./carrier/CarrierToolkit.ts"
import * as Http from "./Http.ts"
import * as Observability from "./Observability.ts"
import { ApiKeys } from "./organizations/ApiKeys.ts"
import * as Organizations from "./organizations/layer.ts"
import * as providers from "./providers/all.ts"
import { Registry } from "./Registry.ts"
import { Settings } from "./Settings.ts"
import { startFailure } from "./startFailure.ts"
import * as Database from "./store/Database.ts"
import { Secrets } from "./store/Secrets.ts"
import * as Telephony from "./telephony/layer.ts"
import { Drain } from "./telephony/Drain.ts"
import { MediaSessions } from "./telephony/MediaSessions.ts"
import { Pacer } from "./transport/pacer.ts"

const registries = Layer.mergeAll(
  providers.layer.pipe(Layer.provideMerge(Registry.layer)),
  agentKinds.layer.pipe(Layer.provideMerge(AgentRegistry.layer))
)

const ground = Layer.mergeAll(
  registries,
  Secrets.layer,
  CarrierToolkit.layer.pipe(Layer.provide(carrierHttpClient)),
  AgentEnvironment.layer,
  Pacer.layer
)

/** Says where the service is, and shows a key that was made for the first start: once, and not through the log. */
const announce = Layer.effectDiscard(
  Effect.gen(function* () {
    const { host, port, publicUrl } = yield* Settings
    const apiKeys = yield* ApiKeys
    const first = yield* apiKeys.bootstrap
    const address = `http://${host.includes(":") ? `[${host}]` : host}:${port}`
    const key = Option.filter(first, ({ isGenerated }) => isGenerated)
    const lines = [
      `Switchboard listens on ${address}`,
      ...(publicUrl === address ? [] : [`Carriers reach it at   ${publicUrl}`]),
      `Console:               ${address}/`,
      `API reference:         ${address}/docs`,
      ...Option.match(key, { onNone: () => [], onSome: ({ key }) => [`API key (shown once):  ${Redacted.value(key)}`] })
    ]
    yield* Console.log(lines.join("\n"))
  })
)

/** On the way out: new calls are refused while the server still answers, live ones go on up to the deadline. */
const drain = Layer.effectDiscard(
  Effect.gen(function* () {
    const { drainSeconds } = yield* Settings
    const sessions = yield* MediaSessions
    const draining = yield* Drain
    yield* Effect.addFinalizer(() => Effect.andThen(draining.begin, sessions.drain(drainSeconds * 1000)))
  })
)

/** The whole service, on any settings and database. */
export const service = drain.pipe(
  Layer.provide(announce),
  Layer.provide(Http.layer),
  Layer.provideMerge(Telephony.layer),
  Layer.provideMerge(Organizations.layer),
  Layer.provideMerge(ground)
)

const main = service.pipe(
  Layer.provide(Database.layer),
  Layer.provide(Observability.layer),
  Layer.provide(Settings.layer)
)

const teardown: Runtime.Teardown = (exit, onExit) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? onExit(0) : Runtime.defaultTeardown(exit, onExit)

const launched = Layer.launch(main).pipe(
  Effect.tapCause((cause) => (Cause.hasInterruptsOnly(cause) ? Effect.void : Console.error(startFailure(cause))))
)

if (import.meta.main) NodeRuntime.runMain(launched, { teardown, disableErrorReporting: true })
