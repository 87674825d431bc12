import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { AgentRegistry, agentRegistration } from "../../src/agents/AgentRegistry.ts"
import * as Echo from "../../src/agents/echo.ts"
import * as Kinds from "../../src/agents/kinds.ts"

describe("the registry of agent kinds", () => {
  it.effect("holds every kind of the list, in its order", () =>
    Effect.gen(function* () {
      const registry = yield* AgentRegistry
      const names = (yield* registry.all).map(({ name }) => name)
      assert.deepStrictEqual(names, ["echo", "websocket", "twilio-stream", "openai-realtime"])
      assert.strictEqual(yield* registry.get("echo"), Echo.spec)
      assert.strictEqual((yield* Effect.flip(registry.get("oracle"))).name, "oracle")
      for (const { name } of yield* registry.all) assert.match(name, /^[a-z0-9-]{1,64}$/)
    }).pipe(Effect.provide(Kinds.layer.pipe(Layer.provideMerge(AgentRegistry.layer))))
  )

  it.effect("takes the same kind twice and refuses another under its name", () =>
    Effect.gen(function* () {
      const registry = yield* AgentRegistry
      yield* registry.register(Echo.spec)
      yield* registry.register(Echo.spec)
      assert.lengthOf(yield* registry.all, 1)
      const error = yield* Effect.flip(registry.register({ ...Echo.spec }))
      assert.include(error.message, "echo")
    }).pipe(Effect.provide(AgentRegistry.layer))
  )

  it.effect("forgets a kind when its scope closes", () =>
    Effect.gen(function* () {
      const registry = yield* AgentRegistry
      const scope = yield* Scope.make()
      yield* Effect.provideService(registry.register(Echo.spec), Scope.Scope, scope)
      assert.lengthOf(yield* registry.all, 1)
      yield* Scope.close(scope, Exit.void)
      assert.lengthOf(yield* registry.all, 0)
    }).pipe(Effect.provide(AgentRegistry.layer))
  )

  it.effect("stops the start when two kinds claim one name", () =>
    Effect.gen(function* () {
      const clash = Layer.mergeAll(agentRegistration(Echo.spec), agentRegistration({ ...Echo.spec }))
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(clash)))
      assert.isTrue(Exit.isFailure(exit))
    }).pipe(Effect.provide(AgentRegistry.layer))
  )
})
