import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import webhooks from "twilio/lib/webhooks/webhooks.js"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { SimulatorOptions } from "../../src/simulator/SimulatorModule.ts"
import { credential, ownedNumber, rest } from "./rest.ts"
import { arrived, connectStream, service, xml } from "./service.ts"

const from = "+14155550123"
const to = "+442071838750"
const events = ["initiated", "ringing", "answered", "completed"]

const start = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const carrier = yield* simulator.start(options)
  const ours = yield* service
  yield* carrier.ownNumber(from)
  const form: ReadonlyArray<readonly [string, string]> = [
    ["To", to],
    ["From", from],
    ["Url", `${ours.url}/answer/run-42`],
    ["StatusCallback", `${ours.url}/status/run-42`],
    ...events.map((event) => ["StatusCallbackEvent", event] as const)
  ]
  return { carrier, ours, form }
})

describe("an outbound call", () => {
  it.effect("tells its life in order, signed, with what the API then shows", () =>
    Effect.gen(function* () {
      const { carrier, form, ours } = yield* start()
      ours.answer = () => xml("<Say>Hello</Say>")
      const placed = yield* rest(carrier, "POST", "Calls.json", form)
      assert.strictEqual(placed.status, 201)
      assert.strictEqual(placed.body["status"], "queued")
      const call = yield* carrier.nextOutbound
      assert.strictEqual(placed.body["sid"], call.id)
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      const status = ours.arrived.filter(({ target }) => target === "/status/run-42")
      assert.deepStrictEqual(
        status.map(({ fields }) => [fields["SequenceNumber"], fields["CallStatus"]]),
        [
          ["0", "initiated"],
          ["1", "ringing"],
          ["2", "in-progress"],
          ["3", "completed"]
        ]
      )
      assert.strictEqual(status[3]?.fields["SipResponseCode"], "200")
      for (const { fields, headers, target } of ours.arrived) {
        const signature = String(headers["x-twilio-signature"])
        const token = credential(carrier, "auth_token")
        assert.isTrue(webhooks.validateRequest(token, signature, ours.url + target, fields))
      }
      const shown = yield* rest(carrier, "GET", `Calls/${call.id}.json`)
      assert.strictEqual(shown.body["status"], "completed")
      assert.strictEqual(shown.body["duration"], "0")
      const since = encodeURIComponent(String(shown.body["start_time"]))
      const list = yield* rest(carrier, "GET", `Calls.json?To=${encodeURIComponent(to)}&StartTime%3E=${since}`)
      assert.include(JSON.stringify(list.body), call.id)
      const none = yield* rest(carrier, "GET", "Calls.json?To=%2B15550000000")
      assert.deepStrictEqual(none.body["calls"], [])
    }).pipe(Effect.scoped)
  )

  it.effect("ends as the person decides", () =>
    Effect.gen(function* () {
      const { carrier, form, ours } = yield* start()
      const outcomes = [
        [{ outcome: "busy" }, "busy", "486"],
        [{ outcome: "no-answer", afterMs: 40 }, "no-answer", "487"],
        [{ outcome: "failed", sipCode: 404 }, "failed", "404"],
        [{ outcome: "answer", hangUpAfterMs: 30 }, "completed", "200"]
      ] as const
      ours.answer = () => xml('<Pause length="60"/>')
      for (const [behaviour, state, sip] of outcomes) {
        yield* carrier.whenDialed(to, behaviour)
        yield* rest(carrier, "POST", "Calls.json", form)
        const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
        assert.strictEqual(end.state, state)
        assert.strictEqual(end.callbacks.at(-1)?.fields["CallStatus"], state)
        assert.strictEqual(end.callbacks.at(-1)?.fields["SipResponseCode"], sip)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("is cancelled, completed and redirected by the API", () =>
    Effect.gen(function* () {
      const { carrier, form, ours } = yield* start()
      yield* carrier.whenDialed(to, { outcome: "no-answer" })
      const ringing = yield* rest(carrier, "POST", "Calls.json", form)
      const path = `Calls/${String(ringing.body["sid"])}.json`
      const cancelled = yield* carrier.nextOutbound
      yield* cancelled.until((now) => now.state === "ringing")
      assert.strictEqual((yield* rest(carrier, "POST", path, [["Status", "canceled"]])).body["status"], "canceled")
      assert.strictEqual((yield* cancelled.settled).state, "canceled")
      const again = yield* rest(carrier, "POST", path, [["Status", "completed"]])
      assert.deepStrictEqual([again.status, again.body["code"]], [400, 21220])

      yield* carrier.whenDialed(to, { outcome: "answer" })
      ours.answer = () => connectStream(ours)
      yield* rest(carrier, "POST", "Calls.json", form)
      const live = yield* carrier.nextOutbound
      yield* live.until((now) => now.media === "streaming")
      yield* rest(carrier, "POST", `Calls/${live.id}.json`, [
        ["Twiml", "<Response><Say>Moved</Say><Pause length='60'/></Response>"]
      ])
      yield* live.until((now) => now.notes.includes("said: Moved") && now.media === "ended")
      const twice = "<Response><Say>Again</Say><Pause length='60'/></Response>"
      yield* rest(carrier, "POST", `Calls/${live.id}.json`, [["Twiml", twice]])
      yield* live.until((now) => now.notes.includes("said: Again"))
      yield* rest(carrier, "POST", `Calls/${live.id}.json`, [["Status", "completed"]])
      const end = yield* live.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.notes, ["said: Moved", "said: Again"])
      assert.match(JSON.stringify(ours.messages.at(-1)), /^\{"event":"stop"/)
    }).pipe(Effect.scoped)
  )

  it.effect("carries the verdict of machine detection, with and without a callback of its own", () =>
    Effect.gen(function* () {
      const { carrier, form, ours } = yield* start()
      ours.answer = () => xml('<Pause length="1"/>')
      yield* carrier.whenDialed("*", { outcome: "answer", answeredBy: "machine", hangUpAfterMs: 600 })
      yield* rest(carrier, "POST", "Calls.json", [...form, ["MachineDetection", "Enable"]])
      const waited = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      const voice = waited.callbacks.find((sent) => sent.subject === "voice")
      assert.strictEqual(voice?.fields["AnsweredBy"], "machine_start")
      const async = [
        ["MachineDetection", "DetectMessageEnd"],
        ["AsyncAmd", "true"],
        ["AsyncAmdStatusCallback", `${ours.url}/status/amd`]
      ] as const
      yield* rest(carrier, "POST", "Calls.json", [...form, ...async])
      const told = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      const verdict = told.callbacks.find((sent) => sent.subject === "amd")
      assert.strictEqual(verdict?.fields["AnsweredBy"], "machine_end_beep")
      assert.isUndefined(told.callbacks.find((sent) => sent.subject === "voice")?.fields["AnsweredBy"])
    }).pipe(Effect.scoped)
  )

  it.effect("gets its price after the end, and waits its turn in the queue", () =>
    Effect.gen(function* () {
      const { carrier, form } = yield* start({ priceAfterMs: 300, callsPerSecond: 5 })
      const first = yield* rest(carrier, "POST", "Calls.json", form)
      const second = yield* rest(carrier, "POST", "Calls.json", form)
      assert.strictEqual(first.body["queue_time"], "0")
      assert.isAbove(Number(second.body["queue_time"]), 100)
      const call = yield* carrier.nextOutbound
      yield* call.settled
      const path = `Calls/${call.id}.json`
      assert.isNull((yield* rest(carrier, "GET", path)).body["price"])
      const poll = rest(carrier, "GET", path).pipe(Effect.repeat({ until: ({ body }) => body["price"] !== null }))
      assert.strictEqual((yield* poll).body["price"], "-0.00850")
    }).pipe(Effect.scoped)
  )
})

describe("the REST API", () => {
  it.effect("refuses bad dials with the carrier's codes", () =>
    Effect.gen(function* () {
      const { carrier, form, ours } = yield* start()
      const without = (name: string) => form.filter(([other]) => other !== name)
      const cases = [
        [without("To"), 21201],
        [without("From"), 21213],
        [[...without("To"), ["To", "12"]], 21211],
        [[...without("From"), ["From", "abc"]], 21212],
        [[...without("From"), ["From", "+15005550006"]], 21210],
        [without("Url"), 21205],
        [[...without("Url"), ["Url", "not a url"]], 21205],
        [[...without("Url"), ["Url", "https://under_score.example/"]], 21205],
        [[...without("Url"), ["Twiml", `<Response>${" ".repeat(4000)}</Response>`]], 32018]
      ] as const
      for (const [fields, code] of cases) {
        const { body, status } = yield* rest(carrier, "POST", "Calls.json", fields)
        assert.deepStrictEqual([status, body["code"], body["status"]], [400, code, 400])
      }
      const invalid = [
        ...without("StatusCallbackEvent"),
        ["StatusCallbackEvent", "initiated"],
        ["StatusCallbackEvent", "busy"]
      ] as const
      assert.strictEqual((yield* rest(carrier, "POST", "Calls.json", invalid)).status, 201)
      const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.match(end.errors[0] ?? "", /^21626/)
      assert.isFalse(ours.arrived.some(({ target }) => target.startsWith("/status")))
      assert.strictEqual(arrived(ours, 0).target, "/answer/run-42")
    }).pipe(Effect.scoped)
  )

  it.effect("takes only its own account", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      const wrong = yield* rest(carrier, "GET", "Calls.json", [], "guess")
      assert.deepStrictEqual([wrong.status, wrong.body["code"]], [401, 20003])
      const other = yield* rest(carrier, "GET", `/2010-04-01/Accounts/AC${"0".repeat(32)}.json`)
      assert.deepStrictEqual([other.status, other.body["code"]], [404, 20404])
      const missing = yield* rest(carrier, "GET", `Calls/CA${"0".repeat(32)}.json`)
      assert.deepStrictEqual([missing.status, missing.body["code"]], [404, 20404])
      const account = yield* rest(carrier, "GET", `/2010-04-01/Accounts/${credential(carrier, "account_sid")}.json`)
      assert.strictEqual(account.body["status"], "active")
    }).pipe(Effect.scoped)
  )

  it.effect("finds numbers by parts of them and binds webhooks", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      yield* carrier.ownNumber("+14155550999", { attachedElsewhere: true })
      yield* carrier.ownNumber("+15005550006", { callerIdOnly: true })
      const part = yield* rest(carrier, "GET", "IncomingPhoneNumbers.json?PhoneNumber=41555")
      assert.lengthOf(JSON.stringify(part.body).match(/"phone_number"/g) ?? [], 2)
      const star = yield* rest(carrier, "GET", "IncomingPhoneNumbers.json?PhoneNumber=%2B1*999&PageSize=1")
      assert.match(JSON.stringify(star.body), /"trunk_sid":"TK/)
      const verified = yield* rest(carrier, "GET", "OutgoingCallerIds.json?PhoneNumber=%2B15005550006")
      assert.include(JSON.stringify(verified.body["outgoing_caller_ids"]), "+15005550006")
      const path = yield* ownedNumber(carrier, "+14155550777")
      yield* rest(carrier, "POST", path, [["VoiceUrl", "https://ours.example/in"]])
      assert.strictEqual(yield* carrier.inboundWebhook("+14155550777"), "https://ours.example/in")
      yield* rest(carrier, "POST", path, [["VoiceUrl", ""]])
      assert.isUndefined(yield* carrier.inboundWebhook("+14155550777"))
      const page = yield* rest(carrier, "GET", "IncomingPhoneNumbers.json?PageSize=2")
      const next = yield* rest(carrier, "GET", String(page.body["next_page_uri"]))
      assert.lengthOf(JSON.stringify(next.body).match(/"phone_number"/g) ?? [], 1)
    }).pipe(Effect.scoped)
  )
})
