import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { arrived, xml } from "../../../simulator/service.ts"
import { accepts, contains, credential, echo, mulaw, ours, person, speech, start, streaming, until } from "./peer.ts"

const call = { from: person, to: ours }

describe("an inbound call", () => {
  it.effect("sends a webhook with the documented fields that the carrier's own library accepts", () =>
    Effect.gen(function* () {
      const { carrier, peer, token } = yield* start()
      const placed = yield* carrier.placeInbound({ ...call, fields: { "X-PH-Name": "ŻÓŁĆ & Søn", ForwardedFrom: "" } })
      yield* placed.settled
      const request = arrived(peer, 0)
      assert.strictEqual(request.target, "/voice?tenant=a%20b&x=1")
      assert.strictEqual(request.headers["content-type"], "application/x-www-form-urlencoded")
      const { CallUUID, SessionStart, ...fields } = request.fields
      assert.deepStrictEqual(fields, {
        BillRate: "0.0055",
        CallStatus: "ringing",
        CallerName: "442071838750",
        CountryCode: "US",
        Direction: "inbound",
        Event: "StartApp",
        ForwardedFrom: "",
        From: "442071838750",
        ParentAuthID: credential(carrier, "auth_id"),
        RouteType: "",
        STIRAttestation: "",
        STIRVerification: "Not Applicable",
        To: "14155550100",
        "X-PH-Name": "ŻÓŁĆ & Søn"
      })
      assert.strictEqual(CallUUID, placed.id)
      assert.match(SessionStart ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
      for (const each of peer.arrived) {
        assert.isTrue(accepts(token, peer.url, each))
        assert.isTrue(accepts(token, peer.url, each, "x-plivo-signature-ma-v3"))
        assert.isFalse(accepts(`${token}x`, peer.url, each))
        assert.isFalse(accepts(token, peer.url, { ...each, fields: { ...each.fields, CallUUID: "other" } }))
      }
    }).pipe(Effect.scoped)
  )

  it.effect("hears from an echo exactly what it said, carries digits, and ends with a hangup callback", () =>
    Effect.gen(function* () {
      const { carrier, peer, token } = yield* start()
      const status = `statusCallbackUrl="${peer.url}/status/stream" extraHeaders="runId=42"`
      peer.answer = () => streaming(peer, status, "/media/x?y=1")
      peer.onMessage = echo
      const said = speech(400)
      const placed = yield* carrier.placeInbound({ ...call, audio: { format: mulaw, bytes: said } })
      yield* placed.until((now) => now.media === "streaming")
      yield* placed.pressDigits("1#")
      const heard = yield* placed.until((now) => contains(now.heard.played, said))
      assert.isTrue(Buffer.from(heard.said).equals(said))
      yield* placed.hangUp
      const end = yield* placed.settled
      assert.deepStrictEqual([end.state, end.media, end.errors], ["completed", "ended", []])

      const events = peer.messages.map((message) => JSON.stringify(message))
      assert.match(
        events[0] ?? "",
        new RegExp(
          `^\\{"event":"start","sequenceNumber":1,"start":\\{"callId":"${placed.id}","streamId":"[0-9a-f-]{36}",` +
            `"accountId":"MA[A-Z0-9]{18}","tracks":\\["inbound"\\],` +
            `"mediaFormat":\\{"encoding":"audio/x-mulaw","sampleRate":8000\\}\\},"extra_headers":"runId=42"\\}$`
        )
      )
      assert.match(
        events[1] ?? "",
        /^\{"event":"media","sequenceNumber":2,"streamId":"[0-9a-f-]{36}","media":\{"track":"inbound","timestamp":"\d{13}","chunk":1,"payload":"[^"]{216}"\},"extra_headers":"runId=42"\}$/
      )
      const digits = events.filter((event) => event.startsWith('{"event":"dtmf"'))
      assert.match(digits[1] ?? "", /"dtmf":\{"track":"inbound","digit":"#","timestamp":"\d{13}"\}/)
      assert.isFalse(events.some((event) => event.includes('"stop"')))

      const upgrade = peer.upgrades[0] ?? assert.fail("there was no upgrade")
      assert.strictEqual(upgrade.target, "/media/x?y=1")
      assert.isTrue(accepts(token, peer.url, { ...upgrade, method: "GET", fields: {} }))
      assert.isFalse(accepts(token, peer.url.replace("http", "ws"), { ...upgrade, method: "GET", fields: {} }))

      assert.deepStrictEqual(
        end.callbacks.map(({ fields, subject }) => [subject, fields["Event"]]),
        [
          ["voice", "StartApp"],
          ["stream:StartStream", "StartStream"],
          ["stream:StopStream", "StopStream"],
          ["status:Hangup", "Hangup"]
        ]
      )
      const [started, hangup] = [end.callbacks[1]?.fields ?? {}, end.callbacks[3]?.fields ?? {}]
      assert.isUndefined(started["CallStatus"])
      assert.strictEqual(started["ServiceURL"], `${peer.url.replace("http", "ws")}/media/x?y=1`)
      assert.deepInclude(hangup, {
        CallStatus: "completed",
        HangupCause: "NORMAL_CLEARING",
        HangupCauseCode: "4000",
        HangupCauseName: "Normal Hangup",
        HangupSource: "Caller",
        TotalCost: "0.00550"
      })
      assert.match(hangup["AnswerTime"] ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    }).pipe(Effect.scoped)
  )

  it.effect("runs what comes after the stream when our side closes the socket, and ends with the document", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => streaming(peer, "", "/media/one", "<Speak>Bye &amp; thanks</Speak>")
      peer.onMessage = (socket, text) => {
        if (text.includes('"start"')) socket.close(1000)
      }
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepStrictEqual(end.notes, ["said: Bye & thanks"])
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], "4010")
    }).pipe(Effect.scoped)
  )

  it.effect("does not wait for a stream without keepCallAlive", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => {
        const { body = "", type = "" } = streaming(peer)
        return { type, body: body.replace('keepCallAlive="true" ', "") }
      }
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], "4010")
    }).pipe(Effect.scoped)
  )

  it.effect("is refused without being answered by a hangup with a reason that comes first", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const refused = [
        ["busy", "busy", "busy", "3010"],
        ["rejected", "failed", "failed", "3020"]
      ] as const
      for (const [reason, state, status, code] of refused) {
        peer.answer = () => xml(`<Hangup reason="${reason}"/>`)
        const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
        const fields = end.callbacks.at(-1)?.fields ?? {}
        assert.strictEqual(end.state, state)
        assert.deepInclude(fields, { CallStatus: status, HangupCauseCode: code, HangupSource: "Answer XML" })
        assert.deepInclude(fields, { AnswerTime: "", Duration: "0", TotalCost: "0.00000" })
      }
      peer.answer = () => xml('<Speak>hi</Speak><Hangup reason="busy"/>')
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepInclude(end.callbacks.at(-1)?.fields ?? {}, { CallStatus: "completed", HangupCauseCode: "4000" })
    }).pipe(Effect.scoped)
  )

  it.effect("fails with 7011 and 8011 where the real one does", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const ws = peer.url.replace("http", "ws")
      const cases = [
        [{ status: 403 }, "7011"],
        [{ type: "text/plain", body: "<Response/>" }, "8011"],
        [{ type: "application/json", body: "{}" }, "8011"],
        [{ type: "text/xml", body: "<Response><Speak>a & b</Speak></Response>" }, "8011"],
        [{ type: "text/xml", body: "<Answer/>" }, "8011"],
        [{ type: "text/xml", body: `<Response><!--${"x".repeat(110_000)}--></Response>` }, "8011"],
        [xml("<Reject/>"), "8011"],
        [xml('<Connect><Stream url="wss://a.example/x"/></Connect>'), "8011"],
        [xml('<Speak language="en">hi</Speak>'), "8011"],
        [xml('<Hangup reason="tired"/>'), "8011"],
        [
          xml(`<Stream bidirectional="true" audioTrack="both" contentType="audio/x-mulaw;rate=8000">${ws}/x</Stream>`),
          "8011"
        ],
        [xml(`<Stream contentType="audio/x-mulaw">${ws}/x</Stream>`), "8011"],
        [xml(`<Stream contentType="audio/x-mulaw;rate=8000"> ${ws}/x </Stream>`), "8011"],
        [xml(`<Stream contentType="audio/x-mulaw;rate=8000">https://a.example/x</Stream>`), "8011"],
        [xml("<Conference/>"), "8011"],
        [xml("<Dial><Number>not-a-number</Number></Dial>"), "8011"]
      ] as const
      for (const [reply, code] of cases) {
        peer.answer = () => reply
        const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
        const label = JSON.stringify(reply).slice(0, 100)
        assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], code, label)
        assert.strictEqual(end.state, "failed", label)
        assert.match(end.errors[0] ?? "", new RegExp(`^${code} `), label)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("sends its hangup to the answer URL where no other was given, as an Event that is no new call", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const placed = yield* carrier.placeInbound({ from: person, to: "+14155550199", webhook: `${peer.url}/voice` })
      yield* placed.settled
      assert.deepStrictEqual(
        peer.arrived.map(({ fields, target }) => [target, fields["Event"]]),
        [
          ["/voice", "StartApp"],
          ["/voice", "Hangup"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("of somebody who gives up while it rings is canceled", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => ({ ...xml(""), delayMs: 3000 })
      const placed = yield* carrier.placeInbound(call)
      yield* until(() => peer.arrived.length === 1)
      yield* placed.hangUp
      const end = yield* placed.settled
      assert.strictEqual(end.state, "canceled")
      assert.deepInclude(end.callbacks.at(-1)?.fields ?? {}, { CallStatus: "cancel", HangupCauseCode: "1000" })
    }).pipe(Effect.scoped)
  )
})
