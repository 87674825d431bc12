import { readdirSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mulawToSample } from "../../src/audio/g711.ts"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { callsUntil, eventsOf, ours, setUp, theirs } from "../support/app.ts"
import { temporaryFolder } from "../support/database.ts"
import { freePort, startService } from "../support/service.ts"
import { channelsOfWav, download, recordingsUntil } from "./support/api.ts"

const provider = "twilio"

/** Thirty seconds of mu-law that is nowhere silent. */
const longSpeech = {
  format: { encoding: "mulaw", sampleRate: 8000 },
  bytes: Uint8Array.from({ length: 240_000 }, (_, index) => 0x10 + (index % 97))
} as const

describe("kill -9 in the middle of a recorded call", () => {
  it.live(
    "leaves a file that can be read, and the next start finishes it",
    () =>
      Effect.gen(function* () {
        const carrier = yield* simulator.start()
        const dataDir = yield* temporaryFolder
        const options = {
          dataDir,
          port: yield* freePort,
          environment: {
            [`SWITCHBOARD_CARRIER_URL_${provider.toUpperCase()}`]: carrier.baseUrl,
            SWITCHBOARD_API_KEY: "sb_killed_0123456789abcdef0123456789abcdef"
          }
        }
        const first = yield* startService(options)
        yield* setUp({ ...first, provider, carrier }, { kind: "echo", settings: { recording: { enabled: true } } })
        yield* carrier.placeInbound({ from: theirs, to: ours, audio: longSpeech })

        const folder = join(dataDir, "recordings")
        const read = Effect.promise(async () => {
          const name = readdirSync(folder).find((each) => each.endsWith(".wav"))
          return name === undefined ? new Uint8Array(44) : new Uint8Array(await readFile(join(folder, name)))
        }).pipe(Effect.catchDefect(() => Effect.succeed(new Uint8Array(44))))
        const [call] = yield* callsUntil(first, (calls) => calls.some(({ media_state }) => media_state === "streaming"))
        const id = call?.id ?? ""
        yield* Effect.repeat(Effect.delay(read, "20 millis"), { until: ({ length }) => length > 44 + 64_000 })

        // While it is being made it can be had, too.
        const [live] = yield* recordingsUntil(first, id, ([one]) => one?.state === "recording")
        const early = yield* download(first, id, live?.id ?? "")
        assert.strictEqual(early.status, 200)
        assert.isAbove(channelsOfWav(early.bytes).left.length, 8000)

        first.process.kill("SIGKILL")
        assert.strictEqual(yield* first.exited, "SIGKILL")
        const torn = channelsOfWav(yield* read)
        const spoken = mulawToSample[0x10]
        for (const side of [torn.left, torn.right]) {
          assert.isAtLeast(side.length, 16_000)
          assert.isAbove(side.filter((sample) => sample === spoken).length, 50)
        }

        const second = yield* startService(options)
        const [recording] = yield* recordingsUntil(second, id, ([one]) => one?.state === "ready")
        assert.isAtLeast(recording?.duration_ms ?? 0, 2000)
        const audio = yield* download(second, id, recording?.id ?? "")
        assert.strictEqual(audio.bytes.length, recording?.bytes)
        const whole = channelsOfWav(audio.bytes)
        // A torn file may end within a millisecond.
        assert.closeTo(whole.left.length, (recording?.duration_ms ?? 0) * 8, 8)
        assert.deepStrictEqual(whole.left.subarray(0, torn.left.length), torn.left)
        const events = yield* eventsOf(second, id)
        assert.deepInclude(events.find(({ kind }) => kind === "recording.stopped")?.payload, { reason: "node_lost" })
      }).pipe(Effect.scoped),
    120_000
  )
})
