import { readFile } from "node:fs/promises"
import { Effect, Result } from "effect"
import { msOf } from "../../Audio.ts"
import { channelOf, readWav } from "../../audio/wav.ts"
import type { CallSnapshot, SimulatedCall, SpokenAudio } from "../../simulator/SimulatorModule.ts"
import { judgeEcho } from "../../simulator/verdict.ts"

/** What the person on the phone says: some sentences. */
export const sentences = Effect.gen(function* () {
  const bytes = yield* Effect.promise(() => readFile(new URL("../../simulator/speech.wav", import.meta.url)))
  const wav = Result.getOrThrow(readWav(bytes))
  return { format: wav.format, bytes: channelOf(wav, 0) } satisfies SpokenAudio
})

export const isOver = ({ state }: Pick<CallSnapshot, "state">) =>
  !["queued", "initiated", "ringing", "in-progress"].includes(state)

/** How long the person waits for an answer after the last word, ms. */
const listensMs = 4000

/** The person talks, listens for a while, and hangs up; one whose call goes wrong hangs up after a time. */
export const talk = Effect.fnUntraced(function* (call: SimulatedCall, audio: SpokenAudio) {
  const spokenMs = msOf(audio.format, audio.bytes.length)
  const said = call.until((now) => isOver(now) || (now.said.length > 0 && !now.speaking))
  const answered = call.until((now) => isOver(now) || judgeEcho(now).outcome === "exact")
  yield* Effect.andThen(said, Effect.timeoutOption(answered, listensMs)).pipe(
    Effect.timeoutOption(2 * spokenMs + 20_000)
  )
  yield* call.hangUp
})
