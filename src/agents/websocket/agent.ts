import { Effect, Redacted, Schema } from "effect"
import { AgentEnvironment } from "../AgentEnvironment.ts"
import { agentRegistration } from "../AgentRegistry.ts"
import { type AgentSpec, AgentUnreachable } from "../AgentSpec.ts"
import { open } from "../socket/connection.ts"
import { callStart, opening } from "./beginning.ts"
import { shakeHands } from "./handshake.ts"
import { makeLeg } from "./leg.ts"
import { type Limits, standardLimits } from "./limits.ts"
import { fields, preferredAudio, WebSocketSettings } from "./settings.ts"

const decodeSettings = Schema.decodeUnknownEffect(WebSocketSettings)

const unusableSettings = () =>
  new AgentUnreachable({
    reason: "handshake-failed",
    message: "The agent's stored settings are not valid any more. Open the agent and save it again."
  })

/** The agent that is a WebSocket server of yours; its protocol is `docs/agent-protocol.md`. */
export const webSocketAgent = (limits: Limits): AgentSpec =>
  Object.freeze({
    name: "websocket",
    displayName: "WebSocket server",
    description: "Your own server, over Switchboard's agent protocol: JSON messages and binary audio.",
    fields,
    settings: WebSocketSettings,
    connect: Effect.fn("WebSocketAgent.connect")(function* (call, stored) {
      const settings = yield* Effect.mapError(decodeSettings(Redacted.value(stored)), unusableSettings)
      const environment = yield* AgentEnvironment
      const target = yield* environment.guard(settings.url)
      const socket = yield* open(target, opening(settings.secret), limits)
      const accepted = yield* shakeHands(socket, callStart(call, preferredAudio(settings)), limits)
      return makeLeg(accepted, limits)
    })
  })

export const spec = webSocketAgent(standardLimits)

export const layer = agentRegistration(spec)
