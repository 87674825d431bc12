import { Context, Effect, Layer, Schema, type Scope } from "effect"
import type { AgentSpec } from "./AgentSpec.ts"

/** Two different agent specs claim one name: the second is refused. */
export class AgentKindAlreadyRegistered extends Schema.TaggedError<AgentKindAlreadyRegistered>()(
  "AgentKindAlreadyRegistered",
  { name: Schema.String }
) {
  override get message() {
    return `A different kind of agent is already registered as "${this.name}". Give one of them another name.`
  }
}

/** No agent kind has this name. */
export class UnknownAgentKind extends Schema.TaggedError<UnknownAgentKind>()("UnknownAgentKind", {
  name: Schema.String
}) {
  override get message() {
    return `No kind of agent is called "${this.name}".`
  }
}

/** The kinds of agents of this process, in the order of their registration. Nobody keeps another list. */
export class AgentRegistry extends Context.Service<
  AgentRegistry,
  {
    /** Adds a kind for as long as the scope is open. The same instance again changes nothing. */
    readonly register: (spec: AgentSpec) => Effect.Effect<void, AgentKindAlreadyRegistered, Scope.Scope>
    readonly get: (name: string) => Effect.Effect<AgentSpec, UnknownAgentKind>
    readonly all: Effect.Effect<ReadonlyArray<AgentSpec>>
  }
>()("switchboard/AgentRegistry") {
  static readonly layer = Layer.sync(AgentRegistry, () => {
    const specs = new Map<string, AgentSpec>()
    const register = Effect.fn("AgentRegistry.register")(function* (spec: AgentSpec) {
      const existing = specs.get(spec.name)
      if (existing === spec) return
      if (existing !== undefined) return yield* new AgentKindAlreadyRegistered({ name: spec.name })
      specs.set(spec.name, spec)
      yield* Effect.addFinalizer(() => Effect.sync(() => specs.delete(spec.name)))
    })
    const get = Effect.fnUntraced(function* (name: string) {
      const spec = specs.get(name)
      return spec ?? (yield* new UnknownAgentKind({ name }))
    })
    const all = Effect.sync(() => Array.from(specs.values()))
    return AgentRegistry.of({ register, get, all })
  })
}

/** The layer that registers a kind of agent while it is built. A name taken by another spec stops the start. */
export const agentRegistration = (spec: AgentSpec): Layer.Layer<never, never, AgentRegistry> =>
  Layer.effectDiscard(AgentRegistry.use((registry) => registry.register(spec))).pipe(Layer.orDie)
