import { Context, type Effect, Schema, type Scope } from "effect"
import type { AgentSpec } from "./AgentSpec.ts"

/** Two different agent specs claim one name. */
export class AgentKindAlreadyRegistered extends Schema.TaggedError<AgentKindAlreadyRegistered>()(
  "AgentKindAlreadyRegistered",
  { name: Schema.String }
) {}

/** No agent kind has this name. */
export class UnknownAgentKind extends Schema.TaggedError<UnknownAgentKind>()("UnknownAgentKind", {
  name: Schema.String
}) {}

/** The kinds of agents of this process, in the order of their registration. */
export class AgentRegistry extends Context.Service<
  AgentRegistry,
  {
    readonly register: (spec: AgentSpec) => Effect.Effect<void, AgentKindAlreadyRegistered, Scope.Scope>
    readonly get: (name: string) => Effect.Effect<AgentSpec, UnknownAgentKind>
    readonly all: Effect.Effect<ReadonlyArray<AgentSpec>>
  }
>()("switchboard/AgentRegistry") {}
