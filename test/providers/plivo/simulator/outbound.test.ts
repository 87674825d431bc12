import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { FakeCarrier } from "../../../../src/simulator/SimulatorModule.ts"
import { arrived, type Service, xml } from "../../../simulator/service.ts"
import {
  accepts,
  credential,
  dialBody,
  echo,
  ours,
  person,
  rest,
  speech,
  mulaw,
  contains,
  start,
  streaming
} from "./peer.ts"

const dial = (carrier: FakeCarrier, peer: Service, more: Readonly<Record<string, unknown>> = {}) =>
  Effect.andThen(rest(carrier, "POST", "Call/", { ...dialBody(peer), ...more }), carrier.nextOutbound)

describe("an outbound call", () => {
  it.effect("tells its life in order, signed, with what the API then shows", () =>
    Effect.gen(function* () {
      const { carrier, peer, token } = yield* start()
      peer.answer = () => xml("<Speak>Hello</Speak>")
      const placed = yield* rest(carrier, "POST", "Call/", { ...dialBody(peer), sip_headers: "run=42" })
      assert.strictEqual(placed.status, 201)
      assert.strictEqual(placed.body["message"], "call fired")
      const call = yield* carrier.nextOutbound
      assert.strictEqual(placed.body["request_uuid"], call.id)
      assert.deepStrictEqual([call.from, call.to], [ours, person])
      const end = yield* call.settled
      assert.deepStrictEqual([end.state, end.errors], ["completed", []])
      assert.deepStrictEqual(
        peer.arrived.map(({ fields, target }) => [target, fields["Event"], fields["CallStatus"], fields["X-PH-run"]]),
        [
          ["/status/ring", "Ring", "ringing", "42"],
          ["/answer/run-42", "StartApp", "in-progress", "42"],
          ["/status/hangup", "Hangup", "completed", "42"]
        ]
      )
      for (const request of peer.arrived) {
        assert.isTrue(accepts(token, peer.url, request))
        const { fields } = request
        assert.deepStrictEqual([fields["From"], fields["To"]], ["14155550100", "442071838750"])
        for (const name of ["CallUUID", "RequestUUID", "ALegUUID", "ALegRequestUUID"]) {
          assert.strictEqual(fields[name], call.id)
        }
      }
      const hangup = arrived(peer, 2).fields
      assert.deepInclude(hangup, { HangupCauseCode: "4010", HangupCauseName: "End Of XML Instructions" })
      assert.deepInclude(hangup, { Duration: "1", BillDuration: "1", BillRate: "0.0085", TotalCost: "0.00850" })
      const names = arrived(peer, 2)
        .body.split("&")
        .map((pair) => pair.split("=")[0] ?? "")
      assert.deepStrictEqual(names, names.toSorted())

      const path = `Call/${call.id}/`
      assert.strictEqual((yield* rest(carrier, "GET", `${path}?status=live`)).status, 404)
      assert.strictEqual((yield* rest(carrier, "GET", `${path}?status=queued`)).status, 404)
      const record = yield* Effect.repeat(rest(carrier, "GET", path), {
        until: ({ body, status }) => status === 200 && body["total_amount"] !== "0.00000"
      })
      const { api_id: _, answer_time, end_time, initiation_time, ...rest_ } = record.body
      for (const time of [answer_time, end_time, initiation_time]) {
        assert.match(String(time), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00$/)
      }
      assert.deepStrictEqual(rest_, {
        bill_duration: 1,
        billed_duration: 60,
        call_direction: "outbound",
        call_duration: 1,
        call_state: "ANSWER",
        call_uuid: call.id,
        conference_uuid: null,
        from_number: "14155550100",
        hangup_cause_code: 4010,
        hangup_cause_name: "End Of XML Instructions",
        hangup_source: "Answer XML",
        parent_call_uuid: null,
        resource_uri: `/v1/Account/${credential(carrier, "auth_id")}/Call/${call.id}/`,
        stir_attestation: "",
        stir_verification: "Not Applicable",
        to_number: "442071838750",
        total_amount: "0.00850",
        total_rate: "0.00850",
        voice_network_group: ""
      })
      const list = yield* rest(carrier, "GET", "Call/?limit=20&to_number=442071838750")
      assert.include(list.text, call.id)
      assert.notInclude((yield* rest(carrier, "GET", "Call/?to_number=15550000000")).text, call.id)
    }).pipe(Effect.scoped)
  )

  it.effect("talks through its media socket, and is hung up by the API while it is live", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const said = speech(200)
      yield* carrier.whenDialed(person, { outcome: "answer", audio: { format: mulaw, bytes: said } })
      peer.answer = () => streaming(peer)
      peer.onMessage = echo
      const call = yield* dial(carrier, peer)
      yield* call.until((now) => contains(now.heard.played, said))
      const path = `Call/${call.id}/`
      const live = yield* rest(carrier, "GET", `${path}?status=live`)
      assert.deepInclude(live.body, { call_status: "in-progress", call_uuid: call.id, direction: "outbound" })
      assert.strictEqual((yield* rest(carrier, "GET", path)).status, 404)
      assert.deepStrictEqual((yield* rest(carrier, "GET", "Call/?status=live")).body["calls"], [call.id])
      const gone = yield* rest(carrier, "DELETE", path)
      assert.deepStrictEqual([gone.status, gone.text], [204, ""])
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepInclude(end.callbacks.at(-1)?.fields ?? {}, { HangupCauseCode: "4000", HangupSource: "API Request" })
      assert.strictEqual((yield* rest(carrier, "DELETE", path)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("that nobody answers has no answer webhook, only ring and hangup", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const outcomes = [
        [{ outcome: "busy" }, "busy", "busy", "USER_BUSY", "3010"],
        [{ outcome: "no-answer", afterMs: 40 }, "no-answer", "no-answer", "NO_ANSWER", "3000"],
        [{ outcome: "no-answer" }, "no-answer", "timeout", "ORIGINATOR_CANCEL", "6010"],
        [{ outcome: "failed" }, "failed", "failed", "UNALLOCATED_NUMBER", "3050"],
        [{ outcome: "failed", sipCode: 603 }, "failed", "failed", "CALL_REJECTED", "3110"]
      ] as const
      for (const [behaviour, state, status, cause, code] of outcomes) {
        yield* carrier.whenDialed(person.slice(1), behaviour)
        const call = yield* dial(carrier, peer, { ring_timeout: 1 })
        const end = yield* call.settled
        assert.strictEqual(end.state, state)
        assert.deepStrictEqual(
          end.callbacks.map(({ subject }) => subject),
          ["status:Ring", "status:Hangup"]
        )
        assert.deepInclude(end.callbacks.at(-1)?.fields ?? {}, {
          CallStatus: status,
          HangupCause: cause,
          HangupCauseCode: code,
          AnswerTime: "",
          Duration: "0",
          TotalCost: "0.00000"
        })
      }
    }).pipe(Effect.scoped)
  )

  it.effect("ends when the person declines, hangs up, or the time limit is reached", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => xml('<Wait length="60"/>')
      yield* carrier.whenDialed(person, { outcome: "no-answer" })
      const ringing = yield* dial(carrier, peer)
      yield* ringing.until((now) => now.state === "ringing")
      yield* ringing.hangUp
      assert.deepInclude((yield* ringing.settled).callbacks.at(-1)?.fields ?? {}, { HangupCauseCode: "3020" })

      yield* carrier.whenDialed(person, { outcome: "answer", hangUpAfterMs: 30 })
      const brief = yield* Effect.flatMap(dial(carrier, peer), (call) => call.settled)
      assert.deepInclude(brief.callbacks.at(-1)?.fields ?? {}, { HangupCauseCode: "4000", HangupSource: "Callee" })

      yield* carrier.whenDialed(person, { outcome: "answer" })
      const limited = yield* Effect.flatMap(dial(carrier, peer, { time_limit: 1 }), (call) => call.settled)
      assert.deepInclude(limited.callbacks.at(-1)?.fields ?? {}, { HangupCauseCode: "6000", CallStatus: "completed" })
    }).pipe(Effect.scoped)
  )

  it.effect("that waits in the queue is found under its request only", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start({ callsPerSecond: 0.01, separateRequestIds: true })
      const first = yield* rest(carrier, "POST", "Call/", dialBody(peer))
      const second = yield* rest(carrier, "POST", "Call/", dialBody(peer))
      assert.deepStrictEqual([first.body["message"], second.body["message"]], ["call fired", "call queued"])
      yield* carrier.nextOutbound
      const call = yield* carrier.nextOutbound
      const request = String(second.body["request_uuid"])
      assert.notStrictEqual(request, call.id)
      const queued = yield* rest(carrier, "GET", `Call/${call.id}/?status=queued`)
      assert.deepInclude(queued.body, { call_status: "queued", request_uuid: request })
      assert.strictEqual((yield* rest(carrier, "DELETE", `Call/${call.id}/`)).status, 404)
      assert.strictEqual((yield* rest(carrier, "DELETE", `Request/${request}/`)).status, 204)
      const end = yield* call.settled
      assert.deepStrictEqual(
        [end.state, end.callbacks.map(({ fields }) => [fields["Event"], fields["CallStatus"]])],
        ["canceled", [["Hangup", "cancel"]]]
      )
      assert.strictEqual((yield* rest(carrier, "DELETE", `Request/${request}/`)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("may say completed of a call that nobody answered", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start({ unansweredAsCompleted: true })
      yield* carrier.whenDialed("*", { outcome: "busy" })
      const end = yield* Effect.flatMap(dial(carrier, peer), (call) => call.settled)
      assert.strictEqual(end.state, "busy")
      assert.deepInclude(end.callbacks.at(-1)?.fields ?? {}, { CallStatus: "completed", HangupCauseCode: "3010" })
    }).pipe(Effect.scoped)
  )

  it.effect("from a number that is not the account's is taken on and fails with 3030", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const end = yield* Effect.flatMap(dial(carrier, peer, { from: "15550001111" }), (call) => call.settled)
      assert.deepStrictEqual(
        end.callbacks.map(({ fields }) => [fields["Event"], fields["HangupCauseCode"]]),
        [["Hangup", "3030"]]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("carries the verdict of machine detection, with and without a URL of its own", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => xml('<Wait length="1"/>')
      yield* carrier.whenDialed(person, { outcome: "answer", answeredBy: "machine" })
      const waited = yield* Effect.flatMap(dial(carrier, peer, { machine_detection: "true" }), (call) => call.settled)
      assert.deepInclude(waited.callbacks.find(({ subject }) => subject === "voice")?.fields ?? {}, { Machine: "true" })

      const url = { machine_detection: true, machine_detection_url: `${peer.url}/status/amd` }
      const told = yield* Effect.flatMap(dial(carrier, peer, url), (call) => call.settled)
      const verdict = told.callbacks.find(({ subject }) => subject === "amd")?.fields ?? {}
      assert.deepInclude(verdict, { Event: "MachineDetection", Machine: "true", IfMachine: "continue" })
      assert.isUndefined(told.callbacks.find(({ subject }) => subject === "voice")?.fields["Machine"])

      for (const more of [{ ...url, machine_detection: "hangup" }, { machine_detection: "hangup" }]) {
        const ended = yield* Effect.flatMap(dial(carrier, peer, more), (call) => call.settled)
        assert.deepInclude(ended.callbacks.at(-1)?.fields ?? {}, { HangupCauseCode: "9100", CallStatus: "completed" })
      }
    }).pipe(Effect.scoped)
  )

  it.effect("sends its hangup to the answer URL where none of its own was given", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.whenDialed("*", { outcome: "busy" })
      yield* Effect.flatMap(dial(carrier, peer, { hangup_url: undefined }), (call) => call.settled)
      assert.deepStrictEqual(
        peer.arrived.map(({ fields, target }) => [target, fields["Event"]]),
        [
          ["/status/ring", "Ring"],
          ["/answer/run-42", "Hangup"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("to several destinations has a list of ids", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const placed = yield* rest(carrier, "POST", "Call/", { ...dialBody(peer), to: "442071838750<442071838751" })
      const calls = [yield* carrier.nextOutbound, yield* carrier.nextOutbound]
      assert.deepStrictEqual(
        placed.body["request_uuid"],
        calls.map(({ id }) => id)
      )
      yield* Effect.forEach(calls, (call) => call.settled)
    }).pipe(Effect.scoped)
  )
})
