import { Context, Layer } from "effect"
import type { CarrierSimulator, FakeCarrier, SimulatorOptions } from "./SimulatorModule.ts"

/**
 * A fake carrier as a service, for tests that share one.
 *
 * ```ts
 * layer(SimulatedCarrier.layer(simulator), { excludeTestServices: true })("inbound", (it) => {
 *   it.effect("answers", () =>
 *     Effect.gen(function* () {
 *       const carrier = yield* SimulatedCarrier
 *       const call = yield* carrier.placeInbound({ from, to, audio, webhook })
 *     }))
 * })
 * ```
 */
export class SimulatedCarrier extends Context.Service<SimulatedCarrier, FakeCarrier>()("switchboard/SimulatedCarrier") {
  static readonly layer = (simulator: CarrierSimulator, options?: SimulatorOptions) =>
    Layer.effect(SimulatedCarrier, simulator.start(options))
}
