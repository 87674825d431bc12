import { readFile } from "node:fs/promises"
import { Effect, Result } from "effect"
import { msOf } from "../../Audio.ts"
import { channelOf, readWav } from "../../audio/wav.ts"
import type { CallSnapshot, SimulatedCall, SpokenAudio } from "../../simulator/SimulatorModule.ts"

/** What the person on the phone says: some sentences. */
export const sentences = Effect.gen(function* () {
  const bytes = yield* Effect.promise(() => readFile(new URL("../../simulator/speech.wav", import.meta.url)))
  const wav = Result.getOrThrow(readWav(bytes))
  return { format: wav.format, bytes: channelOf(wav, 0) } satisfies SpokenAudio
})

export const isOver = ({ state }: Pick<CallSnapshot, "state">) =>
  !["queued", "initiated", "ringing", "in-progress"].includes(state)

/** How long the person waits for an answer after the last word. */
const listens = "4 seconds"

/**
 * The person talks, listens for a while, and hangs up; one whose call goes wrong hangs up after a time. The conditions are looked at
 * with every frame, beside the service's real calls: nothing in them may be work.
 */
export const talk = Effect.fnUntraced(function* (call: SimulatedCall, audio: SpokenAudio) {
  const spokenMs = msOf(audio.format, audio.bytes.length)
  const said = call.until((now) => isOver(now) || (!now.speaking && now.said.length > 0))
  const over = Effect.timeoutOption(call.until(isOver), listens)
  yield* Effect.andThen(said, over).pipe(Effect.timeoutOption(2 * spokenMs + 20_000))
  yield* call.hangUp
})
