import { createHmac } from "node:crypto"
import { Effect, Redacted, Schedule, Schema, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { AgentEnvironment } from "../agents/AgentEnvironment.ts"
import { AgentRegistry } from "../agents/AgentRegistry.ts"
import { type AgentCall, type AgentLeg, type AgentLost, AgentUnreachable } from "../agents/AgentSpec.ts"
import { CallSettings } from "../agents/callSettings/callSettings.ts"
import { Agents } from "../organizations/Agents.ts"
import { Secrets } from "../store/Secrets.ts"
import type { Call } from "./Call.ts"

/** The agent of one call. */
export interface CallAgent {
  /** How its calls are handled. */
  readonly settings: CallSettings
  /** It is part of this process. */
  readonly isLocal: boolean
  /** Connects it, in the scope. `attempt` is how often it was connected before. */
  readonly connect: (attempt: number) => Effect.Effect<AgentLeg, AgentUnreachable, Scope.Scope>
}

/** Whether the agent may be there again in a moment: it neither refused nor broke the protocol, and its address is allowed. */
export const mayComeBack = ({ reason }: AgentLost | AgentUnreachable): boolean =>
  reason !== "refused-call" && reason !== "refused-address" && reason !== "protocol-abuse"

/** The call's resume token: 128 bits that every node comes to by itself, so that an agent knows the call from wherever it comes. */
const resumeToken = (key: Redacted.Redacted<Uint8Array>, callId: string) =>
  Redacted.make(
    createHmac("sha256", Redacted.value(key)).update(callId, "utf8").digest().subarray(0, 16).toString("base64url"),
    { label: "resume token" }
  )

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
  const [key] = (yield* Secrets).deriveKey("resume-token")
  if (key === undefined) return yield* Effect.die("There is no key to make resume tokens with")

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
    const token = resumeToken(key, call.id)
    const connect = Effect.fn("MediaSession.connectAgent")((attempt: number) =>
      kind
        .connect(agentCall(call, token, attempt), agent.settings)
        .pipe(Effect.provideService(AgentEnvironment, environment))
    )
    const found: CallAgent = { settings, isLocal: kind.isLocal ?? false, connect }
    return found
  })
})
