import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { signV2, signV3 } from "../../../../src/providers/vobiz/simulator/signing.ts"
import { arrived } from "../../../simulator/service.ts"
import {
  contains,
  credential,
  echo,
  listen,
  markup,
  mulaw,
  ours,
  person,
  rest,
  speech,
  start,
  streamTo,
  until
} from "./support.ts"

const call = { from: person, to: ours }
const utc = (text: string) => Date.parse(`${text.replace(" ", "T")}Z`)
const names = (headers: object) => Object.keys(headers).filter((name) => name.startsWith("x-vobiz"))

describe("an inbound call", () => {
  it.effect("asks with the documented fields, signed over URL and nonce", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => markup("<Hangup/>")
      const placed = yield* carrier.placeInbound({ ...call, fields: { CallerName: "ŻÓŁĆ & Søn" } })
      yield* placed.settled
      const { fields, headers, target } = arrived(at, 0)
      assert.strictEqual(target, "/voice?tenant=7")
      assert.strictEqual(headers["user-agent"], "Vobiz")
      assert.strictEqual(headers["content-type"], "application/x-www-form-urlencoded")
      const { SessionStart, ...rest } = fields
      assert.deepStrictEqual(rest, {
        BillRate: "0.65",
        CallStatus: "ringing",
        CallUUID: placed.id,
        CallerName: "ŻÓŁĆ & Søn",
        CountryCode: "IN",
        Direction: "inbound",
        Event: "StartApp",
        From: "919800000001",
        ParentAuthID: credential(carrier, "auth_id"),
        RouteType: "",
        STIRAttestation: "",
        STIRVerification: "Not Applicable",
        To: "01140000001"
      })
      assert.match(SessionStart ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
      const token = credential(carrier, "auth_token")
      const nonce = String(headers["x-vobiz-signature-v3-nonce"])
      assert.match(nonce, /^\d{20}$/)
      const v3 = signV3(token, `${at.url}/voice`, nonce)
      assert.strictEqual(headers["x-vobiz-signature-v3"], v3)
      assert.strictEqual(headers["x-vobiz-signature-ma-v3"], v3)
      assert.strictEqual(headers["x-vobiz-signature-v2"], signV2(token, `${at.url}/voice`, nonce))
      assert.match(String(headers["x-vobiz-signature"]), /^.{28}$/)
      assert.notStrictEqual(arrived(at, 1).headers["x-vobiz-signature-v3-nonce"], nonce)
      assert.isUndefined(headers["auth-token"])
    }).pipe(Effect.scoped)
  )

  it.effect("hears from an echo exactly what it said, and carries digits", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => streamTo(at)
      const texts = listen(at, echo)
      const said = speech(400)
      const placed = yield* carrier.placeInbound({ ...call, audio: { format: mulaw, bytes: said } })
      yield* placed.until((now) => now.media === "streaming")
      yield* placed.pressDigits("1#")
      const heard = yield* placed.until((now) => contains(now.heard.played, said))
      assert.isTrue(Buffer.from(heard.said).equals(said))
      yield* placed.hangUp
      const end = yield* placed.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.errors, [])
      const [first = "", second = ""] = texts
      assert.match(
        first,
        new RegExp(
          `^\\{"sequenceNumber":0,"event":"start","start":\\{"callId":"${placed.id}","streamId":"[0-9a-f-]{36}","accountId":"\\d+",` +
            `"tracks":\\["inbound"\\],"mediaFormat":\\{"encoding":"audio/x-mulaw","sampleRate":8000\\}\\},"extra_headers":"\\{\\}"\\}$`
        )
      )
      assert.match(
        second,
        /^\{"sequenceNumber":1,"streamId":"[0-9a-f-]{36}","event":"media","media":\{"track":"inbound","timestamp":"\d{13}","chunk":1,"payload":"[^"]{216}"\},"extra_headers":"\{\}"\}$/
      )
      assert.isTrue(
        texts.some((text) => /^\{"event":"dtmf","streamId":"[^"]+","dtmf":\{"track":"inbound","digit":"#"/.test(text))
      )
      assert.isFalse(texts.some((text) => text.includes('"stop"')))
    }).pipe(Effect.scoped)
  )

  it.effect("streams L16 unless it is told otherwise, and takes another format back", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start({ jitterMs: 0 })
      at.answer = () => streamTo(at, 'bidirectional="true" keepCallAlive="true"')
      const texts = listen(at, echo)
      const said = speech(200)
      const placed = yield* carrier.placeInbound({ ...call, audio: { format: mulaw, bytes: said } })
      yield* placed.until((now) => now.heard.played.length > 1600)
      assert.match(texts[0] ?? "", /"mediaFormat":\{"encoding":"audio\/x-l16","sampleRate":8000\}/)
      assert.match(texts[1] ?? "", /"payload":"[^"]{428}"/)
    }).pipe(Effect.scoped)
  )

  it.effect("tells its hangup in India's time, without a cost", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => streamTo(at)
      const placed = yield* carrier.placeInbound(call)
      yield* placed.until((now) => now.media === "streaming")
      yield* placed.hangUp
      yield* placed.settled
      const { fields, target } = arrived(at, -1)
      assert.strictEqual(target, "/status/hangup")
      assert.deepStrictEqual(Object.keys(fields), Object.keys(fields).toSorted())
      const { AnswerTime = "", EndTime, StartTime, SessionStart = "", ...rest } = fields
      assert.include(rest, {
        BillDuration: "0",
        BillRate: "0.65",
        CallStatus: "completed",
        CallUUID: placed.id,
        Direction: "inbound",
        Duration: "0",
        Event: "Hangup",
        From: "919800000001",
        HangupCause: "NORMAL_CLEARING",
        HangupCauseCode: "4000",
        HangupCauseName: "Normal Hangup",
        HangupSource: "Caller",
        To: "01140000001",
        TotalCost: "0.00000"
      })
      assert.closeTo(utc(AnswerTime) - utc(SessionStart), 330 * 60_000, 5000)
      assert.match(`${EndTime} ${StartTime}`, /^[\d-]{10} [\d:]{8} [\d-]{10} [\d:]{8}$/)
    }).pipe(Effect.scoped)
  )

  it.effect("writes numbers in every form that was seen", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start({ inboundNumbers: "rotate" })
      at.answer = () => markup("<Hangup/>")
      for (let i = 0; i < 7; i++) yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      const asked = at.arrived.filter(({ target }) => target.startsWith("/voice"))
      assert.deepStrictEqual(
        asked.map(({ fields }) => [fields["From"], fields["To"]]),
        [
          ["919800000001", "01140000001"],
          ["919800000001", "911140000001"],
          ["09800000001", "01140000001"],
          ["00919800000001", "00911140000001"],
          ["9800000001", "1140000001"],
          ["+91 9800000001", "+91 1140000001"],
          ["919800000001", "01140000001"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("ends as our answer says, with the carrier's codes", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      const cases = [
        [markup("<Hangup/>"), "failed", "3020", "failed"],
        [markup('<Hangup reason="rejected"/>'), "failed", "3020", "failed"],
        [markup('<Hangup reason="busy"/>'), "busy", "3010", "busy"],
        [markup("<Speak>Bye &amp; thanks</Speak><Hangup/>"), "completed", "4000", "completed"],
        [markup("<Speak>Bye</Speak>"), "completed", "4010", "completed"],
        [{ status: 403 }, "failed", "7011", "failed"],
        [{ type: "text/plain", body: "<Response/>" }, "failed", "8011", "failed"],
        [markup("<Speak>a & b</Speak>"), "failed", "8011", "failed"],
        [{ type: "application/xml", body: "<Answer/>" }, "failed", "8011", "failed"],
        [markup("<Say>hi</Say>"), "failed", "8011", "failed"],
        [markup("<GetDigits/>"), "failed", "8011", "failed"],
        [markup(`<!--${"x".repeat(103_000)}-->`), "failed", "8011", "failed"],
        [markup("<Stream>https://a.example/x</Stream>"), "failed", "8011", "failed"],
        [markup("<Stream>ws://a.example/x</Stream>"), "failed", "8011", "failed"],
        [streamTo(at, 'contentType="audio/x-l16;rate=24000"'), "failed", "8011", "failed"],
        [streamTo(at, 'bidirectional="true" audioTrack="both"'), "failed", "8011", "failed"],
        [streamTo(at, 'keepCallAlive="true"'), "completed", "4010", "completed"],
        [streamTo(at, 'bidirectional="true"'), "completed", "4010", "completed"]
      ] as const
      for (const [answer, state, code, status] of cases) {
        at.answer = () => answer
        const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
        const fields = end.callbacks.at(-1)?.fields ?? {}
        assert.deepStrictEqual(
          [end.state, fields["HangupCauseCode"], fields["CallStatus"]],
          [state, code, status],
          JSON.stringify(answer).slice(0, 200)
        )
      }
      at.answer = () => streamTo(at)
      at.refuse = () => 403
      const refused = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.strictEqual(refused.callbacks.at(-1)?.fields["HangupCauseCode"], "4010")
      assert.match(refused.errors[0] ?? "", /refused: HTTP 403/)
    }).pipe(Effect.scoped)
  )

  it.effect("stays up on an empty <Response/>", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => markup("")
      const placed = yield* carrier.placeInbound(call)
      yield* placed.until((now) => now.state === "in-progress" && now.notes.some((text) => text.includes("empty")))
      const live = yield* rest(carrier, "GET", `/Call/${placed.id}/?status=live`)
      assert.strictEqual(live.body["call_status"], "in-progress")
      yield* placed.hangUp
      const end = yield* placed.settled
      assert.deepInclude(end.callbacks.at(-1)?.fields, { HangupCauseCode: "4000", HangupSource: "Caller" })
    }).pipe(Effect.scoped)
  )

  it.effect("is canceled when the caller gives up while our answer is awaited, and hangs up on a schedule", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => ({ ...markup("<Hangup/>"), delayMs: 20_000 })
      const placed = yield* carrier.placeInbound(call)
      yield* until(() => at.arrived.length > 0)
      yield* placed.hangUp
      const given = yield* placed.settled
      assert.strictEqual(given.state, "canceled")
      assert.strictEqual(given.callbacks.at(-1)?.fields["CallStatus"], "cancel")

      at.answer = () => markup('<Hangup schedule="0.2"/><Wait length="60"/>')
      const scheduled = yield* Effect.flatMap(carrier.placeInbound(call), (each) => each.settled)
      assert.strictEqual(scheduled.callbacks.at(-1)?.fields["HangupCauseCode"], "6000")
    }).pipe(Effect.scoped)
  )

  it.effect(
    "gives up on a slow answer with 7011, asks the fallback, and reports to the answer URL where no other is set",
    () =>
      Effect.gen(function* () {
        const { applicationId, at, carrier } = yield* start({ webhookTimeoutMs: 150 })
        yield* rest(carrier, "POST", `/Application/${applicationId}/`, { hangup_url: "" })
        at.answer = () => ({ ...markup("<Hangup/>"), delayMs: 600 })
        const slow = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.ended)
        assert.match(slow.errors[0] ?? "", /^7011 No reply within 150 ms/)
        yield* rest(carrier, "POST", `/Application/${applicationId}/`, { fallback_answer_url: `${at.url}/spare` })
        at.answer = ({ fields, target }) =>
          target === "/spare" || fields["Event"] === "Hangup" ? markup("<Speak>spare</Speak>") : { status: 500 }
        const spared = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
        assert.include(spared.notes, "said: spare")
        assert.strictEqual(arrived(at, -1).target, "/voice?tenant=7")
        assert.strictEqual(arrived(at, -1).fields["Event"], "Hangup")
      }).pipe(Effect.scoped)
  )

  it.effect("finds nobody on a number that is not attached, or attached elsewhere", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      yield* carrier.ownNumber("+911140000002")
      yield* carrier.ownNumber("+911140000003", { attachedElsewhere: true })
      for (const to of ["+911140000002", "+911140000003"]) {
        const end = yield* Effect.flatMap(carrier.placeInbound({ from: person, to }), (placed) => placed.settled)
        assert.strictEqual(end.state, "failed")
        assert.match(end.errors[0] ?? "", /^2010/)
      }
      assert.lengthOf(at.arrived, 0)
    }).pipe(Effect.scoped)
  )
})

