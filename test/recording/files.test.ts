import { execFile, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import { readWav } from "../../src/audio/wav.ts"
import { RecordingFiles } from "../../src/recording/RecordingFiles.ts"
import { durationOf, repairWav, wavFile } from "../../src/recording/wavFile.ts"
import { temporaryFolder } from "../support/database.ts"

const inFolder = <A, E, R>(folder: string, use: (files: RecordingFiles["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.provide(Effect.flatMap(RecordingFiles, use), RecordingFiles.layerIn(folder))

const hasPython = spawnSync("python3", ["-c", "import wave"]).status === 0
const hasFullDevice = existsSync("/dev/full")

/** What is missing for a test, for its name. */
const unless = (isThere: boolean, why: string) => (isThere ? "" : ` (${why})`)

/** What Python's own reader says about a file: channels, bytes of a sample, rate, frames. */
const asPythonReads = (file: string) =>
  Effect.callback<string>((resume) => {
    const script =
      "import sys, wave\nw = wave.open(sys.argv[1])\nn = w.getnframes()\nprint(w.getnchannels(), w.getsampwidth(), w.getframerate(), n, len(w.readframes(n)))"
    execFile("python3", ["-c", script, file], (error, stdout) =>
      resume(error === null ? Effect.succeed(stdout.trim()) : Effect.die(error))
    )
  })

const block = Uint8Array.from({ length: 32_000 }, (_, i) => i % 251)

describe("a recording's file", () => {
  const readers = `by Python's reader, too${unless(hasPython, "not tried: python3 with its module wave is not on this machine")}`
  it.live(`can be read at any moment, ${readers}`, () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const file = join(folder, "a.wav")
      yield* inFolder(folder, (files) =>
        Effect.scoped(
          Effect.gen(function* () {
            const wav = yield* Effect.flatMap(files.create("a.wav"), (opened) => wavFile(opened, 8000))
            for (let blocks = 0; blocks < 4; blocks++) {
              const read = Result.getOrThrow(readWav(yield* Effect.promise(() => readFile(file))))
              assert.deepStrictEqual(read.format, { encoding: "pcm_s16le", sampleRate: 8000 })
              assert.strictEqual(read.channels, 2)
              assert.strictEqual(read.data.length, blocks * block.length)
              if (hasPython)
                assert.strictEqual(yield* asPythonReads(file), `2 2 8000 ${blocks * 8000} ${blocks * block.length}`)
              yield* wav.append(block)
            }
            assert.strictEqual(durationOf(8000, wav.dataBytes()), 4000)
          })
        )
      )
      assert.strictEqual((yield* Effect.promise(() => stat(file))).mode & 0o777, 0o600)
    })
  )

  it.live("that broke off between audio and header is put in order, whatever its length", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const file = join(folder, "b.wav")
      yield* inFolder(
        folder,
        Effect.fnUntraced(function* (files) {
          yield* Effect.scoped(
            Effect.flatMap(
              Effect.flatMap(files.create("b.wav"), (opened) => wavFile(opened, 16_000)),
              (wav) => wav.append(block)
            )
          )
          const whole = yield* Effect.promise(() => readFile(file))
          for (const length of [0, 20, 44, 46, 44 + 31_999, 44 + 32_000]) {
            const torn = Buffer.concat([whole, block.subarray(0, 1002)]).subarray(0, length)
            yield* Effect.promise(() => writeFile(file, torn))
            const data = yield* Effect.scoped(
              Effect.flatMap(files.reopen("b.wav"), (opened) => repairWav(opened, 16_000, length))
            )
            assert.strictEqual(data, Math.max(0, Math.floor((length - 44) / 4) * 4))
            const read = Result.getOrThrow(readWav(yield* Effect.promise(() => readFile(file))))
            assert.strictEqual(read.data.length, data)
            assert.strictEqual(read.format.sampleRate, 16_000)
          }
        })
      )
    })
  )
})

describe("the folder of the recordings", () => {
  it.live("is made when it is needed, with an id that stays, however many ask at once", () =>
    Effect.gen(function* () {
      const folder = join(yield* temporaryFolder, "deep", "recordings")
      yield* inFolder(
        folder,
        Effect.fnUntraced(function* (files) {
          assert.isUndefined(yield* files.folderId)
          assert.isFalse(existsSync(folder))
          const ids = yield* Effect.all(
            Array.from({ length: 8 }, () => files.prepare),
            { concurrency: 8 }
          )
          assert.strictEqual(new Set([...ids, yield* files.folderId]).size, 1)
          assert.match(ids[0] ?? "", /^[0-9a-f]{16}$/)
          assert.strictEqual((yield* Effect.promise(() => stat(folder))).mode & 0o777, 0o700)
        })
      )
    })
  )

  it.live("gives parts of files, their sizes, and lets go of them", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* inFolder(
        folder,
        Effect.fnUntraced(function* (files) {
          assert.isUndefined(yield* files.size("c.wav"))
          yield* Effect.scoped(Effect.flatMap(files.create("c.wav"), ({ write }) => write(block, 0)))
          assert.strictEqual(yield* files.size("c.wav"), block.length)
          const part = Buffer.concat(yield* Stream.runCollect(files.read("c.wav", 100, 50)))
          assert.deepStrictEqual(Array.from(part), Array.from(block.subarray(100, 150)))
          assert.strictEqual((yield* Effect.flip(Effect.scoped(files.create("c.wav")))).reason, "failed")
          yield* files.remove("c.wav")
          yield* files.remove("c.wav")
          assert.isUndefined(yield* files.size("c.wav"))
        })
      )
    })
  )

  const noDevice = unless(hasFullDevice, "/dev/full is not on this machine")
  it.live.skipIf(!hasFullDevice)(`says what to do when its disk is full or closed to us${noDevice}`, () =>
    Effect.gen(function* () {
      const write = (name: string) => (files: RecordingFiles["Service"]) =>
        Effect.flip(Effect.scoped(Effect.flatMap(files.reopen(name), (file) => file.write(block, 0))))
      const full = yield* inFolder("/dev", write("full"))
      assert.strictEqual(full.reason, "full")
      assert.include(full.message, "SWITCHBOARD_RECORDING_DAYS")
      const file = join(yield* temporaryFolder, "file")
      yield* Effect.promise(() => writeFile(file, ""))
      const denied = yield* inFolder(join(file, "below"), ({ prepare }) => Effect.flip(prepare))
      assert.strictEqual(denied.reason, "denied")
      assert.include(denied.message, "SWITCHBOARD_RECORDINGS_DIR")
    })
  )
})
