import { Effect, Redacted, Schema } from "effect"
import { AgentEnvironment } from "../AgentEnvironment.ts"
import { agentRegistration } from "../AgentRegistry.ts"
import { type AgentSpec, AgentUnreachable } from "../AgentSpec.ts"
import { open, type Opening, sendText } from "../socket/connection.ts"
import { hold } from "../socket/hold.ts"
import { makeLeg } from "./leg.ts"
import { type Limits, standardLimits } from "./limits.ts"
import { streamMessages } from "./messages.ts"
import { parametersOf } from "./parameters.ts"
import { fields, TwilioStreamSettings } from "./settings.ts"
import { sidsOf } from "./sids.ts"
import { signatureOf } from "./signature.ts"

const decodeSettings = Schema.decodeUnknownEffect(TwilioStreamSettings)

const unusableSettings = () =>
  new AgentUnreachable({
    reason: "handshake-failed",
    message: "The agent's stored settings are not valid any more. Open the agent and save it again."
  })

const opening = (secret: Redacted.Redacted<string> | undefined, url: URL): Opening => ({
  protocol: "WebSocket without a subprotocol",
  subprotocols: [],
  headers: secret === undefined ? {} : { "X-Twilio-Signature": signatureOf(secret, url) },
  paused: true
})

/** The agent that is a bot written for Twilio Media Streams, on whatever carrier's calls: `docs/agents/twilio-stream.md`. */
export const twilioStreamAgent = (limits: Limits): AgentSpec =>
  Object.freeze({
    name: "twilio-stream",
    displayName: "Twilio Media Streams bot",
    description: "A bot written for Twilio Media Streams, as it is, on the calls of any carrier.",
    fields,
    settings: TwilioStreamSettings,
    connect: Effect.fn("TwilioStreamAgent.connect")(function* (call, stored) {
      const settings = yield* Effect.mapError(decodeSettings(Redacted.value(stored)), unusableSettings)
      const environment = yield* AgentEnvironment
      const target = yield* environment.guard(settings.url)
      const socket = yield* open(target, opening(settings.secret, target.url), limits)
      const held = hold(socket)
      const sids = sidsOf(call)
      const messages = streamMessages(sids)
      sendText(socket, messages.connected())
      let isAnnounced = false
      const announce = () => {
        if (!isAnnounced) sendText(socket, messages.start(parametersOf(call, settings.parameters ?? [])))
        isAnnounced = true
      }
      // Bots expect the audio right behind `start`, and on calls that we place the phone may ring for a minute.
      if (call.direction === "inbound") announce()
      return makeLeg(
        { socket, held, streamSid: sids.streamSid, messages, announce, isAnnounced: () => isAnnounced },
        limits
      )
    })
  })

export const spec = twilioStreamAgent(standardLimits)

export const layer = agentRegistration(spec)
