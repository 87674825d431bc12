import { Effect, Layer, Schema } from "effect"
import type { ProviderSpec } from "../src/ProviderSpec.ts"
import { layer as providers } from "../src/providers/all.ts"
import { Registry } from "../src/Registry.ts"
import type { CarrierStream } from "../src/simulator/SimulatorModule.ts"

/** A provider that cannot be measured; the message says which can. */
class NotMeasurable extends Schema.TaggedError<NotMeasurable>()("NotMeasurable", {
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no provider "${this.name}" whose simulator streams media by itself. There is: all, ${this.known.join(", ")}.`
  }
}

/** Both sides of a carrier's media: our transport, and what the carrier says. */
export interface MeasuredCarrier {
  readonly spec: ProviderSpec
  readonly mediaStream: () => CarrierStream
}

/** Every carrier whose media can be measured, in the order of the registry. */
export const carriers = Effect.gen(function* () {
  const specs = yield* (yield* Registry).all
  const found = yield* Effect.forEach(specs, (spec) =>
    Effect.map(
      Effect.promise(async () => spec.simulator?.()),
      (module): ReadonlyArray<MeasuredCarrier> =>
        module?.mediaStream === undefined ? [] : [{ spec, mediaStream: module.mediaStream }]
    )
  )
  return found.flat()
}).pipe(Effect.provide(Layer.provideMerge(providers, Registry.layer)))

/** The carriers that a name means: one, or all of them. */
export const carriersNamed = Effect.fnUntraced(function* (name: string) {
  const all = yield* carriers
  const chosen = name === "all" ? all : all.filter(({ spec }) => spec.name === name)
  const known = all.map(({ spec }) => spec.name)
  return chosen.length > 0 ? chosen : yield* new NotMeasurable({ name, known })
})

export const carrierNamed = Effect.fnUntraced(function* (name: string) {
  const found = (yield* carriers).find(({ spec }) => spec.name === name)
  return found ?? (yield* Effect.die(new Error(`no carrier ${name} in this process`)))
})
