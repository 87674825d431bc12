import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, type Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { AgentRegistry } from "../agents/AgentRegistry.ts"
import type { FormValues } from "../Form.ts"
import { Secrets } from "../store/Secrets.ts"
import { readAgents } from "./agentRow.ts"
import { rowKey } from "./rows.ts"
import { sensitivePaths } from "./savedForm.ts"

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
    /** An agent whose kind or secrets this process cannot read counts as not found; the log says why. */
    readonly load: (organizationId: string, id: string) => Effect.Effect<StoredAgent, AgentNotFound | SqlError>
  }
>()("switchboard/Agents") {
  static readonly layer = Layer.effect(
    Agents,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const kinds = yield* AgentRegistry
      const secrets = yield* Secrets

      const load = Effect.fn("Agents.load")(function* (organizationId: string, id: string) {
        const key = Option.getOrUndefined(rowKey(id))
        const [row] =
          key === undefined
            ? []
            : yield* readAgents(
                yield* sql`SELECT * FROM agents WHERE id = ${key} AND organization_id = ${organizationId}`
              )
        if (row === undefined) return yield* new AgentNotFound({ id })
        const open = Effect.gen(function* () {
          const spec = yield* kinds.get(row.kind)
          return yield* secrets.openFields({ organizationId, rowId: row.id }, row.settings, sensitivePaths(spec.fields))
        })
        const settings = yield* Effect.catch(open, ({ message }) =>
          Effect.andThen(
            Effect.logError(`Agent ${row.id} cannot be used: ${message}`),
            Effect.fail(new AgentNotFound({ id }))
          )
        )
        const agent: StoredAgent = { id: row.id, organizationId, name: row.name, kind: row.kind, settings }
        return agent
      })

      return Agents.of({ load })
    })
  )
}
