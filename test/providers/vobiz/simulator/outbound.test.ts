import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { signV3 } from "../../../../src/providers/vobiz/simulator/signing.ts"
import {
  type Answer,
  credential,
  dialBody,
  listen,
  markup,
  ours,
  person,
  rest,
  start,
  streamTo,
  untilEffect
} from "./support.ts"

const stringIn = (answer: Answer, name: string) => String(answer.body[name])

describe("an outbound call", () => {
  it.effect("rings, asks, and tells its end, in order and signed", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => markup("<Speak>Hello</Speak><Hangup/>")
      const placed = yield* rest(carrier, "POST", "/Call/", dialBody(at))
      assert.strictEqual(placed.status, 200)
      assert.strictEqual(placed.body["message"], "Call fired")
      const call = yield* carrier.nextOutbound
      assert.deepStrictEqual([call.from, call.to], [ours, person])
      assert.strictEqual(placed.body["request_uuid"], call.id)
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.errors, [])
      assert.deepStrictEqual(
        at.arrived.map(({ fields, target }) => [target, fields["Event"], fields["CallStatus"]]),
        [
          ["/status/ring", "Ring", "ringing"],
          ["/answer/42", "StartApp", "in-progress"],
          ["/status/hangup", "Hangup", "completed"]
        ]
      )
      for (const { fields, headers, target } of at.arrived) {
        assert.deepStrictEqual(
          [fields["CallUUID"], fields["RequestUUID"], fields["ALegRequestUUID"]],
          [call.id, call.id, call.id]
        )
        assert.deepStrictEqual([fields["From"], fields["To"]], ["911140000001", "919800000001"])
        const nonce = String(headers["x-vobiz-signature-v3-nonce"])
        const token = credential(carrier, "auth_token")
        assert.strictEqual(headers["x-vobiz-signature-v3"], signV3(token, at.url + target, nonce))
      }
      assert.strictEqual(at.arrived[2]?.fields["HangupSource"], "Answer XML")
    }).pipe(Effect.scoped)
  )

  it.effect("rings without naming the account", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      yield* rest(carrier, "POST", "/Call/", dialBody(at))
      yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      const { fields } = at.arrived[0] ?? assert.fail("nothing arrived")
      assert.deepStrictEqual(Object.keys(fields), [
        "From",
        "To",
        "RequestUUID",
        "ALegRequestUUID",
        "CallUUID",
        "Direction",
        "Event",
        "CallStatus",
        "SessionStart",
        "STIRAttestation"
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("ends as the person decides", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => markup('<Wait length="60"/>')
      const outcomes = [
        [{ outcome: "busy" }, {}, "busy", "busy", "3010", ""],
        [{ outcome: "no-answer", afterMs: 40 }, {}, "no-answer", "no-answer", "3000", ""],
        [{ outcome: "no-answer" }, { ring_timeout: 0.2 }, "no-answer", "timeout", "6010", ""],
        [{ outcome: "answer", afterMs: 5000 }, { ring_timeout: 0.2 }, "no-answer", "timeout", "6010", ""],
        [{ outcome: "failed" }, {}, "failed", "failed", "3050", ""],
        [{ outcome: "failed", sipCode: 603 }, {}, "failed", "failed", "3110", ""],
        [{ outcome: "answer", hangUpAfterMs: 30 }, {}, "completed", "completed", "4000", "Call recipient"],
        [{ outcome: "answer" }, { time_limit: 0.2 }, "completed", "completed", "6000", "Vobiz"]
      ] as const
      for (const [behaviour, more, state, status, code, source] of outcomes) {
        yield* carrier.whenDialed(person, behaviour)
        yield* rest(carrier, "POST", "/Call/", { ...dialBody(at), ...more })
        const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
        const fields = end.callbacks.at(-1)?.fields ?? {}
        const told = [end.state, fields["CallStatus"], fields["HangupCauseCode"]]
        assert.deepStrictEqual(told, [state, status, code], JSON.stringify(behaviour))
        assert.strictEqual(fields["AnswerTime"] === "", source === "")
        if (source !== "") assert.strictEqual(fields["HangupSource"], source)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("is shown live, hung up and recorded by the API, in rupees and later", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start({ priceAfterMs: 300 })
      at.answer = () => streamTo(at)
      yield* rest(carrier, "POST", "/Call/", dialBody(at))
      const call = yield* carrier.nextOutbound
      yield* call.until((now) => now.media === "streaming")
      const path = `/Call/${call.id}/`
      const live = yield* rest(carrier, "GET", `${path}?status=live`)
      assert.deepStrictEqual(
        [live.status, live.body["call_status"], live.body["call_uuid"]],
        [200, "in-progress", call.id]
      )
      assert.strictEqual((yield* rest(carrier, "GET", path)).status, 404)
      assert.strictEqual((yield* rest(carrier, "GET", `${path}?status=queued`)).status, 404)
      assert.deepStrictEqual((yield* rest(carrier, "GET", "/Call?status=live")).body["calls"], [call.id])
      assert.strictEqual((yield* rest(carrier, "POST", `${path}DTMF/`, { digits: "12#", leg: "aleg" })).status, 202)
      assert.include((yield* call.now).notes, "digits: 12#")

      assert.strictEqual((yield* rest(carrier, "DELETE", path)).status, 204)
      assert.strictEqual((yield* rest(carrier, "DELETE", path)).status, 404)
      assert.strictEqual((yield* rest(carrier, "POST", `${path}DTMF/`, { digits: "1", leg: "aleg" })).status, 404)
      assert.strictEqual((yield* rest(carrier, "GET", `${path}?status=live`)).status, 404)
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupSource"], "API Request")
      const read = rest(carrier, "GET", `/cdr/${call.id}`)
      yield* untilEffect(Effect.map(read, ({ status }) => status === 200))
      const { body } = yield* read
      assert.strictEqual(body["success"], true)
      const text = JSON.stringify(body["data"])
      assert.match(text, /"currency":"INR"/)
      assert.match(text, /"total_cost":"\d+\.\d\d"/)
      assert.match(text, /"hangup_source":"API"/)
      assert.strictEqual((yield* rest(carrier, "GET", path)).status, 200)
    }).pipe(Effect.scoped)
  )

  it.effect("has no record before its price is known, and never one by an unknown id", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start({ priceAfterMs: 60_000 })
      yield* rest(carrier, "POST", "/Call/", dialBody(at))
      const call = yield* carrier.nextOutbound
      yield* call.settled
      assert.strictEqual((yield* rest(carrier, "GET", `/cdr/${call.id}`)).status, 404)
      assert.strictEqual((yield* rest(carrier, "GET", "/cdr/unknown")).status, 404)
      assert.strictEqual((yield* rest(carrier, "DELETE", "/Call/unknown/")).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("is canceled by the API while it rings", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      yield* carrier.whenDialed("*", { outcome: "no-answer" })
      yield* rest(carrier, "POST", "/Call/", dialBody(at))
      const call = yield* carrier.nextOutbound
      yield* call.until((now) => now.state === "ringing")
      yield* rest(carrier, "DELETE", `/Call/${call.id}/`)
      const end = yield* call.settled
      assert.strictEqual(end.state, "canceled")
      assert.strictEqual(end.callbacks.at(-1)?.fields["CallStatus"], "cancel")
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], "1000")
    }).pipe(Effect.scoped)
  )

  it.effect("opens the stream once more after DELETE without stop, and not after stop", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => streamTo(at)
      const texts = listen(at)
      const hungUp = Effect.fnUntraced(function* (stop: boolean) {
        yield* rest(carrier, "POST", "/Call/", dialBody(at))
        const call = yield* carrier.nextOutbound
        const before = texts.length
        yield* call.until((now) => now.media === "streaming")
        yield* call.until(() => texts.length > before)
        const streamId = /"streamId":"([^"]+)"/.exec(texts[before] ?? "")?.[1]
        at.refuse = () => 409
        if (stop) at.sockets.at(-1)?.send(JSON.stringify({ event: "stop", streamId }))
        yield* rest(carrier, "DELETE", `/Call/${call.id}/`)
        const end = yield* call.settled
        at.refuse = () => undefined
        return end.notes
      })
      assert.deepStrictEqual(yield* hungUp(false), [
        "phantom stream after the hang-up (no stop was sent) was refused: HTTP 409"
      ])
      assert.deepStrictEqual(yield* hungUp(true), [])
    }).pipe(Effect.scoped)
  )

  it.effect("leaves the stream alone after DELETE where it is told to", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start({ phantomReconnect: false })
      at.answer = () => streamTo(at)
      yield* rest(carrier, "POST", "/Call/", dialBody(at))
      const call = yield* carrier.nextOutbound
      yield* call.until((now) => now.media === "streaming")
      yield* rest(carrier, "DELETE", `/Call/${call.id}/`)
      assert.deepStrictEqual((yield* call.settled).notes, [])
      assert.lengthOf(at.upgrades, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("asks by GET where it is told to, and follows a redirect", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = ({ method }) =>
        method === "GET"
          ? markup(`<Redirect method="POST">${at.url}/next</Redirect>`)
          : markup("<Speak>there</Speak><Hangup/>")
      const answer_url = `${at.url}/answer/42?tenant=a%20b`
      yield* rest(carrier, "POST", "/Call/", { ...dialBody(at), answer_url, answer_method: "GET" })
      const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.deepStrictEqual(end.notes, ["said: there"])
      const { body, headers, target } = at.arrived.find(({ method }) => method === "GET") ?? assert.fail("no GET")
      assert.match(target, /^\/answer\/42\?tenant=a%20b&BillRate=/)
      assert.strictEqual(body, "")
      const nonce = String(headers["x-vobiz-signature-v3-nonce"])
      const expected = signV3(credential(carrier, "auth_token"), `${at.url}/answer/42`, nonce)
      assert.strictEqual(headers["x-vobiz-signature-v3"], expected)
      const next = at.arrived.find((each) => each.target === "/next")
      assert.deepInclude(next?.fields, { Event: "Redirect", CallStatus: "in-progress" })
    }).pipe(Effect.scoped)
  )

  it.effect("carries the verdict of machine detection, with and without a callback of its own", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => markup('<Wait length="60"/>')
      yield* carrier.whenDialed("*", { outcome: "answer", answeredBy: "machine", hangUpAfterMs: 1500 })
      const run = Effect.fnUntraced(function* (more: object) {
        yield* rest(carrier, "POST", "/Call/", { ...dialBody(at), ...more })
        return yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      })
      const waited = yield* run({ machine_detection: "true" })
      assert.strictEqual(waited.callbacks.find((sent) => sent.subject === "voice")?.fields["Machine"], "true")
      const url = { machine_detection_url: `${at.url}/status/amd` }
      const told = yield* run({ machine_detection: "hangup", ...url })
      const verdict = told.callbacks.find((sent) => sent.subject === "amd")?.fields ?? {}
      assert.deepInclude(verdict, { Event: "MachineDetection", Machine: "true", IfMachine: "hangup" })
      assert.isUndefined(told.callbacks.find((sent) => sent.subject === "voice")?.fields["Machine"])
      assert.strictEqual(told.callbacks.at(-1)?.fields["HangupCauseCode"], "9100")
    }).pipe(Effect.scoped)
  )
})

