import { assert, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { converter } from "../../../src/audio/converter.ts"
import { simulator as mulawCarrier } from "../../../src/providers/twilio/simulator.ts"
import { simulator as linearCarrier } from "../../../src/providers/vonage/simulator.ts"
import type { CallSnapshot, SpokenAudio } from "../../../src/simulator/SimulatorModule.ts"
import { App, createdId, endOf, eventsOf, ours, setUp, speech, theirs } from "../../support/app.ts"
import { until } from "../support/legs.ts"
import { apiKey } from "./calls.ts"
import { realtimeServer } from "./fakeServer.ts"
import { begin, callerSpeaks, callFunction, finish, respond, speak } from "./script.ts"

const toolsSecret = "a-secret-of-the-tools"
const settings = {
  api_key: apiKey,
  tools_secret: toolsSecret,
  model: "gpt-realtime-2.1",
  greeting: "Greet the caller.",
  transcription_model: "gpt-transcribe"
}

const otherNumber = "+14155550124"

/** ms of mu-law at 8 kHz that is nowhere silent. */
const talk = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, index) => 0x10 + (index % 97))
const heardMs = (now: CallSnapshot) => now.heard.spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
/** The phone has been silent for a while since the latest `clear`. */
const isSilent = (now: CallSnapshot) => {
  const clear = now.mediaMessages.findLast(({ kind }) => kind === "clear")
  return clear !== undefined && now.heard.timeline.length > (clear.atMs + 300) * 8
}
/** How far the model's figure may be from what the simulated caller heard, ms: frames, the carrier's own buffer, a busy machine. */
const tolerance = 120
/** On a busy machine the carrier gets a `clear` late, which is no error of ours: one of so many must be in time. */
const attempts = 5

const log: Array<string> = []

layer(App.layer(mulawCarrier, "twilio", { SWITCHBOARD_LOG_LEVEL: "trace" }, log), { excludeTestServices: true })(
  "a realtime model on a mu-law carrier",
  (it) => {
    it.effect(
      "hears the caller and is heard byte for byte, is cut where the caller interrupts, and ends the call",
      () =>
        Effect.gen(function* () {
          const app = yield* App
          const server = yield* realtimeServer()
          const { numbers } = yield* setUp(app, { kind: "openai-realtime", settings: { ...settings, url: server.url } })
          const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
          const visit = yield* Queue.take(server.visits)
          yield* visit.nextOf("response.create")
          assert.deepStrictEqual(visit.session().audio?.input?.format, { type: "audio/pcmu" })
          yield* until(() => visit.heard().includes(Buffer.from(speech.bytes)))

          const hello = talk(400)
          yield* respond(visit, { response: "resp_1", item: "item_1", audio: hello, words: "Hello." })
          const { heard } = yield* call.until((now) => now.heard.played.length >= hello.length)
          assert.isTrue(Buffer.from(heard.played).equals(Buffer.from(hello)))

          let serial = 1
          const interrupted = Effect.gen(function* () {
            serial += 1
            const names = { response: `resp_${serial}`, item: `item_${serial}` }
            const before = yield* call.now
            yield* begin(visit, names.response)
            yield* speak(visit, { ...names, audio: talk(5000), words: "A long story." })
            yield* call.until((now) => heardMs(now) >= heardMs(before) + 500)
            yield* callerSpeaks(visit, names.response)
            const { audio_end_ms, item_id } = yield* visit.nextOf("conversation.item.truncate")
            assert.strictEqual(item_id, names.item)
            const after = yield* call.until(isSilent)
            return Math.abs(audio_end_ms - (heardMs(after) - heardMs(before)))
          })
          const off = yield* Effect.repeat(interrupted, { until: (ms) => ms <= tolerance, times: attempts - 1 })
          assert.isAtMost(off, tolerance)

          yield* begin(visit, "resp_bye")
          yield* speak(visit, { response: "resp_bye", item: "item_bye", audio: talk(200), words: "Goodbye." })
          yield* callFunction(visit, "resp_bye", { name: "end_call", callId: "call_bye" })
          const unheard = heardMs(yield* call.now)
          yield* finish(visit, "resp_bye")
          const row = yield* endOf(app, call.id)
          assert.deepInclude(row, { end_reason: "agent_ended", end_owner: "agent" })
          assert.closeTo(heardMs(yield* call.settled) - unheard, 200, 60)
          assert.strictEqual((yield* visit.closed).code, 1000)
          yield* until(() => server.connections() === 0)

          const events = yield* eventsOf(app, row.id)
          const of = (kind: string) => events.filter((event) => event.kind === kind).map(({ payload }) => payload)
          assert.deepInclude(of("transcript.agent")[0], { text: "Hello." })
          assert.deepInclude(of("transcript.agent")[1], { text: "A long story.", interrupted: true, audio_ms: 5000 })
          assert.deepInclude(of("transcript.agent").at(-1), { text: "Goodbye." })
          assert.deepStrictEqual(of("tool.call"), [{ name: "end_call", outcome: "done" }])

          const problem = { type: "invalid_request_error", code: "model_not_found", message: `Not with ${apiKey}.` }
          const refusing = yield* realtimeServer({ judge: () => problem })
          const agent = { name: "Refused", kind: "openai-realtime", settings: { ...settings, url: refusing.url } }
          const agentId = createdId(yield* app.request("POST", "/api/v1/organizations/agents", agent))
          yield* app.carrier.ownNumber(otherNumber)
          createdId(yield* app.request("POST", numbers, { address: otherNumber, agent_id: agentId }))
          const refused = yield* app.carrier.placeInbound({ from: theirs, to: otherNumber, audio: speech })
          const { end_reason, id } = yield* endOf(app, refused.id)
          assert.strictEqual(end_reason, "agent_unreachable")
          const why = yield* eventsOf(app, id)
          assert.include(JSON.stringify(why), "refused the session. It says: Not with …")

          const told = JSON.stringify([events, why]) + log.join("\n")
          assert.isAtLeast(log.length, 4)
          assert.notInclude(told, apiKey)
          assert.notInclude(told, toolsSecret)
        }).pipe(Effect.scoped)
    )
  }
)

