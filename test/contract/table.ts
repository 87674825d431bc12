import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { CarrierToolkit } from "../../src/carrier/CarrierToolkit.ts"
import type { TelephonyProvider } from "../../src/carrier/TelephonyProvider.ts"
import * as providers from "../../src/providers/index.ts"
import type { ProviderSpec } from "../../src/ProviderSpec.ts"
import type { CarrierSimulator } from "../../src/simulator/SimulatorModule.ts"
import { Settings } from "../../src/Settings.ts"

/** What the contract proves for a provider, or, where it is absent, that it is refused. */
export const columns: ReadonlyArray<
  readonly [name: string, holds: (provider: TelephonyProvider, spec: ProviderSpec) => boolean]
> = [
  ["takes calls", () => true],
  ["places calls, every outcome", (_, spec) => spec.inboundOnly !== true],
  ["webhooks proved", (_, spec) => spec.listens !== true],
  ["events by a connection of ours", (_, spec) => spec.listens === true],
  ["barge-in, marks, digits heard", () => true],
  ["digits sent", ({ sendDigits }) => sendDigits !== undefined],
  ["transfer", ({ transfer }) => transfer !== undefined],
  ["announced transfer", ({ transfer }) => transfer?.announces === true],
  ["inbound webhook set", ({ configureInbound }, spec) => configureInbound !== undefined && spec.listens !== true]
]

const toolkit = CarrierToolkit.layer.pipe(Layer.provide(Layer.mergeAll(Settings.test({}), FetchHttpClient.layer)))

/** An account of a provider, made from its fake carrier's credentials. Nothing is sent. */
export const accountOf = (spec: ProviderSpec, simulator: CarrierSimulator) =>
  Effect.gen(function* () {
    const { credentials } = yield* simulator.start()
    const attached = { configurationId: "01900000-0000-7000-8000-000000000000", phoneNumbers: [] }
    return yield* spec.load(Redacted.make(credentials), attached)
  }).pipe(Effect.scoped, Effect.provide(toolkit))

/** An account of each provider. */
export const accounts = Effect.forEach(
  Object.values(providers).map(({ spec }): ProviderSpec => spec),
  Effect.fnUntraced(function* (spec) {
    const load = spec.simulator
    if (load === undefined) return yield* Effect.die(`${spec.name} has no simulator`)
    const { simulator } = yield* Effect.promise(load)
    return { spec, provider: yield* accountOf(spec, simulator) }
  })
)

const row = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`

/** The README's table of what works with which carrier, one carrier a row. */
export const featureTable = Effect.map(accounts, (each) =>
  [
    row(["carrier", ...columns.map(([name]) => name)]),
    row(["---", ...columns.map(() => "---")]),
    ...each.map(({ provider, spec }) =>
      row([spec.uiMetadata.displayName, ...columns.map(([, holds]) => (holds(provider, spec) ? "yes" : "–"))])
    )
  ].join("\n")
)
