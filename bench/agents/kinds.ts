import { Effect, Schema } from "effect"
import type { AudioFormat } from "../../src/Audio.ts"
import type { MeasuredKind } from "./kind.ts"
import { openaiRealtime } from "./openaiRealtime.ts"
import { twilioStream } from "./twilioStream.ts"
import { websocket } from "./websocket.ts"

/** Every kind of agent that can be measured: one import and one entry each. */
export const kinds: ReadonlyArray<MeasuredKind> = [websocket, twilioStream, openaiRealtime]

/** No kind of agent can be measured as asked; the message says what can. */
class NotMeasurable extends Schema.TaggedError<NotMeasurable>()("NotMeasurable", {
  kind: Schema.String,
  format: Schema.String
}) {
  override get message() {
    const known = kinds.map(({ spec }) => spec.name).join(", ")
    return `There is no agent "${this.kind}" that this bench can measure with ${this.format}. There is: all, ${known}. Every one takes mulaw; "websocket" also --encoding pcm_s16le --rate 16000.`
  }
}

/** The kinds that a name means and that take this audio: one, or all of them. */
export const kindsNamed = Effect.fnUntraced(function* (name: string, format: AudioFormat) {
  const chosen = kinds.filter(({ spec, takes }) => (name === "all" || spec.name === name) && takes(format))
  if (chosen.length > 0) return chosen
  return yield* new NotMeasurable({ kind: name, format: `${format.encoding} at ${format.sampleRate} Hz` })
})

/** The kind that this process is told to be; its parent knows that there is one. */
export const kindNamed = Effect.fnUntraced(function* (name: string) {
  const found = kinds.find(({ spec }) => spec.name === name)
  return found ?? (yield* Effect.die(new Error(`no agent ${name} in this process`)))
})