/** Half a second of a tone in the linear PCM of the other carrier. */
const tone: SpokenAudio = {
  format: { encoding: "pcm_s16le", sampleRate: 16000 },
  bytes: new Uint8Array(new Int16Array(8000).map((_, i) => 9000 * Math.sin((2 * Math.PI * 437 * i) / 16000)).buffer)
}
const pcm24 = { encoding: "pcm_s16le", sampleRate: 24000 } as const

layer(App.layer(linearCarrier, "vonage"), { excludeTestServices: true })(
  "a realtime model on a carrier of linear PCM",
  (it) => {
    it.effect("is resampled both ways", () =>
      Effect.gen(function* () {
        const app = yield* App
        const server = yield* realtimeServer()
        yield* setUp(app, { kind: "openai-realtime", settings: { ...settings, url: server.url } })
        const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: tone })
        const visit = yield* Queue.take(server.visits)
        yield* visit.nextOf("response.create")
        assert.deepStrictEqual(visit.session().audio?.input?.format, { type: "audio/pcm", rate: 24000 })
        const up = Buffer.from(converter(tone.format, pcm24).convert(tone.bytes))
        // What comes before and after the tone is in the filter's ends: 4 ms of 24 kHz are 192 bytes.
        yield* until(() => visit.heard().includes(up.subarray(480, up.length - 480)))

        yield* respond(visit, { response: "resp_1", item: "item_1", audio: up, words: "Hm." })
        const down = converter(pcm24, tone.format)
        const expected = Buffer.concat([down.convert(up), down.flush()])
        const { heard } = yield* call.until((now) => now.heard.played.length >= expected.length)
        assert.deepStrictEqual(heard.format, tone.format)
        // The last frame is not full: what a sound is cut off with there fades out.
        const whole = expected.length - (expected.length % 640)
        assert.isTrue(Buffer.from(heard.played).subarray(0, whole).equals(expected.subarray(0, whole)))
        yield* call.hangUp
        assert.deepInclude(yield* endOf(app, call.id), { end_reason: "caller_hung_up" })
        assert.strictEqual((yield* visit.closed).code, 1000)
        yield* until(() => server.connections() === 0)
      }).pipe(Effect.scoped)
    )
  }
)
