import { Effect, Schema } from "effect"
import { converter } from "../audio/converter.ts"
import { agentRegistration } from "./AgentRegistry.ts"
import type { AgentEnd, AgentLeg, AgentSpec } from "./AgentSpec.ts"
import { recording } from "./recording.ts"

const mediaEnded: AgentEnd = { _tag: "MediaEnded" }

/**
 * Plays back what it hears, in the callback that brings it. Where the carrier sends and takes one format the bytes go
 * back as they came; else they pass a converter. Digits go to the call's log.
 */
const leg: AgentLeg = {
  run: Effect.fnUntraced(function* (transport, line) {
    const through = converter(transport.info.incomingFormat, transport.info.outgoingFormat)
    const record = yield* recording(line)
    yield* transport.receive((event) => {
      if (event._tag === "Audio") transport.playUnsafe(through.convert(event.chunk))
      else if (event._tag === "Digit") record("digit", { digit: event.digit })
    })
    return mediaEnded
  }, Effect.scoped),
  ended: () => Effect.void
}

/** The agent for trying things out: the caller hears themself. It has no settings. */
export const spec: AgentSpec = Object.freeze({
  name: "echo",
  displayName: "Echo",
  description: "Plays back what the caller says. For trying out numbers, audio and delay.",
  fields: [],
  settings: Schema.Struct({}),
  connect: () => Effect.succeed(leg)
})

export const layer = agentRegistration(spec)
