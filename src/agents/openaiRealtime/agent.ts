import { Effect, Redacted, Schema } from "effect"
import { AgentEnvironment } from "../AgentEnvironment.ts"
import { agentRegistration } from "../AgentRegistry.ts"
import { type AgentSpec, AgentUnreachable } from "../AgentSpec.ts"
import { open } from "../socket/connection.ts"
import { apiWords, refusals } from "./apiWords.ts"
import { fields } from "./fields.ts"
import { openSession } from "./handshake.ts"
import { makeLeg } from "./leg.ts"
import { type Limits, standardLimits } from "./limits.ts"
import { makeMemory, type Memory } from "./memory.ts"
import { sessionOf } from "./session.ts"
import { defaultUrl, RealtimeSettings } from "./settings.ts"

const decodeSettings = Schema.decodeUnknownEffect(RealtimeSettings)

const unusableSettings = () =>
  new AgentUnreachable({
    reason: "handshake-failed",
    message: "The agent's stored settings are not valid any more. Open the agent and save it again."
  })

/** The API's URL with the model: the key is no part of it. */
const sessionUrl = ({ model, url }: RealtimeSettings): string => {
  const target = new URL(url ?? defaultUrl)
  target.searchParams.set("model", model)
  return target.href
}

/** The agent that is a realtime model: a session of its own for every call. */
export const realtimeAgent = (limits: Limits, memory: Memory): AgentSpec =>
  Object.freeze({
    name: "openai-realtime",
    displayName: "OpenAI Realtime",
    description: "A model that listens and speaks by itself, over the OpenAI Realtime API or another server of it.",
    fields,
    settings: RealtimeSettings,
    connect: Effect.fn("RealtimeAgent.connect")(function* (call, stored) {
      const settings = yield* Effect.mapError(decodeSettings(Redacted.value(stored)), unusableSettings)
      const environment = yield* AgentEnvironment
      const target = yield* environment.guard(sessionUrl(settings))
      const words = apiWords(settings.api_key)
      const refused = refusals(target.url.host, words)
      const socket = yield* open(
        target,
        {
          protocol: "the Realtime API",
          subprotocols: [],
          headers:
            settings.api_key === undefined ? {} : { authorization: `Bearer ${Redacted.value(settings.api_key)}` },
          explain: refused.answer
        },
        limits
      )
      const session = yield* openSession(socket, sessionOf(settings), refused, limits)
      const webhook = { guard: environment.guardHttp, secret: settings.tools_secret, limits }
      return makeLeg(session, { call, settings, limits, memory, words, webhook })
    })
  })

export const spec = realtimeAgent(standardLimits, makeMemory())

export const layer = agentRegistration(spec)