describe("what can be chosen about signatures", () => {
  it.effect("a sub-account signs with its own token, its parent as MA, and names the parent", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start({ account: "sub" })
      yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      const { fields, headers } = arrived(at, 0)
      const nonce = String(headers["x-vobiz-signature-v3-nonce"])
      assert.match(credential(carrier, "auth_id"), /^SA_[A-Z0-9]{8}$/)
      assert.match(fields["ParentAuthID"] ?? "", /^MA_[A-Z0-9]{8}$/)
      const [own, parent] = [credential(carrier, "auth_token"), credential(carrier, "parent_auth_token")]
      assert.strictEqual(headers["x-vobiz-signature-v3"], signV3(own, `${at.url}/voice`, nonce))
      assert.strictEqual(headers["x-vobiz-signature-ma-v3"], signV3(parent, `${at.url}/voice`, nonce))
    }).pipe(Effect.scoped)
  )

  it.effect("none, one version, tokens in plain headers, a forged copy with a fitting signature", () =>
    Effect.gen(function* () {
      const unsigned = yield* start({ signatures: "unsigned", tokensInHeaders: true })
      yield* Effect.flatMap(unsigned.carrier.placeInbound(call), (placed) => placed.settled)
      const bare = arrived(unsigned.at, 0).headers
      assert.deepStrictEqual(names(bare), [])
      assert.strictEqual(bare["auth-token"], credential(unsigned.carrier, "auth_token"))

      const v2 = yield* start({ signatures: "v2", replays: true })
      yield* Effect.flatMap(v2.carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepStrictEqual(names(arrived(v2.at, 0).headers).toSorted(), [
        "x-vobiz-signature-ma-v2",
        "x-vobiz-signature-v2",
        "x-vobiz-signature-v2-nonce"
      ])
      const [real, forged] = [arrived(v2.at, -2), arrived(v2.at, -1)]
      assert.strictEqual(forged.headers["x-vobiz-signature-v2"], real.headers["x-vobiz-signature-v2"])
      assert.strictEqual(forged.target, real.target)
      assert.strictEqual(forged.fields["HangupCauseCode"], "5010")
      assert.notStrictEqual(forged.body, real.body)
    }).pipe(Effect.scoped)
  )
})
