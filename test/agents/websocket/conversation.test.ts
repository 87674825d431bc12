import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { converter } from "../../../src/audio/converter.ts"
import { agentServer } from "../support/agentServer.ts"
import { mulaw8 } from "../support/fakeTransport.ts"
import { secret, someCall, startCall, until } from "../support/legs.ts"

const pcm16 = { encoding: "pcm_s16le", sampleRate: 16000 } as const

/** 20 ms of a 400 Hz tone in 8 kHz mu-law, the `n`th frame of it. */
const tone = (n: number) => {
  const samples = new Int16Array(160).map((_, i) => 8000 * Math.sin((2 * Math.PI * 400 * (n * 160 + i)) / 8000))
  return converter({ encoding: "pcm_s16le", sampleRate: 8000 }, mulaw8).convert(new Uint8Array(samples.buffer))
}

describe("a call with a WebSocket agent", () => {
  it.live("introduces the call, with the secret in a header and never in the URL", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { start, visit } = yield* startCall(server)
      assert.strictEqual(visit.headers.authorization, `Bearer ${secret}`)
      assert.strictEqual(visit.socket.protocol, "switchboard.v1")
      assert.strictEqual(visit.path, "/calls")
      assert.deepStrictEqual(start, {
        type: "call.start",
        version: 1,
        versions: [1],
        call: {
          id: someCall.id,
          direction: "inbound",
          from: "+31201234567",
          to: "+14155550100",
          provider: "carrier",
          telephony_configuration_id: someCall.telephonyConfigurationId,
          context: { customer: "c-42", vip: true }
        },
        audio: { encoding: "pcm_s16le", sample_rate: 16000, frame_ms: 20 },
        resume_token: Redacted.value(someCall.resumeToken)
      })
    })
  )

  it.live("notes what the agent says that it is, and nothing of one that says nothing", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const named = yield* startCall(server, {
        accept: { type: "call.accept", agent: { name: "receptionist", version: "2026.10", language: "nl" } }
      })
      yield* until(() => named.events.length === 1)
      assert.deepStrictEqual(named.events, [
        { kind: "agent.identified", details: { name: "receptionist", version: "2026.10" } }
      ])
      const shy = yield* startCall(server, { accept: { type: "call.accept", agent: {} } })
      yield* shy.visit.say({ type: "event", name: "first" })
      yield* until(() => shy.events.length === 1)
      assert.strictEqual(shy.events[0]?.kind, "agent.event")
    })
  )

  it.live("tells an agent that its call comes back, by the token of before, and goes on as with any call", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const first = yield* startCall(server)
      yield* Effect.sync(() => first.visit.socket.terminate())
      assert.strictEqual((yield* first.failure)._tag, "AgentLost")
      const second = yield* startCall(server, { attempt: 1, settings: { encoding: "mulaw" } })
      assert.deepStrictEqual(
        { token: first.start.resume_token, resumed: first.start.resumed },
        { token: Redacted.value(someCall.resumeToken), resumed: undefined }
      )
      assert.deepStrictEqual(
        { token: second.start.resume_token, resumed: second.start.resumed },
        { token: Redacted.value(someCall.resumeToken), resumed: { attempt: 1 } }
      )
      second.media.emit({ _tag: "Audio", chunk: Uint8Array.of(1, 2, 3) })
      yield* until(() => second.visit.heard().length === 3)
      yield* second.visit.speak(Uint8Array.of(4, 5))
      yield* until(() => second.media.byteCount() === 2)
    })
  )

  it.live("resamples both ways between the phone and the agent", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, visit } = yield* startCall(server)
      const frames = Array.from({ length: 50 }, (_, n) => tone(n))
      for (const chunk of frames) media.emit({ _tag: "Audio", chunk })
      const up = converter(mulaw8, pcm16)
      const expected = Buffer.concat(frames.map((frame) => up.convert(frame)))
      yield* until(() => visit.heard().length >= expected.length)
      assert.deepStrictEqual(visit.heard(), expected)

      yield* visit.speak(expected.subarray(0, 6400))
      yield* visit.speak(expected.subarray(6400))
      const down = converter(pcm16, mulaw8)
      const back = Buffer.concat([down.convert(expected.subarray(0, 6400)), down.convert(expected.subarray(6400))])
      yield* until(() => media.bytes().length >= back.length)
      assert.deepStrictEqual(Buffer.from(media.bytes()), back)
    })
  )

  it.live("passes G.711 through untouched when the agent chooses it", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, visit } = yield* startCall(server, {
        accept: { type: "call.accept", audio: { encoding: "mulaw", sample_rate: 8000 }, future: 1 }
      })
      const every = Uint8Array.from({ length: 256 }, (_, i) => i)
      media.emit({ _tag: "Audio", chunk: every })
      yield* until(() => visit.heard().length === 256)
      assert.deepStrictEqual(visit.heard(), Buffer.from(every))
      yield* visit.speak(every)
      yield* until(() => media.bytes().length === 256)
      assert.deepStrictEqual(Buffer.from(media.bytes()), Buffer.from(every))
    })
  )

  it.live("loses nothing of an agent that speaks in the same breath as it accepts", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, visit } = yield* startCall(server, {
        settings: { encoding: "mulaw" },
        eager: Uint8Array.of(1, 2, 3)
      })
      yield* visit.speak(Uint8Array.of(4))
      yield* until(() => media.byteCount() === 4)
      assert.deepStrictEqual(Array.from(media.bytes()), [1, 2, 3, 4])
    })
  )

  it.live("tells keys, marks and what was heard when the agent interrupts itself", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, visit } = yield* startCall(server, {
        settings: { encoding: "mulaw" },
        accept: { type: "call.accept" }
      })
      media.emit({ _tag: "Digit", digit: "5", durationMs: 99.6 })
      assert.deepStrictEqual(yield* visit.next, { type: "digit", digit: "5", duration_ms: 100 })
      media.emit({ _tag: "Digit", digit: "#" })
      assert.deepStrictEqual(yield* visit.next, { type: "digit", digit: "#" })

      yield* visit.speak(new Uint8Array(800))
      yield* visit.say({ type: "mark", name: "greeting" })
      yield* visit.say({ type: "clear" })
      assert.deepStrictEqual(yield* visit.next, { type: "mark", name: "greeting", heard_ms: 7, cleared: true })
      assert.deepStrictEqual(yield* visit.next, { type: "cleared", heard_ms: 7, dropped_ms: 100 })
      assert.strictEqual(media.bytes().length, 0)

      media.emit({ _tag: "Mark", name: "later", heardMs: 1234.4, cleared: false })
      assert.deepStrictEqual(yield* visit.next, { type: "mark", name: "later", heard_ms: 1234 })
    })
  )

  it.live("plays what is queued before an agent's hang-up, and goes on answering marks meanwhile", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { end, events, media, running, visit } = yield* startCall(server, { settings: { encoding: "mulaw" } })
      yield* visit.speak(new Uint8Array(160))
      yield* visit.say({ type: "mark", name: "goodbye" })
      yield* visit.say({ type: "hangup" })
      yield* visit.say({ type: "event", name: "too late" })
      yield* visit.speak(new Uint8Array(160))
      yield* visit.understood
      assert.isUndefined(running.pollUnsafe())
      assert.strictEqual(media.byteCount(), 160, "audio after hangup was played")
      yield* media.letDrain
      assert.deepStrictEqual(yield* visit.next, { type: "mark", name: "goodbye", heard_ms: 20 })
      assert.deepStrictEqual(yield* end, { _tag: "HangUp", drain: true })
      assert.deepStrictEqual(events, [])
    })
  )

  it.live("does not wait when the agent hangs up now, or closes after its hang-up", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const first = yield* startCall(server)
      yield* first.visit.say({ type: "hangup", now: true })
      assert.deepStrictEqual(yield* first.end, { _tag: "HangUp", drain: false })

      const second = yield* startCall(server)
      yield* second.visit.say({ type: "hangup" })
      yield* Effect.sync(() => second.visit.socket.close(1000))
      yield* second.visit.closed
      yield* second.media.letDrain
      assert.deepStrictEqual(yield* second.end, { _tag: "HangUp", drain: true })

      const third = yield* startCall(server)
      yield* third.visit.say({ type: "hangup" })
      yield* third.visit.say({ type: "clear" })
      yield* third.visit.nextOf("cleared")
      yield* third.visit.say({ type: "transfer", destination: "+31" })
      yield* third.visit.say({ type: "hangup", now: true })
      assert.deepStrictEqual(yield* third.end, { _tag: "HangUp", drain: false })
    })
  )

  it.live("presses keys where the carrier can, and says where it cannot", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const able = yield* startCall(server)
      yield* able.visit.say({ type: "digits", digits: "12#" })
      yield* until(() => able.digits.length === 1)
      assert.deepStrictEqual(able.digits, ["12#"])

      const unable = yield* startCall(server, {
        refusals: { digits: { reason: "digits_not_supported", message: "not here" } }
      })
      yield* unable.visit.say({ type: "digits", digits: "12#" })
      assert.strictEqual((yield* unable.visit.nextOf("error")).code, "digits_not_supported")
    })
  )

  it.live("changes the recording of the call, and is told why that was not done", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { recordings, visit } = yield* startCall(server)
      for (const action of ["start", "pause", "resume", "stop"]) yield* visit.say({ type: "recording", action })
      yield* until(() => recordings.length === 4)
      assert.deepStrictEqual(recordings, ["start", "pause", "resume", "stop"])

      const refused = yield* startCall(server, {
        refusals: { recording: { reason: "not_recording", message: "There is none." } }
      })
      yield* refused.visit.say({ type: "recording", action: "pause" })
      assert.deepStrictEqual(yield* refused.visit.next, {
        type: "error",
        code: "not_recording",
        message: "There is none."
      })
      yield* refused.visit.say({ type: "recording", action: "burn" })
      assert.deepInclude(yield* refused.visit.next, { type: "error", code: "unreadable_message" })
    })
  )

  it.live("keeps what was said as events of their own kind", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { events, visit } = yield* startCall(server)
      yield* visit.say({ type: "event", name: "transcript.caller", data: { text: "Hello?", confidence: 0.9 } })
      yield* visit.say({ type: "event", name: "transcript.agent", data: { text: "Good morning." } })
      yield* visit.say({ type: "event", name: "transcript.agent", data: "no object" })
      yield* until(() => events.length === 3)
      assert.deepStrictEqual(events, [
        { kind: "transcript.caller", details: { text: "Hello?", confidence: 0.9 } },
        { kind: "transcript.agent", details: { text: "Good morning." } },
        { kind: "agent.event", details: { name: "transcript.agent", data: "no object" } }
      ])
    })
  )

  it.live("asks for its caller to be transferred, and hears how that goes on, or why it did not begin", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { leg, transfers, visit } = yield* startCall(server)
      yield* visit.say({ type: "transfer", destination: "+31201234567", timeout_s: 20, announcement: "A call for you" })
      yield* until(() => transfers.length === 1)
      assert.deepStrictEqual(transfers, [
        { destination: "+31201234567", timeoutSeconds: 20, announcement: "A call for you" }
      ])
      yield* leg.transferState?.({ state: "dialing" }) ?? Effect.void
      yield* leg.transferState?.({ state: "failed", reason: "busy" }) ?? Effect.void
      assert.deepStrictEqual(yield* visit.next, { type: "transfer.state", state: "dialing" })
      assert.deepStrictEqual(yield* visit.next, { type: "transfer.state", state: "failed", reason: "busy" })

      const refused = yield* startCall(server, { refusals: { transfer: "not_supported" } })
      yield* refused.visit.say({ type: "transfer", destination: "+31201234567" })
      assert.deepStrictEqual(yield* refused.visit.next, {
        type: "transfer.state",
        state: "failed",
        reason: "not_supported"
      })
    })
  )

  it.live("keeps the agent's events, within bounds", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { end, events, media, visit } = yield* startCall(server)
      yield* visit.say({ type: "event", name: "intent", data: { topic: "billing" } })
      yield* visit.say({ type: "event", name: "bare" })
      yield* visit.say({ type: "event", name: "large", data: "x".repeat(9000) })
      assert.strictEqual((yield* visit.nextOf("error")).code, "event_refused")
      yield* Effect.repeat(visit.say({ type: "event", name: "flood" }), { times: 200 })
      assert.strictEqual((yield* visit.nextOf("error")).code, "event_refused")
      yield* media.stop
      assert.deepStrictEqual(yield* end, { _tag: "MediaEnded" })
      assert.deepStrictEqual(events.slice(0, 2), [
        { kind: "agent.event", details: { name: "intent", data: { topic: "billing" } } },
        { kind: "agent.event", details: { name: "bare", data: null } }
      ])
      assert.isAtMost(events.length, 60)
    })
  )

  it.live("says why the call ended, then closes with 1000", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { close, end, leg, media, visit } = yield* startCall(server)
      yield* media.stop
      yield* end
      yield* leg.ended({ reason: "caller_hung_up", owner: "caller" })
      assert.deepStrictEqual(yield* visit.next, { type: "call.end", reason: "caller_hung_up", owner: "caller" })
      assert.strictEqual((yield* visit.closed).code, 1000)
      yield* close
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("closes with 1001 when the call's scope closes without a word", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { close, visit } = yield* startCall(server)
      yield* close
      assert.strictEqual((yield* visit.closed).code, 1001)
    })
  )
})
