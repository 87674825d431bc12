import { Context, Effect, Layer, Schema, type Scope } from "effect"
import type { ProviderSpec } from "./ProviderSpec.ts"

/** Two different specs claim one name: the second is refused. */
export class ProviderAlreadyRegistered extends Schema.TaggedError<ProviderAlreadyRegistered>()(
  "ProviderAlreadyRegistered",
  { name: Schema.String }
) {
  override get message() {
    return `A different provider is already registered as "${this.name}". Give one of them another name.`
  }
}

/** No provider has this name. */
export class UnknownProvider extends Schema.TaggedError<UnknownProvider>()("UnknownProvider", {
  name: Schema.String
}) {
  override get message() {
    return `No provider is called "${this.name}".`
  }
}

/** The providers of this process, in the order of their registration. Nobody keeps another list. */
export class Registry extends Context.Service<
  Registry,
  {
    /** Adds a spec for as long as the scope is open. The same instance again changes nothing. */
    readonly register: (spec: ProviderSpec) => Effect.Effect<void, ProviderAlreadyRegistered, Scope.Scope>
    readonly get: (name: string) => Effect.Effect<ProviderSpec, UnknownProvider>
    /** `get` for code that cannot wait; undefined where no provider has the name. */
    readonly find: (name: string) => ProviderSpec | undefined
    readonly all: Effect.Effect<ReadonlyArray<ProviderSpec>>
  }
>()("switchboard/Registry") {
  static readonly layer = Layer.sync(Registry, () => {
    const specs = new Map<string, ProviderSpec>()
    const register = Effect.fn("Registry.register")(function* (spec: ProviderSpec) {
      const existing = specs.get(spec.name)
      if (existing === spec) return
      if (existing !== undefined) return yield* new ProviderAlreadyRegistered({ name: spec.name })
      specs.set(spec.name, spec)
      yield* Effect.addFinalizer(() => Effect.sync(() => specs.delete(spec.name)))
    })
    const get = Effect.fnUntraced(function* (name: string) {
      const spec = specs.get(name)
      return spec ?? (yield* new UnknownProvider({ name }))
    })
    const all = Effect.sync(() => Array.from(specs.values()))
    return Registry.of({ register, get, find: (name) => specs.get(name), all })
  })
}

/** The layer that registers a provider while it is built. A name taken by another spec stops the start. */
export const registration = (spec: ProviderSpec): Layer.Layer<never, never, Registry> =>
  Layer.effectDiscard(Registry.use((registry) => registry.register(spec))).pipe(Layer.orDie)
