import { randomBytes } from "node:crypto"
import { Effect, Redacted, Schedule } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { AgentEnvironment } from "../agents/AgentEnvironment.ts"
import { AgentRegistry } from "../agents/AgentRegistry.ts"
import { type AgentCall, AgentUnreachable } from "../agents/AgentSpec.ts"
import { Agents } from "../organizations/Agents.ts"
import type { Call } from "./Call.ts"

/** What an agent is told about the call. */
const agentCall = (call: Call, resumeToken: Redacted.Redacted<string>): AgentCall => ({
  id: call.id,
  organizationId: call.organizationId,
  direction: call.direction,
  from: call.from,
  to: call.to,
  provider: call.mode,
  telephonyConfigurationId: call.telephonyConfigurationId,
  context: call.context,
  resumeToken,
  attempt: 0
})

const missing = (message: string) => new AgentUnreachable({ reason: "connect-failed", message })

const isPassing = (error: { readonly _tag: string }): error is SqlError => error._tag === "SqlError"

/** Connects a call to its agent, in the call's scope. Every way in which that can fail is an `AgentUnreachable`. */
export const agentConnector = Effect.gen(function* () {
  const agents = yield* Agents
  const kinds = yield* AgentRegistry
  const environment = yield* AgentEnvironment

  return Effect.fn("MediaSession.connectAgent")(function* (call: Call) {
    if (call.agentId === undefined) return yield* missing("The call has no agent any more: it was deleted.")
    const agent = yield* agents.load(call.organizationId, call.agentId).pipe(
      Effect.retry({ while: isPassing, schedule: Schedule.spaced("500 millis"), times: 5 }),
      Effect.mapError((error) =>
        missing(isPassing(error) ? "The agent could not be read from the database." : "The agent was deleted.")
      )
    )
    const kind = yield* Effect.mapError(kinds.get(agent.kind), ({ message }) => missing(message))
    const token = yield* Effect.sync(() =>
      Redacted.make(randomBytes(16).toString("base64url"), { label: "resume token" })
    )
    return yield* kind
      .connect(agentCall(call, token), agent.settings)
      .pipe(Effect.provideService(AgentEnvironment, environment))
  })
})
