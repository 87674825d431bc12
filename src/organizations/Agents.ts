import { Context, type Effect, type Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { FormValues } from "../Form.ts"

/** No such agent in this organization. */
export class AgentNotFound extends Schema.TaggedError<AgentNotFound>()("AgentNotFound", { id: Schema.String }) {}

/** An agent as the call path needs it: its kind and its settings in the clear. */
export interface StoredAgent {
  readonly id: string
  readonly organizationId: string
  readonly name: string
  readonly kind: string
  readonly settings: Redacted.Redacted<FormValues>
}

/** Look-ups of agents on the call path. */
export class Agents extends Context.Service<
  Agents,
  {
    readonly load: (organizationId: string, id: string) => Effect.Effect<StoredAgent, AgentNotFound | SqlError>
  }
>()("switchboard/Agents") {}
