import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Fiber, FiberSet, Layer, Stream } from "effect"
import type { FormValues } from "../../src/Form.ts"
import { type LiveRecording, recordingStarter } from "../../src/recording/liveRecording.ts"
import { DiskFailed, RecordingFiles } from "../../src/recording/RecordingFiles.ts"
import { RecordingArchive } from "../../src/recording/RecordingArchive.ts"
import { RecordingHost } from "../../src/recording/RecordingHost.ts"
import { RecordingStore } from "../../src/recording/RecordingStore.ts"
import { Recordings } from "../../src/recording/Recordings.ts"
import type { MediaTap } from "../../src/Transport.ts"
import { temporaryFolder } from "../support/database.ts"
import { until } from "../agents/support/legs.ts"
import { mediaWorldOn, openCall, use } from "../telephony/mediaWorld.ts"
import { callOf, eventually, kindsOf, payloadOf } from "../telephony/support/place.ts"
import { format, stop } from "../transport/support/protocol.ts"
import { frame } from "../transport/support/rig.ts"
import { channelsOfWav } from "./support/api.ts"

const fullDisk = new DiskFailed({ reason: "full", message: "The disk is full." })

/** Room on the disk of these tests, bytes. */
let room = 0

/** Files on a disk that has so much room. */
const smallDisk = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) =>
    Layer.effect(
      RecordingFiles,
      Effect.map(RecordingFiles, (files) =>
        RecordingFiles.of({
          ...files,
          create: (name) =>
            Effect.map(files.create(name), (file) => ({
              write: (bytes, position) =>
                position + bytes.length > room ? Effect.fail(fullDisk) : file.write(bytes, position)
            }))
        })
      )
    ).pipe(Layer.provide(RecordingFiles.layerIn(folder)))
  )
)

layer(mediaWorldOn(smallDisk), { excludeTestServices: true })("a disk that is full", (it) => {
  it.effect("ends the recording, says so in the call's log, keeps what there is, and leaves the call alone", () =>
    Effect.gen(function* () {
      room = 44
      const agent = yield* use("echo")
      agent.settings = { recording: { enabled: true } }
      const archive = yield* RecordingArchive
      const { fake, id, running } = yield* openCall()
      yield* eventually(archive.ofCall(id), ([first]) => first?.state === "recording")
      room = 44 + 16_000
      const chatting = yield* Effect.sync(() => fake.audio(frame(7))).pipe(
        Effect.andThen(Effect.sleep("20 millis")),
        Effect.forever,
        Effect.forkScoped
      )
      yield* Effect.timeout(
        Effect.repeat(Effect.delay(archive.ofCall(id), "20 millis"), { until: ([first]) => first?.state === "failed" }),
        "20 seconds"
      )
      yield* eventually(kindsOf(id), (kinds) => kinds.includes("recording.failed"))
      assert.deepInclude(yield* payloadOf(id, "recording.failed"), { reason: "full", message: "The disk is full." })

      yield* Fiber.interrupt(chatting)
      const heard = fake.values.length
      fake.audio(frame(9))
      yield* until(() => fake.values.slice(heard).includes(9))
      assert.isUndefined((yield* callOf(id)).endedAt)
      assert.deepStrictEqual(yield* (yield* Recordings).ids, [])

      const [recording] = yield* archive.ofCall(id)
      const { bytes, read } = yield* archive.audio(id, recording?.id ?? "")
      const file = Buffer.concat(yield* Stream.runCollect(read(0, bytes)))
      assert.isAtMost(bytes, room)
      assert.strictEqual(channelsOfWav(file).left.length * 4 + 44, bytes)
      assert.strictEqual(recording?.bytes, bytes)

      fake.text(stop)
      yield* Fiber.join(running)
      assert.strictEqual((yield* callOf(id)).endReason, "caller_hung_up")
    })
  )

  it.effect("lets no recording begin, and every call", () =>
    Effect.gen(function* () {
      room = 0
      const agent = yield* use("echo")
      agent.settings = { recording: { enabled: true } }
      const { fake, id, running } = yield* openCall()
      fake.audio(frame(7))
      yield* until(() => fake.values.includes(7))
      yield* eventually(kindsOf(id), (kinds) => kinds.includes("recording.failed"))
      assert.notInclude(yield* kindsOf(id), "recording.started")
      fake.text(stop)
      yield* Fiber.join(running)
      assert.strictEqual((yield* callOf(id)).endReason, "caller_hung_up")
    })
  )
})

const nowhere = Layer.unwrap(Effect.map(temporaryFolder, (folder) => RecordingFiles.layerIn(`${folder}/\0`)))

