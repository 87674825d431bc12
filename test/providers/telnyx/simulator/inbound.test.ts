import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { AudioFormat } from "../../../../src/Audio.ts"
import {
  accepts,
  answered,
  command,
  credential,
  echo,
  eventOf,
  eventsOf,
  messagesOf,
  namesOf,
  ours,
  rest,
  start,
  streamParameters,
  textOf,
  theirs
} from "./peer.ts"
import { arrived } from "../../../simulator/service.ts"

const mulaw: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
/** Bytes that never repeat a run of 160, so that order matters. */
const speech = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)
const contains = (whole: Uint8Array, part: Uint8Array) => Buffer.from(whole).includes(Buffer.from(part))

describe("an inbound call", () => {
  it.effect("is parked, announced to the application, and rings until somebody acts", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const call = yield* carrier.placeInbound({ from: theirs, to: ours, fields: { caller_id_name: "Zoë 🚀" } })
      yield* call.until(({ answers }) => answers.length > 0)
      const request = arrived(peer, 0)
      assert.strictEqual(request.headers["user-agent"], "telnyx-webhooks")
      assert.strictEqual(request.headers["content-type"], "application/json")
      assert.isTrue(yield* accepts(carrier, request))
      assert.isFalse(yield* accepts(carrier, { ...request, body: request.body.replace("incoming", "outgoing") }))
      const event = eventOf(request)
      assert.strictEqual(event.target, "/inbound")
      assert.strictEqual(event.attempt, 1)
      assert.strictEqual(event.delivered_to, `${peer.url}/inbound`)
      assert.match(event.occurred_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
      assert.deepInclude(event.payload, {
        call_control_id: call.id,
        connection_id: credential(carrier, "connection_id"),
        direction: "incoming",
        state: "parked",
        from: theirs,
        to: ours,
        client_state: null,
        caller_id_name: "Zoë 🚀",
        offered_codecs: "PCMU,G729"
      })
      assert.strictEqual((yield* call.now).state, "ringing")
      assert.lengthOf(peer.upgrades, 0)
      yield* call.hangUp
      const end = yield* call.settled
      assert.strictEqual(end.state, "canceled")
      assert.deepInclude(end.callbacks.at(-1)?.fields, {
        event_type: "call.hangup",
        hangup_cause: "originator_cancel",
        hangup_source: "caller"
      })
    }).pipe(Effect.scoped)
  )

  it.effect("hears from an echo exactly what it said, and carries digits on the stream and by webhook", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.onMessage = echo
      const said = speech(400)
      const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio: { format: mulaw, bytes: said } })
      yield* call.until(({ answers }) => answers.length > 0)
      const client_state = Buffer.from('{"run":42}').toString("base64")
      const body = { ...streamParameters(peer), webhook_url: `${peer.url}/events/42`, client_state }
      const answer = yield* command(carrier, call.id, "answer", body)
      assert.deepStrictEqual([answer.status, answer.data], [200, { result: "ok" }])
      yield* call.until(({ callbacks }) => callbacks.some(({ subject }) => subject === "stream:started"))
      yield* call.pressDigits("1#")
      const heard = yield* call.until((now) => contains(now.heard.played, said))
      assert.isTrue(Buffer.from(heard.said).equals(said))
      yield* call.hangUp
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.errors, [])

      const messages = messagesOf(peer)
      assert.deepStrictEqual(messages[0], { event: "connected", version: "1.0.0" })
      const streamId = messages[1]?.["stream_id"]
      assert.match(textOf(streamId), /^[0-9A-F]{8}-[0-9A-F-]{27}$/)
      assert.deepInclude(messages[1], { event: "start", sequence_number: "1" })
      assert.deepInclude(messages[1]?.["start"], {
        call_control_id: call.id,
        from: theirs,
        to: ours,
        client_state,
        custom_parameters: [],
        media_format: { encoding: "PCMU", sample_rate: 8000, channels: 1 }
      })
      assert.deepInclude(messages[2], { event: "media", sequence_number: "2", stream_id: streamId })
      assert.deepInclude(messages[2]?.["media"], { track: "inbound", chunk: "1", timestamp: "0" })
      assert.deepInclude(messages.find(({ event }) => event === "dtmf")?.["dtmf"], { digit: "1" })
      const stop = messages.at(-1)
      assert.strictEqual(stop?.["event"], "stop")
      assert.deepInclude(stop?.["stop"], { call_control_id: call.id })
      assert.isUndefined(peer.upgrades[0]?.headers["sec-websocket-protocol"])

      const names = namesOf(peer, call.id)
      assert.deepStrictEqual(names, [
        "call.initiated",
        "call.answered",
        "streaming.started",
        "call.dtmf.received",
        "call.dtmf.received",
        "streaming.stopped",
        "call.hangup"
      ])
      const after = eventsOf(peer).slice(1)
      assert.isTrue(
        after.every(({ payload, target }) => target === "/events/42" && payload["client_state"] === client_state)
      )
      assert.deepInclude(after.at(-1)?.payload, {
        hangup_cause: "normal_clearing",
        hangup_source: "caller",
        sip_hangup_cause: "200",
        state: "hangup"
      })
      for (const request of peer.arrived) assert.isTrue(yield* accepts(carrier, request))
      assert.match(peer.arrived.at(-1)?.body ?? "", /^\{\n {2}"data"[^]*\n$/)
    }).pipe(Effect.scoped)
  )

  it.effect("goes on in silence when our side closes the socket, and ends by the hangup command only", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const { carrier, peer } = setting
      const call = yield* answered(setting)
      peer.sockets[0]?.close(1000)
      yield* call.until(({ media }) => media === "ended")
      yield* call.until(({ callbacks }) => callbacks.some(({ subject }) => subject === "stream:stopped"))
      assert.strictEqual((yield* call.now).state, "in-progress")
      assert.strictEqual((yield* command(carrier, call.id, "hangup", {})).status, 200)
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepInclude(end.callbacks.at(-1)?.fields, { hangup_cause: "normal_clearing", hangup_source: "callee" })
      const again = yield* command(carrier, call.id, "hangup", {})
      assert.deepStrictEqual([again.status, again.codes], [422, ["90018"]])
    }).pipe(Effect.scoped)
  )

  it.effect("gets stop before the hang-up when our side ends it", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const call = yield* answered(setting)
      yield* command(setting.carrier, call.id, "hangup", {})
      yield* call.settled
      assert.strictEqual(messagesOf(setting.peer).at(-1)?.["event"], "stop")
      assert.deepStrictEqual(namesOf(setting.peer, call.id).slice(-2), ["streaming.stopped", "call.hangup"])
    }).pipe(Effect.scoped)
  )

  it.effect("is refused by reject; what the webhook is answered with does nothing", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => ({ status: 403, type: "application/json", body: '{"error":"no"}' })
      const cases = [
        ["USER_BUSY", "busy", "user_busy"],
        ["CALL_REJECTED", "failed", "call_rejected"]
      ] as const
      for (const [cause, state, told] of cases) {
        const call = yield* carrier.placeInbound({ from: theirs, to: ours })
        const refused = yield* call.until(({ errors }) => errors.length > 0)
        assert.strictEqual(refused.state, "ringing")
        assert.deepStrictEqual(refused.errors, ["webhook call.initiated got HTTP 403"])
        const bad = yield* command(carrier, call.id, "reject", { cause: "BECAUSE" })
        assert.deepStrictEqual([bad.status, bad.codes], [422, ["10032"]])
        assert.strictEqual((yield* command(carrier, call.id, "reject", { cause })).status, 200)
        const end = yield* call.settled
        assert.strictEqual(end.state, state)
        assert.strictEqual(end.callbacks.at(-1)?.fields["hangup_cause"], told)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("is hung up when the application wants a first command in time", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const path = `/call_control_applications/${credential(carrier, "connection_id")}`
      const change = { first_command_timeout: true, first_command_timeout_secs: 1 }
      yield* rest(carrier, "PATCH", path, { application_name: "x", webhook_event_url: `${peer.url}/in`, ...change })
      const end = yield* Effect.flatMap(carrier.placeInbound({ from: theirs, to: ours }), (call) => call.settled)
      assert.strictEqual(end.callbacks.at(-1)?.fields["hangup_cause"], "timeout")
    }).pipe(Effect.scoped)
  )

  it.effect("speaks an apology without a stream, and is never answered twice", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const { carrier, peer } = setting
      const call = yield* answered(setting, {})
      const again = yield* command(carrier, call.id, "answer", {})
      assert.strictEqual(again.status, 422)
      yield* command(carrier, call.id, "speak", { payload: "Sorry", voice: "female", language: "en-US" })
      yield* call.until(({ callbacks }) => callbacks.some(({ subject }) => subject === "status:call.speak.ended"))
      yield* command(carrier, call.id, "hangup", {})
      const end = yield* call.settled
      assert.include(end.notes, "said: Sorry")
      assert.strictEqual(end.media, "none")
      assert.includeMembers(namesOf(peer, call.id), ["call.speak.started", "call.speak.ended"])
    }).pipe(Effect.scoped)
  )

  it.effect("starts and stops a stream after the answer, one at a time", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const { carrier, peer } = setting
      const call = yield* answered(setting, {})
      const custom_parameters = [{ name: "run", value: "42" }]
      const none = yield* command(carrier, call.id, "streaming_stop", {})
      assert.deepStrictEqual(none.codes, ["90048"])
      const started = yield* command(carrier, call.id, "streaming_start", {
        ...streamParameters(peer),
        custom_parameters
      })
      assert.match(textOf(started.data["stream_id"]), /^[0-9A-F-]{36}$/)
      yield* call.until(({ media }) => media === "streaming")
      const second = yield* command(carrier, call.id, "streaming_start", streamParameters(peer))
      assert.deepStrictEqual(second.codes, ["90045"])
      yield* command(carrier, call.id, "streaming_stop", {})
      yield* call.until(({ callbacks }) => callbacks.some(({ subject }) => subject === "stream:stopped"))
      assert.deepInclude(messagesOf(peer)[1]?.["start"], { custom_parameters })
      assert.strictEqual((yield* call.now).state, "in-progress")
    }).pipe(Effect.scoped)
  )
})
