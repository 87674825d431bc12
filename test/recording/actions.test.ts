import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option, Stream } from "effect"
import type { CallLine } from "../../src/agents/AgentSpec.ts"
import { RecordingArchive } from "../../src/recording/RecordingArchive.ts"
import { Recordings } from "../../src/recording/Recordings.ts"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { Operating } from "../../src/telephony/Operating.ts"
import { until } from "../agents/support/legs.ts"
import { legThat, mediaWorld, openCall, use } from "../telephony/mediaWorld.ts"
import { callOf, eventsOf, eventually } from "../telephony/support/place.ts"
import { stop } from "../transport/support/protocol.ts"
import { frame } from "../transport/support/rig.ts"
import { channelsOfWav } from "./support/api.ts"
import { sounding } from "./support/channels.ts"

const recordingsOf = (callId: string) => Effect.flatMap(RecordingArchive, ({ ofCall }) => ofCall(callId))
const finished = (callId: string) =>
  eventually(recordingsOf(callId), (all) => all.length > 0 && all.every(({ endedAt }) => endedAt !== undefined))

/** What the log says about a recording: kind and, where it has one, reason. */
const logged = (callId: string, recordingId: string | undefined) =>
  Effect.map(eventsOf(callId), (events) =>
    events
      .filter(({ kind, payload }) => kind.startsWith("recording.") && payload["recording_id"] === recordingId)
      .map(({ kind, payload }) => (payload["reason"] === undefined ? kind : `${kind}: ${String(payload["reason"])}`))
  )

const wavOf = Effect.fnUntraced(function* (callId: string, id: string) {
  const { audio } = yield* RecordingArchive
  const { bytes, read } = yield* audio(callId, id)
  return Buffer.concat(yield* Stream.runCollect(read(0, bytes)))
})

/** An agent that takes the call and does what the test does with its line. */
const withLine = Effect.fnUntraced(function* () {
  const lines = yield* Deferred.make<CallLine>()
  yield* use(
    "scripted",
    legThat((transport, line) =>
      Effect.andThen(
        Deferred.succeed(lines, line),
        Effect.as(
          transport.receive(() => {}),
          { _tag: "MediaEnded" as const }
        )
      )
    )
  )
  const call = yield* openCall()
  return { ...call, line: yield* Deferred.await(lines) }
})

