import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import webhooks from "twilio/lib/webhooks/webhooks.js"
import type { AudioFormat } from "../../src/Audio.ts"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { credential, ownedNumber, rest } from "./rest.ts"
import { arrived, connectStream, echo, service, xml } from "./service.ts"

const mulaw: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
/** Bytes that never repeat a run of 160, so that order matters. */
const speech = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)
const from = "+442071838750"
const to = "+14155550123"
const contains = (whole: Uint8Array, part: Uint8Array) => Buffer.from(whole).includes(Buffer.from(part))

const start = Effect.gen(function* () {
  const carrier = yield* simulator.start()
  const ours = yield* service
  yield* carrier.ownNumber(to, { webhook: `${ours.url}/voice?tenant=a%20b&x=1` })
  const token = credential(carrier, "auth_token")
  return { carrier, ours, token }
})

describe("an inbound call", () => {
  it.effect("sends a webhook that the carrier's own library accepts", () =>
    Effect.gen(function* () {
      const { carrier, ours, token } = yield* start
      const call = yield* carrier.placeInbound({ from, to, fields: { CallerName: "ŻÓŁĆ & Søn", FromCity: "" } })
      yield* call.settled
      const request = arrived(ours, 0)
      assert.strictEqual(request.target, "/voice?tenant=a%20b&x=1")
      assert.strictEqual(request.headers["user-agent"], "TwilioProxy/1.1")
      assert.match(String(request.headers["content-type"]), /^application\/x-www-form-urlencoded/)
      assert.strictEqual(request.fields["CallStatus"], "ringing")
      assert.strictEqual(request.fields["CallerName"], "ŻÓŁĆ & Søn")
      const signature = String(request.headers["x-twilio-signature"])
      assert.isTrue(webhooks.validateRequest(token, signature, ours.url + request.target, request.fields))
      assert.isFalse(webhooks.validateRequest("other", signature, ours.url + request.target, request.fields))
    }).pipe(Effect.scoped)
  )

  it.effect("hears from an echo exactly what it said, and carries digits", () =>
    Effect.gen(function* () {
      const { carrier, ours, token } = yield* start
      ours.answer = () => connectStream(ours, `statusCallback="${ours.url}/status/stream" name="n1"`, "/media/x?y=1")
      ours.onMessage = echo
      const said = speech(400)
      const call = yield* carrier.placeInbound({ from, to, audio: { format: mulaw, bytes: said } })
      yield* call.until((now) => now.media === "streaming")
      yield* call.pressDigits("1#")
      const heard = yield* call.until((now) => contains(now.heard.played, said))
      assert.isTrue(Buffer.from(heard.said).equals(said))
      yield* call.hangUp
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.errors, [])
      const events = ours.messages.map((message) => JSON.stringify(message))
      assert.strictEqual(events[0], '{"event":"connected","protocol":"Call","version":"1.0.0"}')
      assert.match(events[1] ?? "", /^\{"event":"start","sequenceNumber":"1","start":\{"accountSid":"AC/)
      assert.match(events[2] ?? "", /"media":\{"track":"inbound","chunk":"1","timestamp":"0","payload":"/)
      assert.isTrue(events.some((event) => event.includes('"dtmf":{"track":"inbound_track","digit":"#"}')))
      assert.match(events.at(-1) ?? "", /^\{"event":"stop"/)
      assert.strictEqual(ours.upgrades[0]?.target, "/media/x")
      const headers = ours.upgrades[0]?.headers ?? {}
      assert.strictEqual(headers["user-agent"], "Twilio.TmeWs/1.0")
      assert.isUndefined(headers["sec-websocket-extensions"])
      assert.strictEqual(
        headers["x-twilio-signature"],
        webhooks.getExpectedTwilioSignature(token, `${ours.url.replace("http", "ws")}/media/x`, {})
      )
      const stream = end.callbacks.filter((sent) => sent.subject.startsWith("stream:"))
      assert.deepStrictEqual(
        stream.map((sent) => [sent.fields["StreamEvent"], sent.fields["StreamName"], sent.fields["CallStatus"]]),
        [
          ["stream-started", "n1", undefined],
          ["stream-stopped", "n1", undefined]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("runs the verbs after the stream when our side closes the socket", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start
      const markup = connectStream(ours).body?.replace("<Hangup/>", "<Say>Bye &amp; thanks</Say>") ?? ""
      ours.answer = () => ({ type: "application/xml", body: markup })
      ours.onMessage = (socket, text) => {
        if (text.includes('"start"')) socket.close(1000)
      }
      const end = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      assert.deepStrictEqual(end.notes, ["said: Bye & thanks"])
      assert.strictEqual(end.state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("refuses what the real carrier refuses", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start
      const run = (answer: typeof ours.answer) => {
        ours.answer = answer
        return Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      }
      const cases = [
        [{ status: 403 }, "busy", /^11200/],
        [{ type: "text/plain", body: "<Response/>" }, "completed", /^12300/],
        [{ type: "text/xml", body: "<Response><Say>a & b</Say></Response>" }, "completed", /^12100/],
        [{ type: "text/xml", body: "<Answer/>" }, "completed", /^12100/],
        [{ type: "text/xml", body: `<Response><!--${"x".repeat(70_000)}--></Response>` }, "completed", /^11750/],
        [xml("<Dance/>"), "completed", /^12200/],
        [xml(`<Connect><Stream url="https://a.example/x"/></Connect>`), "completed", /^31922/],
        [xml(`<Connect><Stream url="ws://a.example/x"/></Connect>`), "completed", /^31922/],
        [xml(`<Say>hi</Say><Reject/>`), "completed", /^12200/]
      ] as const
      for (const [answer, state, error] of cases) {
        const end = yield* run(() => answer)
        assert.strictEqual(end.state, state, JSON.stringify(answer))
        assert.match(end.errors[0] ?? "", error)
      }
      assert.strictEqual((yield* run(() => xml(`<Reject reason="busy"/>`))).state, "busy")
      ours.refuse = () => 403
      const refused = yield* run(() => connectStream(ours, `statusCallback="${ours.url}/status/stream"`))
      assert.match(refused.errors[0] ?? "", /^31920.*403/)
      assert.strictEqual(refused.callbacks.at(-1)?.fields["StreamEvent"], "stream-error")
    }).pipe(Effect.scoped)
  )

  it.effect("asks by GET where the number says so, and follows a redirect", () =>
    Effect.gen(function* () {
      const { carrier, ours, token } = yield* start
      const number = yield* ownedNumber(carrier, to, `${ours.url}/get?tenant=a%20b`)
      yield* rest(carrier, "POST", number, [["VoiceMethod", "GET"]])
      ours.answer = ({ method }) => (method === "GET" ? xml("<Redirect>/next</Redirect>") : xml("<Say>there</Say>"))
      const end = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      assert.deepStrictEqual(end.notes, ["said: there"])
      const { headers, method, target } = arrived(ours, 0)
      assert.strictEqual(method, "GET")
      assert.match(target, /^\/get\?tenant=a%20b&AccountSid=AC/)
      const signature = String(headers["x-twilio-signature"])
      assert.isTrue(webhooks.validateRequest(token, signature, ours.url + target, {}))
      assert.strictEqual(arrived(ours, 1).target, "/next")
    }).pipe(Effect.scoped)
  )

  it.effect("reports its end where the number has a status callback, also when the API ends it", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start
      const number = yield* ownedNumber(carrier, to, `${ours.url}/voice`)
      yield* rest(carrier, "POST", number, [["StatusCallback", `${ours.url}/status/inbound`]])
      ours.answer = () => connectStream(ours)
      const call = yield* carrier.placeInbound({ from, to })
      yield* call.until((now) => now.media === "streaming")
      const ended = yield* rest(carrier, "POST", `Calls/${call.id}.json`, [["Status", "completed"]])
      assert.strictEqual(ended.body["status"], "completed")
      yield* call.settled
      const status = ours.arrived.filter(({ target }) => target === "/status/inbound")
      assert.deepStrictEqual(
        status.map(({ fields }) => [fields["CallStatus"], fields["SequenceNumber"], fields["Direction"]]),
        [["completed", "0", "inbound"]]
      )
      assert.strictEqual(JSON.stringify(ours.messages.at(-1)).slice(0, 15), '{"event":"stop"')
    }).pipe(Effect.scoped)
  )

  it.effect("gives up on a slow webhook and asks the fallback", () =>
    Effect.gen(function* () {
      const carrier = yield* simulator.start({ webhookTimeoutMs: 100 })
      const ours = yield* service
      const number = yield* ownedNumber(carrier, to, `${ours.url}/slow`)
      yield* rest(carrier, "POST", number, [["VoiceFallbackUrl", `${ours.url}/spare`]])
      ours.answer = ({ target }) =>
        target === "/slow" ? { ...xml("<Say>late</Say>"), delayMs: 400 } : xml("<Say>spare</Say>")
      const end = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      assert.match(end.errors[0] ?? "", /^11200 No reply within 100 ms/)
      assert.deepStrictEqual(end.notes, ["said: spare"])
    }).pipe(Effect.scoped)
  )
})
