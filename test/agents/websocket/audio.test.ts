import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type AudioFormat, bytesForMs } from "../../../src/Audio.ts"
import { converter } from "../../../src/audio/converter.ts"
import { agentServer } from "../support/agentServer.ts"
import { startCall, until } from "../support/legs.ts"

const formats: ReadonlyArray<AudioFormat & { readonly encoding: "pcm_s16le" | "mulaw" | "alaw" }> = [
  { encoding: "pcm_s16le", sampleRate: 8000 },
  { encoding: "pcm_s16le", sampleRate: 16000 },
  { encoding: "pcm_s16le", sampleRate: 24000 },
  { encoding: "pcm_s16le", sampleRate: 48000 },
  { encoding: "mulaw", sampleRate: 8000 },
  { encoding: "alaw", sampleRate: 8000 }
]
/** What carriers speak: G.711 of both kinds, and wideband of either byte order. */
const carriers: ReadonlyArray<AudioFormat> = [
  { encoding: "mulaw", sampleRate: 8000 },
  { encoding: "alaw", sampleRate: 8000 },
  { encoding: "pcm_s16le", sampleRate: 16000 },
  { encoding: "pcm_s16be", sampleRate: 16000 }
]

const name = ({ encoding, sampleRate }: AudioFormat) => `${encoding} at ${sampleRate} Hz`
const isSame = (one: AudioFormat, other: AudioFormat) =>
  one.encoding === other.encoding && one.sampleRate === other.sampleRate

const hz = 440

/** A second of a 440 Hz tone, in frames of 20 ms. */
const tone = (format: AudioFormat) => {
  const samples = Float64Array.from(
    { length: format.sampleRate },
    (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / format.sampleRate)
  )
  const pcm = new Uint8Array(Int16Array.from(samples).buffer)
  const bytes = converter({ encoding: "pcm_s16le", sampleRate: format.sampleRate }, format).convert(pcm)
  const size = bytesForMs(format, 20)
  return Array.from({ length: 50 }, (_, n) => bytes.slice(n * size, (n + 1) * size))
}

/** How much of a signal is the tone, 0 to 1, measured after the filters have settled; and how long it is, ms. */
const measured = (format: AudioFormat, bytes: Uint8Array) => {
  const { convert } = converter(format, { encoding: "pcm_s16le", sampleRate: format.sampleRate })
  const view = new DataView(Uint8Array.from(convert(bytes)).buffer)
  const samples = Array.from({ length: view.byteLength / 2 }, (_, i) => view.getInt16(i * 2, true))
  const settled = samples.slice(format.sampleRate / 10)
  let [sine, cosine, power] = [0, 0, 0]
  settled.forEach((sample, i) => {
    const angle = (2 * Math.PI * hz * i) / format.sampleRate
    sine += sample * Math.sin(angle)
    cosine += sample * Math.cos(angle)
    power += sample * sample
  })
  return {
    purity: (2 * (sine * sine + cosine * cosine)) / (settled.length * power),
    ms: (samples.length * 1000) / format.sampleRate
  }
}

describe("the audio that an agent chooses", () => {
  for (const carrier of carriers) {
    for (const agent of formats) {
      it.live(`${name(agent)} is what it gets and gives, with a carrier that speaks ${name(carrier)}`, () =>
        Effect.gen(function* () {
          const server = yield* agentServer()
          const { media, visit } = yield* startCall(server, {
            accept: { type: "call.accept", audio: { encoding: agent.encoding, sample_rate: agent.sampleRate } },
            media: { format: carrier }
          })
          const spoken = tone(carrier)
          for (const chunk of spoken) media.emit({ _tag: "Audio", chunk })
          yield* until(() => visit.heard().length >= bytesForMs(agent, 990))
          const heard = measured(agent, visit.heard())
          assert.isAbove(heard.purity, 0.995)
          assert.isAtMost(heard.ms, 1000)

          const answer = tone(agent)
          for (const chunk of answer) yield* visit.speak(chunk)
          yield* until(() => media.byteCount() >= bytesForMs(carrier, 990))
          const played = measured(carrier, media.bytes())
          assert.isAbove(played.purity, 0.995)
          assert.isAtMost(played.ms, 1000)

          if (isSame(agent, carrier)) {
            assert.deepStrictEqual(visit.heard(), Buffer.concat(spoken))
            assert.deepStrictEqual(Buffer.from(media.bytes()), Buffer.concat(answer))
          }
        })
      )
    }
  }

  for (const { encoding, sampleRate } of formats.filter(({ encoding }) => encoding !== "alaw")) {
    it.live(`${encoding} at ${sampleRate} Hz is proposed where its settings say so`, () =>
      Effect.gen(function* () {
        const server = yield* agentServer()
        const { media, start, visit } = yield* startCall(server, { settings: { encoding, sample_rate: sampleRate } })
        assert.deepStrictEqual(start.audio, { encoding, sample_rate: sampleRate, frame_ms: 20 })
        for (const chunk of tone({ encoding: "mulaw", sampleRate: 8000 })) media.emit({ _tag: "Audio", chunk })
        yield* until(() => visit.heard().length >= bytesForMs({ encoding, sampleRate }, 990))
      })
    )
  }
})