layer(mediaWorld, { excludeTestServices: true })("the recording of a call", (it) => {
  it.effect("begins, pauses and ends when the agent says so, and says why nothing was done", () =>
    Effect.gen(function* () {
      const { fake, id, line, running } = yield* withLine()
      for (const action of ["pause", "resume", "stop"] as const)
        assert.strictEqual((yield* line.recording(action))?.reason, "not_recording")
      assert.deepStrictEqual(yield* recordingsOf(id), [])

      assert.isUndefined(yield* line.recording("start"))
      assert.isUndefined(yield* line.recording("start"))
      fake.audio(frame(0x10))
      assert.isUndefined(yield* line.recording("pause"))
      yield* eventually(recordingsOf(id), ([first]) => first?.state === "paused")
      assert.isUndefined(yield* line.recording("pause"))
      assert.isUndefined(yield* line.recording("resume"))
      yield* eventually(recordingsOf(id), ([first]) => first?.state === "recording")
      assert.isUndefined(yield* line.recording("pause"))
      assert.isUndefined(yield* line.recording("start"))
      assert.isUndefined(yield* line.recording("stop"))
      assert.strictEqual((yield* line.recording("stop"))?.reason, "not_recording")
      assert.isUndefined(yield* line.recording("start"))
      fake.text(stop)
      yield* Fiber.join(running)
      assert.strictEqual((yield* line.recording("start"))?.reason, "recording_refused")

      const [first, second] = yield* finished(id)
      assert.deepStrictEqual([first?.state, second?.state], ["ready", "ready"])
      assert.lengthOf(first?.paused ?? [], 2)
      assert.isTrue(first?.paused.every(({ fromMs, toMs }) => toMs !== undefined && toMs >= fromMs))
      yield* eventually(logged(id, second?.id), (log) => log.length === 2)
      assert.deepStrictEqual(yield* logged(id, first?.id), [
        "recording.started",
        "recording.paused",
        "recording.resumed",
        "recording.paused",
        "recording.resumed",
        "recording.stopped: stopped"
      ])
      assert.deepStrictEqual(yield* logged(id, second?.id), ["recording.started", "recording.stopped: media_ended"])
      const live = yield* Recordings
      assert.deepStrictEqual(yield* live.ids, [])
    })
  )

  it.effect("is silent on both sides while it is paused", () =>
    Effect.gen(function* () {
      const { fake, id, line, running } = yield* withLine()
      yield* line.recording("start")
      const say = (byte: number) =>
        Effect.andThen(
          Effect.sync(() => fake.audio(frame(byte))),
          Effect.sleep("20 millis")
        ).pipe(Effect.repeat({ times: 9 }))
      yield* say(0x10)
      yield* line.recording("pause")
      yield* say(0x80)
      yield* line.recording("resume")
      yield* say(0x20)
      fake.text(stop)
      yield* Fiber.join(running)
      const [recording] = yield* finished(id)
      const { left } = channelsOfWav(yield* wavOf(id, recording?.id ?? ""))
      const values = new Set(left)
      assert.deepStrictEqual([values.has(-15996), values.has(32124), values.has(-7932)], [true, false, true])
      const [pause] = recording?.paused ?? []
      const silent = left.subarray((pause?.fromMs ?? 0) * 8 + 8, (pause?.toMs ?? 0) * 8 - 8)
      assert.isAbove(silent.length, 8 * 150)
      assert.deepStrictEqual(sounding(silent), [])
    })
  )

  it.effect("obeys operators, who learn when it is done", () =>
    Effect.gen(function* () {
      const { fake, id, running, tenant } = yield* withLine()
      const operating = yield* Operating
      const act = (action: "start" | "stop" | "pause" | "resume") => operating.record(tenant.organizationId, id, action)
      assert.deepInclude(yield* Effect.flip(act("pause")), { _tag: "RecordingRefused", reason: "refused" })
      const states: Array<string | undefined> = []
      for (const action of ["start", "pause", "resume", "stop"] as const) {
        yield* act(action)
        states.push((yield* recordingsOf(id))[0]?.state)
      }
      assert.deepStrictEqual(states, ["recording", "paused", "recording", "ready"])
      assert.isTrue((yield* eventsOf(id)).some(({ kind }) => kind === "recording.paused"))
      assert.strictEqual(
        (yield* Effect.flip(operating.record("01900000-0000-7000-8000-000000000000", id, "start")))._tag,
        "CallNotFound"
      )
      fake.text(stop)
      yield* Fiber.join(running)
      yield* eventually(callOf(id), ({ endedAt }) => endedAt !== undefined)
      assert.deepInclude(yield* Effect.flip(act("start")), { _tag: "RecordingRefused", reason: "over" })
    })
  )

  it.effect("is refused before the media is open", () =>
    Effect.gen(function* () {
      yield* use("echo")
      const commands = yield* CallCommands
      const { id } = yield* openCall({ silent: true, call: { providerCallId: "CA-silent" } })
      const reply = yield* eventually(
        Effect.option(commands.send(id, { _tag: "Recording", action: "start" })),
        Option.isSome
      )
      assert.isFalse(Option.getOrThrow(reply).ok)
    })
  )

  it.effect("stays paused for good where it was paused without end: an agent cannot fill the database with it", () =>
    Effect.gen(function* () {
      const { fake, id, line, running } = yield* withLine()
      yield* line.recording("start")
      let refusals = 0
      for (let n = 0; n < 600; n++) {
        yield* line.recording("pause")
        if ((yield* line.recording("resume"))?.reason === "recording_refused") refusals += 1
      }
      assert.isAbove(refusals, 0)
      fake.text(stop)
      yield* Fiber.join(running)
      const [recording] = yield* Effect.repeat(Effect.delay(recordingsOf(id), "50 millis"), {
        until: ([first]) => first?.endedAt !== undefined
      })
      assert.lengthOf(recording?.paused ?? [], 500)
    })
  )

  it.effect("is made by nobody where nobody wants it, and by the settings where they say so", () =>
    Effect.gen(function* () {
      const agent = yield* use("echo")
      const opened = Effect.fnUntraced(function* (enabled: boolean, record?: boolean) {
        agent.settings = { recording: { enabled } }
        const call = yield* openCall(record === undefined ? {} : { call: { record } })
        call.fake.audio(frame(3))
        yield* until(() => call.fake.values.includes(3))
        return call
      })
      const calls = [yield* opened(false), yield* opened(true), yield* opened(true, false), yield* opened(false, true)]
      const live = yield* Recordings
      assert.lengthOf(yield* live.ids, 2)
      for (const { fake } of calls) fake.text(stop)
      yield* Fiber.joinAll(calls.map(({ running }) => running))
      const counts = yield* Effect.forEach(calls, ({ id }) => Effect.map(recordingsOf(id), ({ length }) => length))
      assert.deepStrictEqual(counts, [0, 1, 0, 1])
    })
  )

  it.effect("is finished when its node shuts down in the middle of the call", () =>
    Effect.gen(function* () {
      const agent = yield* use("echo")
      agent.settings = { recording: { enabled: true } }
      const sessions = yield* MediaSessions
      const { fake, id, running } = yield* openCall()
      fake.audio(frame(3))
      yield* until(() => fake.values.includes(3))
      yield* Fiber.interrupt(running)
      assert.strictEqual(yield* sessions.live, 0)
      const [recording] = yield* finished(id)
      assert.strictEqual(recording?.state, "ready")
    })
  )
})