describe("the REST API", () => {
  it.effect("refuses bad dials, and reports what the documents do not have", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      const good = dialBody(at)
      const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([other]) => other !== name))
      const cases = [
        without("from"),
        without("to"),
        without("answer_url"),
        without("answer_method"),
        { ...good, to: "12" },
        { ...good, to: 919800000001 },
        { ...good, from: "912222222222" },
        { ...good, answer_url: "not a url" },
        { ...good, answer_url: "http://voice.example.com/x" },
        { ...good, hangup_method: "PUT" },
        { ...good, machine_detection: "maybe" }
      ]
      for (const body of cases) {
        const refused = yield* rest(carrier, "POST", "/Call/", body)
        assert.strictEqual(refused.status, 400, JSON.stringify(body))
        assert.isString(refused.body["error"])
      }
      const form = yield* rest(carrier, "POST", "/Call/", good, { "Content-Type": "text/plain" })
      assert.strictEqual(form.status, 422)
      assert.lengthOf(yield* carrier.calls, 0)
      const odd = yield* rest(carrier, "POST", "/Call/", { ...good, to: person, workflow: "x" })
      assert.strictEqual(odd.status, 200)
      const { errors } = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.include(errors, "ignored: there is no parameter workflow")
      assert.include(errors, "numbers of calls are documented without +")
    }).pipe(Effect.scoped)
  )

  it.effect("answers a wrong case or slash with 401, not 404", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      const id = credential(carrier, "auth_id")
      const wrong = ["/call/", "/Numbers", "/numbers/", "/application/", "/Application", "/CDR/x", "/cdr/x/", "/Call/x"]
      for (const path of wrong) assert.strictEqual((yield* rest(carrier, "GET", path)).status, 401, path)
      assert.strictEqual((yield* rest(carrier, "POST", "/Call", dialBody(at))).status, 405)
      assert.strictEqual((yield* rest(carrier, "GET", `//api/v1/account/${id}/numbers`)).status, 401)
      assert.strictEqual((yield* rest(carrier, "GET", "//api/v1/auth/Me")).status, 401)
      assert.strictEqual((yield* rest(carrier, "GET", "/Nothing/")).status, 404)
      assert.strictEqual((yield* rest(carrier, "GET", `//Account/${id}/numbers`)).status, 200)
    }).pipe(Effect.scoped)
  )

  it.effect("takes only its own account, by its own headers", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      const refused = yield* rest(carrier, "GET", "//api/v1/auth/me", undefined, { "X-Auth-Token": "guess" })
      assert.strictEqual(refused.status, 401)
      assert.match(JSON.stringify(refused.body), /"code":"INVALID_CREDENTIALS"/)
      const pair = `${credential(carrier, "auth_id")}:${credential(carrier, "auth_token")}`
      const basic = {
        "X-Auth-ID": "",
        "X-Auth-Token": "",
        Authorization: `Basic ${Buffer.from(pair).toString("base64")}`
      }
      assert.strictEqual((yield* rest(carrier, "GET", "/numbers", undefined, basic)).status, 401)
      assert.strictEqual((yield* rest(carrier, "GET", "//api/v1/Account/MA_OTHER001/numbers")).status, 401)
      const me = yield* rest(carrier, "GET", "//api/v1/auth/me")
      assert.deepStrictEqual([me.status, stringIn(me, "auth_id")], [200, credential(carrier, "auth_id")])

      const poor = yield* start({ standing: "no-balance" })
      assert.strictEqual((yield* rest(poor.carrier, "POST", "/Call/", dialBody(at))).status, 402)
    }).pipe(Effect.scoped)
  )

  it.effect("refuses calls over its limits", () =>
    Effect.gen(function* () {
      const fast = yield* start({ callsPerSecond: 1 })
      yield* fast.carrier.whenDialed("*", { outcome: "no-answer" })
      assert.strictEqual((yield* rest(fast.carrier, "POST", "/Call/", dialBody(fast.at))).status, 200)
      const over = yield* rest(fast.carrier, "POST", "/Call/", dialBody(fast.at))
      assert.strictEqual(over.status, 429)
      assert.match(
        JSON.stringify(over.body),
        /"details":\{"limitType":"calls_per_second","limit":1,"current":1,"retryAfter":1\}/
      )

      const { at, carrier } = yield* start({ concurrentCalls: 1 })
      yield* carrier.whenDialed("*", { outcome: "no-answer" })
      assert.strictEqual((yield* rest(carrier, "POST", "/Call/", dialBody(at))).status, 200)
      assert.strictEqual((yield* rest(carrier, "POST", "/Call/", dialBody(at))).status, 429)
      const call = yield* carrier.nextOutbound
      yield* call.hangUp
      yield* call.settled
      assert.strictEqual((yield* rest(carrier, "POST", "/Call/", dialBody(at))).status, 200)
    }).pipe(Effect.scoped)
  )
})
