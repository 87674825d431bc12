import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { AudioFormat } from "../../../../src/Audio.ts"
import type { CallSnapshot } from "../../../../src/simulator/SimulatorModule.ts"
import { arrived, xml } from "../../../simulator/service.ts"
import { at, credential, echo, events, json, ours, rest, start, statuses, stream, theirs } from "./peer.ts"

const mulaw: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
/** Bytes that never repeat a run of 160, so that order matters. */
const speech = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)
const contains = (whole: Uint8Array, part: Uint8Array) => Buffer.from(whole).includes(Buffer.from(part))
const isInRoom = ({ answers, errors }: CallSnapshot) => answers.length > 0 && errors.length > 0
const call = { from: theirs, to: ours }

describe("an inbound call", () => {
  it.effect("asks the application in JSON, with a static key and no signature, numbers without plus", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice?x=a%20b` })
      const placed = yield* carrier.placeInbound({ ...call, fields: { CallerName: "ŻÓŁĆ & Søn" } })
      yield* placed.settled
      const request = arrived(peer, 0)
      const domain = credential(carrier, "domain_id")
      assert.deepStrictEqual([request.method, request.target], ["POST", "/voice?x=a%20b"])
      assert.strictEqual(request.headers["content-type"], "application/json")
      assert.include(request.headers["user-agent"], "cloudonix")
      assert.strictEqual(request.headers["x-cx-apikey"], credential(carrier, "bearer_token"))
      assert.strictEqual(request.headers["x-cx-domain"], domain)
      assert.strictEqual(request.headers["x-cx-session"], placed.id)
      assert.isUndefined(request.headers["authorization"])
      const { SessionData, ...fields } = json(request)
      assert.match(placed.id, /^[0-9a-f]{32}$/)
      assert.deepStrictEqual(fields, {
        CallSid: placed.id,
        Session: placed.id,
        From: "442071838750",
        To: "14155550123",
        CallerName: "ŻÓŁĆ & Søn",
        Direction: "inbound",
        CallStatus: "in-progress",
        Domain: domain,
        AccountSid: domain,
        ApiVersion: "1"
      })
      assert.include(SessionData, { token: placed.id, status: "processing", destination: "14155550123" })
    }).pipe(Effect.scoped)
  )

  it.effect("hears from an echo exactly what it said, and carries digits", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      peer.answer = () => xml(stream(peer, `<Parameter name="runId" value="run-42"/>`, "/media/x?y=1"))
      peer.onMessage = echo
      const said = speech(400)
      const placed = yield* carrier.placeInbound({ ...call, audio: { format: mulaw, bytes: said } })
      yield* placed.until((now) => now.media === "streaming")
      yield* placed.pressDigits("1#")
      const heard = yield* placed.until((now) => contains(now.heard.played, said))
      assert.isTrue(Buffer.from(heard.said).equals(said))
      yield* placed.hangUp
      const end = yield* placed.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.errors, ["CXML: the query string of a <Stream> url is not sent"])
      const [connected, started, first] = events(peer)
      const sid = /"streamSid":"(s-[0-9a-f]+)"/.exec(started ?? "")?.[1] ?? ""
      const callSid = /"callSid":"([0-9a-f-]+)"/.exec(started ?? "")?.[1] ?? ""
      assert.notStrictEqual(callSid, placed.id)
      const account = credential(carrier, "domain_id").split(".")[0]
      assert.strictEqual(connected, '{"event":"connected","protocol":"Call","version":"1.0.0"}')
      assert.strictEqual(
        started,
        `{"event":"start","sequenceNumber":"1","streamSid":"${sid}","start":{"streamSid":"${sid}","callSid":"${callSid}",` +
          `"session":"${placed.id}","accountSid":"${account}","from":"+442071838750","to":"+14155550123","context":"inbound",` +
          `"tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},` +
          `"customParameters":{"runId":"run-42"}}}`
      )
      const media = `{"event":"media","sequenceNumber":"2","streamSid":"${sid}","media":{"track":"inbound","chunk":"1","timestamp":"20"`
      assert.strictEqual(first?.slice(0, media.length), media)
      assert.include(events(peer), `{"event":"dtmf","streamSid":"${sid}","dtmf":{"digit":"#"}}`)
      assert.strictEqual(
        events(peer).at(-1),
        `{"event":"stop","streamSid":"${sid}","stop":{"session":"${placed.id}","callSid":"${callSid}"}}`
      )
      const headers = peer.upgrades[0]?.headers ?? {}
      assert.strictEqual(peer.upgrades[0]?.target, "/media/x")
      assert.isUndefined(headers["sec-websocket-extensions"])
      assert.isUndefined(headers["sec-websocket-protocol"])
      assert.deepStrictEqual(
        Object.keys(headers).filter((name) => /signature|authorization|x-cx/.test(name)),
        []
      )
    }).pipe(Effect.scoped)
  )

  it.effect(
    "runs the verbs after the stream when our side closes the socket, and stops where the connection fails",
    () =>
      Effect.gen(function* () {
        const { carrier, peer } = yield* start()
        yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
        peer.answer = () => xml(stream(peer).replace("<Hangup/>", "<Say>Bye &amp; thanks</Say>"))
        peer.onMessage = (socket, text) => {
          if (text.includes('"start"')) socket.close(1000)
        }
        const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
        assert.deepStrictEqual(end.notes, ["said: Bye & thanks"])
        peer.refuse = () => 403
        const refused = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
        assert.deepStrictEqual(refused.notes, [])
        assert.strictEqual(refused.state, "completed")
        assert.match(refused.errors[0] ?? "", /^stream: the connection failed: HTTP 403/)
      }).pipe(Effect.scoped)
  )

  it.effect("refuses what the real carrier refuses", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      const cases = [
        [{ status: 401 }, "failed", /^voice request: HTTP 401/],
        [{ type: "text/plain", body: "<Response/>" }, "failed", /^voice request: the content type/],
        [{ type: "text/xml", body: "<Response><Say>a & b</Say></Response>" }, "failed", /^CXML cannot be parsed/],
        [{ type: "text/xml", body: "<Answer/>" }, "failed", /^CXML cannot be parsed/],
        [xml("<Dance/><Hangup/>"), "completed", /<Dance> is not a verb/],
        [xml(`<Connect><Stream url="https://a.example/x"/></Connect><Say>no</Say>`), "failed", /it must be wss/],
        [xml(`<Connect><Stream url="ws://a.example/x"/></Connect>`), "failed", /it must be wss/],
        [xml(`<Dial><Conference waitUrl="x">r</Conference></Dial>`), "canceled", /no attribute waitUrl/],
        [xml(`<Say>hi</Say><Reject/>`), "completed", /<Reject> must come first/],
        [xml(`<Reject reason="busy"/>`), "busy", /^$/],
        [xml(`<Reject/>`), "failed", /^$/],
        [xml(`<Say>We are closed.</Say><Hangup/>`), "completed", /^$/]
      ] as const
      for (const [answer, state, error] of cases) {
        peer.answer = () => answer
        const placed = yield* carrier.placeInbound(call)
        // `<Dial>` into an empty room does not pick up: the person gives up.
        if (state === "canceled") yield* Effect.andThen(placed.until(isInRoom), placed.hangUp)
        const end = yield* placed.settled
        assert.strictEqual(end.state, state, JSON.stringify(answer))
        assert.match(end.errors[0] ?? "", error)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("is asked by GET, with its data in the query, where the application does not say POST", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const made = yield* rest(carrier, "POST", "/customers/self/domains/~/applications", {
        name: "plain",
        type: "cxml",
        url: `${peer.url}/get?tenant=a%20b`
      })
      yield* rest(carrier, "PUT", "/domains/self", { defaultApplication: made.body["id"] })
      peer.answer = ({ method }) => (method === "GET" ? xml("<Redirect>/next</Redirect>") : xml("<Say>there</Say>"))
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepStrictEqual(end.notes, ["said: there"])
      assert.strictEqual(arrived(peer, 0).method, "GET")
      assert.match(arrived(peer, 0).target, /^\/get\?tenant=a%20b&CallSid=[0-9a-f]{32}&Session=/)
      assert.strictEqual(arrived(peer, 0).fields["From"], "442071838750")
      assert.deepStrictEqual([arrived(peer, 1).method, arrived(peer, 1).target], ["POST", "/next"])
    }).pipe(Effect.scoped)
  )

  it.effect("fails when no application takes it or the application is too slow", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start({ webhookTimeoutMs: 100 })
      yield* carrier.ownNumber(ours, { attachedElsewhere: true })
      const lost = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.match(lost.errors[0] ?? "", /^no application takes this call/)
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/slow` })
      peer.answer = () => ({ ...xml("<Say>late</Say>"), delayMs: 400 })
      const slow = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.match(slow.errors[0] ?? "", /No reply within 100 ms/)
      assert.deepStrictEqual([lost.state, slow.state], ["failed", "failed"])
    }).pipe(Effect.scoped)
  )

  it.effect("sends other shapes of the voice request where a deployment does", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start({
        voiceNumbers: "e164",
        voiceDomain: "short",
        voiceFieldsLeftOut: ["SessionData", "Direction", "CallStatus"],
        webhookApiKey: "XIother"
      })
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      const request = arrived(peer, 0)
      const account = credential(carrier, "domain_id").split(".")[0]
      assert.include(json(request), { From: theirs, To: ours, Domain: account, AccountSid: account })
      assert.doesNotHaveAnyKeys(json(request), ["SessionData", "Direction", "CallStatus"])
      assert.strictEqual(request.headers["x-cx-apikey"], "XIother")
    }).pipe(Effect.scoped)
  )

  it.effect("tells the domain's own address of the session, and its end by the CDR", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      const profile = {
        "session-update-endpoint": `${peer.url}/status/domain`,
        "cdr-endpoint": `${peer.url}/status/cdr`,
        "authorization-api-key": "request-key"
      }
      yield* rest(carrier, "PATCH", "/customers/self/domains/~", { profile })
      const placed = yield* carrier.placeInbound(call)
      const end = yield* placed.settled
      assert.strictEqual(at(peer, "/voice")[0]?.headers["authorization"], "Bearer request-key")
      assert.deepStrictEqual(statuses(peer, "/status/domain"), [
        "new",
        "processing",
        "connected",
        "answer",
        "connected"
      ])
      const [cdr, ...others] = at(peer, "/status/cdr")
      assert.lengthOf(others, 0)
      assert.isUndefined(cdr?.headers["x-cx-apikey"])
      assert.isUndefined(cdr?.headers["authorization"])
      const record = cdr === undefined ? {} : json(cdr)
      assert.include(record, { disposition: "ANSWER", domain: credential(carrier, "domain_id"), route: "inbound" })
      assert.include(record["session"], { token: placed.id, status: "completed" })
      assert.notStrictEqual(record["call_id"], placed.id)
      assert.strictEqual(end.callbacks.at(-1)?.subject, "cdr")
    }).pipe(Effect.scoped)
  )
})
