import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Queue } from "effect"
import { mulawToSample } from "../../src/audio/g711.ts"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { agentServer } from "../agents/support/agentServer.ts"
import { App, createdId, endOf, eventsOf, ours, setUp, speech, theirs } from "../support/app.ts"
import { temporaryFolder } from "../support/database.ts"
import { channelsOfWav, download, recordingsOf, recordingsUntil } from "./support/api.ts"
import { sounding } from "./support/channels.ts"

const app = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) => App.layer(simulator, "twilio", { SWITCHBOARD_RECORDINGS_DIR: folder }))
)

const spoken = Array.from(speech.bytes, (byte) => mulawToSample[byte] ?? 0)
const isSound = (sample: number) => sample !== 0
const isReady = (recordings: ReadonlyArray<{ readonly state: string }>) =>
  recordings.length > 0 && recordings.every(({ state }) => state === "ready")

layer(app, { excludeTestServices: true })("a recorded call", (it) => {
  it.effect("has the caller on the left and, a little later, the echo of it on the right, sample for sample", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* setUp(app, { kind: "echo", settings: { recording: { enabled: true } } })
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      yield* call.until((now) => now.heard.played.length >= speech.bytes.length && !now.speaking)
      yield* call.hangUp
      const { id } = yield* endOf(app, call.id)
      const [recording] = yield* recordingsUntil(app, id, isReady)
      const audio = yield* download(app, id, recording?.id ?? "")
      assert.deepInclude(recording, {
        call_id: id,
        sample_rate: 8000,
        bytes: audio.bytes.length,
        paused: [],
        error: null
      })
      assert.strictEqual(audio.headers.get("content-type"), "audio/wav")
      assert.strictEqual(audio.headers.get("content-length"), String(audio.bytes.length))

      const { left, right } = channelsOfWav(audio.bytes)
      assert.closeTo(recording?.duration_ms ?? 0, left.length / 8, 1)
      const [said = [0, 0]] = sounding(left)
      const [echoed = [0, 0]] = sounding(right)
      // On a busy machine the carrier's frames may come with gaps, which the recording then has, too.
      assert.deepStrictEqual(Array.from(left.filter(isSound)), spoken)
      assert.deepStrictEqual(Array.from(right.filter(isSound)), spoken)
      assert.isAtLeast(echoed[0], said[0])
      assert.isAtMost(echoed[0] - said[0], 8 * 500)

      const events = (yield* eventsOf(app, id)).filter(({ kind }) => kind.startsWith("recording."))
      assert.deepStrictEqual(
        events.map(({ kind, source }) => [kind, source]),
        [
          ["recording.started", "gateway"],
          ["recording.stopped", "gateway"]
        ]
      )
      assert.deepInclude(events[1]?.payload, { recording_id: recording?.id, reason: "media_ended" })
    })
  )

  it.effect("holds of an interrupted agent exactly what it was told that the person had heard", () =>
    Effect.gen(function* () {
      const app = yield* App
      const server = yield* agentServer()
      const settings = { url: server.url, encoding: "mulaw", sample_rate: 8000, recording: { enabled: true } }
      const agentId = createdId(
        yield* app.request("POST", "/api/v1/organizations/agents", { name: "Talker", kind: "websocket", settings })
      )
      yield* app.carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20 })
      const id = createdId(yield* app.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId }))
      const call = yield* app.carrier.nextOutbound
      const visit = yield* Queue.take(server.visits)
      yield* visit.nextOf("call.start")
      yield* visit.say({ type: "call.accept" })
      yield* call.until(({ media }) => media === "streaming")
      yield* visit.speak(Uint8Array.from({ length: 40_000 }, (_, i) => 0x10 + (i % 97)))
      yield* call.until((now) => now.heard.played.length >= 6000)
      yield* visit.say({ type: "clear" })
      const { dropped_ms, heard_ms } = yield* visit.nextOf("cleared")
      assert.isAbove(dropped_ms, 2000)
      yield* visit.say({ type: "hangup" })
      yield* endOf(app, call.id)

      const [recording] = yield* recordingsUntil(app, id, isReady)
      const { right } = channelsOfWav((yield* download(app, id, recording?.id ?? "")).bytes)
      const spans = sounding(right)
      assert.lengthOf(spans, 1)
      assert.closeTo(((spans[0]?.[1] ?? 0) - (spans[0]?.[0] ?? 0)) / 8, heard_ms, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("is one where the request says so, whatever the agent's settings, and none where it says no", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* app.carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20, audio: speech })
      const dialled = Effect.fnUntraced(function* (enabled: boolean, record: boolean | undefined) {
        const agentId = createdId(
          yield* app.request("POST", "/api/v1/organizations/agents", {
            name: `Echo ${enabled} ${record}`,
            kind: "echo",
            settings: { recording: { enabled } }
          })
        )
        const body = { to: theirs, agent_id: agentId, ...(record === undefined ? {} : { record }) }
        const id = createdId(yield* app.request("POST", "/api/v1/telephony/calls", body))
        const call = yield* app.carrier.nextOutbound
        yield* call.until((now) => now.heard.played.length > 0)
        yield* call.hangUp
        yield* endOf(app, call.id)
        const events = yield* eventsOf(app, id)
        const isRecorded = events.some(({ kind }) => kind === "recording.started")
        yield* recordingsUntil(app, id, (all) => all.every(({ state }) => state === "ready"))
        const shown = yield* app.request("GET", `/api/v1/telephony/calls/${id}`)
        assert.propertyVal(shown.body, "recording", isRecorded ? "ready" : null)
        const listed = yield* app.request("GET", "/api/v1/telephony/calls?limit=1")
        assert.nestedPropertyVal(listed.body, "calls[0].recording", isRecorded ? "ready" : null)
        assert.strictEqual((yield* recordingsOf(app, id)).length > 0, isRecorded)
        return isRecorded
      })
      assert.deepStrictEqual(
        [
          yield* dialled(true, undefined),
          yield* dialled(true, false),
          yield* dialled(false, true),
          yield* dialled(false, undefined)
        ],
        [true, false, true, false]
      )
    })
  )
})
