import { randomBytes } from "node:crypto"
import { Effect, Redacted, Schedule, Schema, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { AgentEnvironment } from "../agents/AgentEnvironment.ts"
import { AgentRegistry } from "../agents/AgentRegistry.ts"
import { type AgentCall, type AgentLeg, AgentUnreachable } from "../agents/AgentSpec.ts"
import { CallSettings } from "../agents/callSettings/callSettings.ts"
import { Agents } from "../organizations/Agents.ts"
import type { Call } from "./Call.ts"

/** The agent of one call. */
export interface CallAgent {
  /** How its calls are handled. */
  readonly settings: CallSettings
  /** Connects it, in the scope. `attempt` is how often it was connected before. */
  readonly connect: (attempt: number) => Effect.Effect<AgentLeg, AgentUnreachable, Scope.Scope>
}

/** What an agent is told about the call. */
const agentCall = (call: Call, resumeToken: Redacted.Redacted<string>, attempt: number): AgentCall => ({
  id: call.id,
  organizationId: call.organizationId,
  direction: call.direction,
  from: call.from,
  to: call.to,
  provider: call.mode,
  telephonyConfigurationId: call.telephonyConfigurationId,
  context: call.context,
  resumeToken,
  attempt
})

const missing = (message: string) => new AgentUnreachable({ reason: "connect-failed", message })

const isPassing = (error: { readonly _tag: string }): error is SqlError => error._tag === "SqlError"

const readSettings = Schema.decodeUnknownEffect(CallSettings)

/** Settings of a former version, which do not fit any more, do not keep a call from its agent. */
const callSettings = (stored: Redacted.Redacted<unknown>) =>
  Effect.catch(readSettings(Redacted.value(stored)), () =>
    Effect.as(Effect.logWarning("The agent's call settings cannot be read: open the agent and save it again."), {})
  )

/** Finds the agent of a call. Every way in which that can fail is an `AgentUnreachable`. */
export const agentFinder = Effect.gen(function* () {
  const agents = yield* Agents
  const kinds = yield* AgentRegistry
  const environment = yield* AgentEnvironment

  return Effect.fn("MediaSession.findAgent")(function* (call: Call) {
    if (call.agentId === undefined) return yield* missing("The call has no agent any more: it was deleted.")
    const agent = yield* agents.load(call.organizationId, call.agentId).pipe(
      Effect.retry({ while: isPassing, schedule: Schedule.spaced("500 millis"), times: 5 }),
      Effect.mapError((error) =>
        missing(isPassing(error) ? "The agent could not be read from the database." : "The agent was deleted.")
      )
    )
    const kind = yield* Effect.mapError(kinds.get(agent.kind), ({ message }) => missing(message))
    const settings = yield* callSettings(agent.settings)
    const token = yield* Effect.sync(() =>
      Redacted.make(randomBytes(16).toString("base64url"), { label: "resume token" })
    )
    const connect = Effect.fn("MediaSession.connectAgent")((attempt: number) =>
      kind
        .connect(agentCall(call, token, attempt), agent.settings)
        .pipe(Effect.provideService(AgentEnvironment, environment))
    )
    const found: CallAgent = { settings, connect }
    return found
  })
})
