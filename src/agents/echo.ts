import { Effect, FiberSet, Schema } from "effect"
import { converter } from "../audio/converter.ts"
import type { Transport } from "../Transport.ts"
import { agentRegistration } from "./AgentRegistry.ts"
import type { AgentEnd, AgentLeg, AgentSpec } from "./AgentSpec.ts"
import { callSettingFields, callSettings } from "./callSettings/callSettings.ts"
import { recording } from "./recording.ts"

const mediaEnded: AgentEnd = { _tag: "MediaEnded" }

/** ms that an echo may stay behind: more than the early audio that a transport keeps, and what it sends ahead. */
const latestMs = 1200
/** Chunks from one look at the delay to the next: a second of them, as carriers usually cut. */
const lookEvery = 50
/** So many looks in a row must find the echo late: a burst passes, a standing delay does not. */
const looks = 2

/**
 * Brings the echo back to the caller's present. When the caller's audio stops for a while and then comes all at once, its
 * echo is late by as much from then on, because nothing is ever played faster. Then what waits is thrown away. Gives what
 * is to be called from time to time.
 */
const keepingUp = Effect.fnUntraced(function* (transport: Transport, forget: () => void) {
  const start = yield* FiberSet.makeRuntime<never, void, never>()
  let late = 0
  const look = Effect.flatMap(transport.playout, ({ heardMs, queuedMs }) => {
    late = queuedMs - heardMs > latestMs ? late + 1 : 0
    if (late < looks) return Effect.void
    late = 0
    return Effect.andThen(transport.clear, Effect.sync(forget))
  })
  return () => void start(look)
})

/**
 * Plays back what it hears, in the callback that brings it. Where the carrier sends and takes one format the bytes go
 * back as they came; else they pass a converter. An echo that stays more than about a second behind skips to the present.
 * Digits go to the call's log.
 */
const leg: AgentLeg = {
  run: Effect.fnUntraced(function* (transport, line) {
    const through = converter(transport.info.incomingFormat, transport.info.outgoingFormat)
    const record = yield* recording(line)
    const keepUp = yield* keepingUp(transport, through.reset)
    let chunks = 0
    yield* transport.receive((event) => {
      if (event._tag === "Audio") {
        transport.playUnsafe(through.convert(event.chunk))
        if (++chunks % lookEvery === 0) keepUp()
      } else if (event._tag === "Digit") record("digit", { digit: event.digit })
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
  fields: callSettingFields,
  settings: Schema.Struct(callSettings),
  isLocal: true,
  connect: () => Effect.succeed(leg)
})

export const layer = agentRegistration(spec)