layer(mediaWorldOn(nowhere), { excludeTestServices: true })("a folder that cannot be made", (it) => {
  it.effect("is told by the log of the call, which goes on", () =>
    Effect.gen(function* () {
      const agent = yield* use("echo")
      agent.settings = { recording: { enabled: true } }
      const { fake, id, running } = yield* openCall()
      yield* eventually(kindsOf(id), (kinds) => kinds.includes("recording.failed"))
      const payload = yield* payloadOf(id, "recording.failed")
      assert.include(JSON.stringify(payload), "SWITCHBOARD_RECORDINGS_DIR")
      fake.audio(frame(7))
      yield* until(() => fake.values.includes(7))
      fake.text(stop)
      yield* Fiber.join(running)
    })
  )
})

/** One recording over a fake store, on a clock of the test's own, fed by hand. */
const byHand = Effect.fnUntraced(function* (files: Partial<RecordingFiles["Service"]>) {
  const notes: Array<readonly [kind: string, payload: FormValues]> = []
  let time = 0
  let tap: MediaTap | undefined
  const live = new Map<string, LiveRecording>()
  const running = yield* FiberSet.make<void>()
  const begin = yield* recordingStarter(running, live, () => time).pipe(
    Effect.provide(
      Layer.mergeAll(
        Layer.mock(RecordingFiles, { prepare: Effect.succeed("folder"), ...files }),
        Layer.mock(RecordingStore, { add: () => Effect.void, finish: () => Effect.succeed(true) }),
        Layer.succeed(RecordingHost, {
          nodeId: "node",
          note: (_call, _source, kind, payload) => Effect.sync(() => void notes.push([kind, payload]))
        })
      )
    )
  )
  const recording = yield* begin({
    callId: "call",
    by: "gateway",
    transport: {
      info: { providerCallId: "", streamId: "", incomingFormat: format, outgoingFormat: format, parameters: {} },
      tap: (listener) => {
        tap = listener
        return () => {
          tap = undefined
        }
      }
    }
  })
  return {
    recording,
    notes,
    isTapped: () => tap !== undefined,
    hear: (chunk: Uint8Array) => tap?.heard(chunk, time),
    /** So much of the caller comes, ms. */
    speak: (ms: number) => {
      for (let n = 0; n < ms / 20; n++) {
        time += 20
        tap?.heard(frame(7), time)
      }
    }
  }
})

describe("a disk", () => {
  it.live("that takes nothing for ten seconds ends the recording", () =>
    Effect.gen(function* () {
      const stuck = { write: (_bytes: Uint8Array, position: number) => (position === 0 ? Effect.void : Effect.never) }
      const { isTapped, notes, recording, speak } = yield* byHand({ create: () => Effect.succeed(stuck) })
      yield* recording.begun
      speak(8000)
      assert.isTrue(isTapped())
      speak(4000)
      yield* recording.finished
      assert.isFalse(isTapped())
      assert.isTrue(recording.isOver())
      assert.deepInclude(notes.at(-1)?.[1], { reason: "slow" })
    }).pipe(Effect.scoped)
  )

  it.live("that is slow holds up nobody: what is recorded waits for it", () =>
    Effect.gen(function* () {
      const written: Array<Uint8Array> = []
      const slow = {
        write: (bytes: Uint8Array, position: number) =>
          Effect.sync(() => {
            if (position > 0) written.push(Uint8Array.from(bytes))
          }).pipe(Effect.delay("30 millis"))
      }
      const { notes, recording, speak } = yield* byHand({ create: () => Effect.succeed(slow) })
      yield* recording.begun
      speak(5000)
      yield* recording.stop("stopped", "agent")
      yield* recording.finished
      assert.strictEqual(Buffer.concat(written).length, 5 * 32_000)
      assert.deepInclude(notes.at(-1)?.[1], { reason: "stopped", duration_ms: 5000 })
    }).pipe(Effect.scoped)
  )

  it.live("or a recorder with a defect of ours ends the recording alone, and throws nothing into the media", () =>
    Effect.gen(function* () {
      const defective = { write: () => Effect.die(new Error("a defect")) }
      const disk = yield* byHand({ create: () => Effect.succeed(defective) })
      yield* disk.recording.finished
      const recorder = yield* byHand({ create: () => Effect.succeed({ write: () => Effect.void }) })
      yield* recorder.recording.begun
      recorder.hear(Object.defineProperty(new Uint8Array(1), "length", { get: () => JSON.parse("{") }))
      yield* recorder.recording.finished
      for (const { isTapped, notes } of [disk, recorder]) {
        assert.isFalse(isTapped())
        assert.strictEqual(notes.at(-1)?.[0], "recording.failed")
      }
    }).pipe(Effect.scoped)
  )
})
