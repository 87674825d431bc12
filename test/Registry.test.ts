import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { registration, Registry } from "../src/Registry.ts"
import { tinySpec } from "./support/tinySpec.ts"

const names = Registry.use((registry) => Effect.map(registry.all, (specs) => specs.map((spec) => spec.name)))

describe("Registry", () => {
  it.effect("keeps the order of registration", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      for (const name of ["zeta", "alpha", "mid"]) yield* registry.register(tinySpec(name))
      assert.deepStrictEqual(yield* names, ["zeta", "alpha", "mid"])
    }).pipe(Effect.scoped, Effect.provide(Registry.layer))
  )

  it.effect("takes the same instance again as nothing new", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const acme = tinySpec("acme")
      yield* registry.register(acme)
      yield* registry.register(acme)
      assert.deepStrictEqual(yield* names, ["acme"])
    }).pipe(Effect.scoped, Effect.provide(Registry.layer))
  )

  it.effect("refuses another instance under a taken name and keeps the first", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const first = tinySpec("acme")
      yield* registry.register(first)
      const refusal = yield* Effect.flip(registry.register(tinySpec("acme")))
      assert.strictEqual(refusal._tag, "ProviderAlreadyRegistered")
      assert.include(refusal.message, "acme")
      assert.strictEqual(yield* registry.get("acme"), first)
    }).pipe(Effect.scoped, Effect.provide(Registry.layer))
  )

  it.effect("forgets a provider when the scope of its registration closes", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const scope = yield* Scope.make()
      yield* Scope.provide(registry.register(tinySpec("acme")), scope)
      assert.deepStrictEqual(yield* names, ["acme"])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* names, [])
      assert.strictEqual((yield* Effect.flip(registry.get("acme")))._tag, "UnknownProvider")
    }).pipe(Effect.provide(Registry.layer))
  )

  it.effect("keeps a provider while an earlier registration of the same instance is open", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const acme = tinySpec("acme")
      yield* registry.register(acme)
      yield* Effect.scoped(registry.register(acme))
      assert.deepStrictEqual(yield* names, ["acme"])
    }).pipe(Effect.scoped, Effect.provide(Registry.layer))
  )

  it.effect("stops the start when two layers claim one name", () =>
    Effect.gen(function* () {
      const layers = Layer.mergeAll(registration(tinySpec("acme")), registration(tinySpec("acme"))).pipe(
        Layer.provide(Registry.layer)
      )
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(layers)))
      assert.isTrue(Exit.hasDies(exit))
    })
  )
})
