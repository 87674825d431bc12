import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { simulator } from "../../src/providers/vonage/simulator.ts"
import type { SpokenAudio } from "../../src/simulator/SimulatorModule.ts"
import { App, endOf, ours, setUp, theirs } from "../support/app.ts"
import { temporaryFolder } from "../support/database.ts"
import { channelsOfWav, download, recordingsUntil } from "./support/api.ts"

const samples = Int16Array.from({ length: 8000 }, (_, i) => 1000 + ((i * 37) % 5000))
const speech: SpokenAudio = {
  format: { encoding: "pcm_s16le", sampleRate: 16_000 },
  bytes: new Uint8Array(samples.buffer)
}
const isSound = (sample: number) => sample !== 0

const app = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) => App.layer(simulator, "vonage", { SWITCHBOARD_RECORDINGS_DIR: folder }))
)

layer(app, { excludeTestServices: true })("a recorded call of a carrier that speaks 16 kHz", (it) => {
  it.effect("is recorded at that rate, both sides sample for sample", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* setUp(app, { kind: "echo", settings: { recording: { enabled: true } } })
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      yield* call.until((now) => now.heard.played.length >= speech.bytes.length && !now.speaking)
      yield* call.hangUp
      const { id } = yield* endOf(app, call.id)
      const [recording] = yield* recordingsUntil(app, id, ([one]) => one?.state === "ready")
      assert.strictEqual(recording?.sample_rate, 16_000)
      const { left, right } = channelsOfWav((yield* download(app, id, recording?.id ?? "")).bytes)
      assert.deepStrictEqual(left.filter(isSound), samples)
      assert.deepStrictEqual(right.filter(isSound).subarray(0, samples.length), samples)
    })
  )
})
