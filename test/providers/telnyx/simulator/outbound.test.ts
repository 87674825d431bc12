import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  accepts,
  command,
  echo,
  eventsOf,
  messagesOf,
  namesOf,
  ours,
  rest,
  start,
  streamParameters,
  textOf,
  theirs,
  until
} from "./peer.ts"

const mulaw = { encoding: "mulaw", sampleRate: 8000 } as const
const speech = Uint8Array.from({ length: 3200 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)

describe("an outbound call", () => {
  it.effect("connects its stream while it rings, and starts it with the answer", () =>
    Effect.gen(function* () {
      const { carrier, dialBody, peer } = yield* start()
      peer.onMessage = echo
      yield* carrier.whenDialed(theirs, {
        outcome: "answer",
        afterMs: 2000,
        audio: { format: mulaw, bytes: speech }
      })
      const client_state = Buffer.from("run 42").toString("base64")
      const placed = yield* rest(carrier, "POST", "/calls", { ...dialBody, ...streamParameters(peer), client_state })
      assert.strictEqual(placed.status, 200)
      assert.deepInclude(placed.data, { record_type: "call", is_alive: false })
      const call = yield* carrier.nextOutbound
      assert.strictEqual(placed.data["call_control_id"], call.id)
      yield* until(() => peer.messages.length > 0)
      yield* call.until(({ state }) => state === "ringing")
      assert.deepStrictEqual(messagesOf(peer), [{ event: "connected", version: "1.0.0" }])
      const heard = yield* call.until((now) => Buffer.from(now.heard.played).includes(Buffer.from(speech)))
      assert.strictEqual(heard.state, "in-progress")
      const shown = yield* rest(carrier, "GET", `/calls/${call.id}`)
      assert.deepInclude(shown.data, { is_alive: true, client_state, call_leg_id: placed.data["call_leg_id"] })
      assert.isUndefined(shown.data["end_time"])
      const active = `/connections/${textOf(dialBody["connection_id"])}/active_calls`
      assert.deepStrictEqual(
        (yield* rest(carrier, "GET", active)).list.map((each) => [each["call_control_id"], each["client_state"]]),
        [[call.id, client_state]]
      )
      assert.strictEqual((yield* rest(carrier, "GET", "/connections/1/active_calls")).status, 404)
      yield* call.hangUp
      const end = yield* call.settled
      assert.deepStrictEqual((yield* rest(carrier, "GET", active)).list, [])
      assert.deepStrictEqual(end.errors, [])
      assert.deepStrictEqual(namesOf(peer, call.id), [
        "call.initiated",
        "call.answered",
        "streaming.started",
        "streaming.stopped",
        "call.hangup"
      ])
      const [initiated, answer, , , hangup] = eventsOf(peer)
      assert.deepInclude(initiated?.payload, { direction: "outgoing", state: "bridging", client_state })
      assert.deepInclude(answer?.payload, { state: "answered", codec: "PCMU", sampling_rate: 8000 })
      assert.deepInclude(hangup?.payload, { hangup_cause: "normal_clearing", hangup_source: "callee" })
      for (const request of peer.arrived) assert.isTrue(yield* accepts(carrier, request))
      const over = yield* rest(carrier, "GET", `/calls/${encodeURIComponent(call.id)}`)
      assert.strictEqual(over.data["is_alive"], false)
      assert.isString(over.data["end_time"])
    }).pipe(Effect.scoped)
  )

  it.effect("ends as the destination decides", () =>
    Effect.gen(function* () {
      const { carrier, dialBody, peer } = yield* start()
      const outcomes = [
        [{ outcome: "busy" }, "busy", "user_busy", "486"],
        [{ outcome: "no-answer", afterMs: 60 }, "no-answer", "no_answer", "480"],
        [{ outcome: "failed" }, "failed", "not_found", "404"],
        [{ outcome: "failed", sipCode: 480 }, "no-answer", "normal_clearing", "480"],
        [{ outcome: "failed", sipCode: 603 }, "failed", "call_rejected", "603"],
        [{ outcome: "failed", sipCode: 500 }, "failed", "unspecified", "500"],
        [{ outcome: "answer", hangUpAfterMs: 30 }, "completed", "normal_clearing", "200"]
      ] as const
      for (const [behaviour, state, cause, sip] of outcomes) {
        yield* carrier.whenDialed(theirs, behaviour)
        yield* rest(carrier, "POST", "/calls", { ...dialBody, ...streamParameters(peer) })
        const call = yield* carrier.nextOutbound
        const end = yield* call.settled
        assert.strictEqual(end.state, state)
        assert.deepInclude(end.callbacks.at(-1)?.fields, { hangup_cause: cause, sip_hangup_cause: sip })
        if (behaviour.outcome === "busy") {
          assert.deepStrictEqual(namesOf(peer, call.id), ["call.initiated", "call.hangup"])
          assert.strictEqual(end.media, "ended")
          assert.notInclude(
            messagesOf(peer).map(({ event }) => event),
            "stop"
          )
        }
      }
    }).pipe(Effect.scoped)
  )

  it.effect("cuts the socket of a call that is never answered, without start and stop", () =>
    Effect.gen(function* () {
      const { carrier, dialBody, peer } = yield* start()
      const closed: Array<number> = []
      peer.onMessage = (socket, text) => {
        if (text.includes('"connected"')) socket.on("close", (code) => closed.push(code))
      }
      yield* carrier.whenDialed(theirs, { outcome: "no-answer" })
      yield* rest(carrier, "POST", "/calls", { ...dialBody, ...streamParameters(peer) })
      const call = yield* carrier.nextOutbound
      yield* until(() => peer.messages.length > 0)
      yield* call.hangUp
      yield* call.settled
      yield* until(() => closed.length > 0)
      assert.deepStrictEqual(closed, [1006])
      assert.deepStrictEqual(messagesOf(peer), [{ event: "connected", version: "1.0.0" }])
    }).pipe(Effect.scoped)
  )

  it.effect("is timed out, given up, declined and limited", () =>
    Effect.gen(function* () {
      const { carrier, dialBody } = yield* start()
      yield* carrier.whenDialed(theirs, { outcome: "no-answer" })
      const ring = { ...dialBody, timeout_secs: 5 }
      yield* rest(carrier, "POST", "/calls", ring)
      const timedOut = yield* carrier.nextOutbound
      yield* rest(carrier, "POST", "/calls", { ...ring, retry_on_timeout: false })
      const aborted = yield* carrier.nextOutbound

      yield* rest(carrier, "POST", "/calls", dialBody)
      const ringing = yield* carrier.nextOutbound
      yield* ringing.until(({ state }) => state === "ringing")
      const early = yield* command(carrier, ringing.id, "speak", { payload: "a", voice: "female" })
      assert.deepStrictEqual([early.status, early.codes], [422, ["90034"]])
      const wrong = yield* command(carrier, ringing.id, "answer", {})
      assert.deepStrictEqual([wrong.status, wrong.codes], [422, ["90102"]])
      yield* command(carrier, ringing.id, "hangup", {})
      const given = yield* ringing.settled
      assert.strictEqual(given.state, "canceled")
      assert.deepInclude(given.callbacks.at(-1)?.fields, { hangup_cause: "originator_cancel", hangup_source: "caller" })

      yield* rest(carrier, "POST", "/calls", dialBody)
      const declined = yield* carrier.nextOutbound
      yield* declined.until(({ state }) => state === "ringing")
      yield* declined.hangUp
      const decline = yield* declined.settled
      assert.strictEqual(decline.state, "busy")
      assert.deepInclude(decline.callbacks.at(-1)?.fields, { hangup_cause: "call_rejected", sip_hangup_cause: "486" })

      assert.strictEqual((yield* timedOut.settled).callbacks.at(-1)?.fields["hangup_cause"], "timeout")
      assert.strictEqual((yield* aborted.settled).callbacks.at(-1)?.fields["hangup_cause"], "no_answer")
    }).pipe(Effect.scoped)
  )

  it.effect("carries the verdicts of machine detection as events of their own", () =>
    Effect.gen(function* () {
      const { carrier, dialBody, peer } = yield* start()
      const verdicts = Effect.fnUntraced(function* (
        answering_machine_detection: string,
        answeredBy: "human" | "machine" | "fax" | "unknown"
      ) {
        yield* carrier.whenDialed(theirs, { outcome: "answer", answeredBy, hangUpAfterMs: 900 })
        yield* rest(carrier, "POST", "/calls", { ...dialBody, answering_machine_detection })
        const call = yield* carrier.nextOutbound
        yield* call.settled
        return eventsOf(peer).flatMap(({ event_type, payload }) =>
          payload["call_control_id"] === call.id && event_type.includes("machine")
            ? [`${event_type.slice(13)} ${textOf(payload["result"])}`]
            : []
        )
      })
      assert.deepStrictEqual(yield* verdicts("detect", "human"), ["detection.ended human"])
      assert.deepStrictEqual(yield* verdicts("greeting_end", "machine"), [
        "detection.ended machine",
        "greeting.ended ended"
      ])
      assert.deepStrictEqual(yield* verdicts("premium", "fax"), ["premium.detection.ended fax_detected"])
      assert.deepStrictEqual(yield* verdicts("disabled", "machine"), [])
    }).pipe(Effect.scoped)
  )

  it.effect("tells its cost after the end when the application wants that", () =>
    Effect.gen(function* () {
      const { carrier, dialBody, peer } = yield* start()
      const path = `/call_control_applications/${dialBody.connection_id}`
      const change = { application_name: "x", webhook_event_url: `${peer.url}/in`, call_cost_in_webhooks: true }
      yield* rest(carrier, "PATCH", path, change)
      yield* carrier.whenDialed("*", { outcome: "answer", hangUpAfterMs: 50 })
      yield* rest(carrier, "POST", "/calls", dialBody)
      yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      const cost = eventsOf(peer).at(-1)
      assert.strictEqual(cost?.event_type, "call.cost")
      assert.deepInclude(cost?.payload, { total_cost: "0.0105", billed_duration_secs: 60, status: "success" })
    }).pipe(Effect.scoped)
  )

  it.effect("is placed once however often the same command comes, and again without it", () =>
    Effect.gen(function* () {
      const { carrier, dialBody } = yield* start()
      const once = { ...dialBody, command_id: "9f1c2c6e-3d3b-4f0e-9c55-3f4b1a6a7a10" }
      const [one, two] = yield* Effect.all(
        [rest(carrier, "POST", "/calls", once), rest(carrier, "POST", "/calls", once)],
        {
          concurrency: 2
        }
      )
      assert.deepStrictEqual(one.data, two.data)
      assert.lengthOf(yield* carrier.calls, 1)
      const call = yield* carrier.nextOutbound
      yield* call.until(({ state }) => state === "in-progress")
      const end = { command_id: "end" }
      assert.strictEqual((yield* command(carrier, call.id, "hangup", end)).status, 200)
      assert.strictEqual((yield* command(carrier, call.id, "hangup", end)).status, 200)
      assert.strictEqual((yield* command(carrier, call.id, "hangup", { command_id: "other" })).status, 422)
      assert.deepStrictEqual([call.from, call.to, call.direction], [ours, theirs, "outbound"])
    }).pipe(Effect.scoped)
  )
})
