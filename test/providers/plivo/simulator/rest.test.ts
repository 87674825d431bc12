import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../../../src/providers/plivo/simulator.ts"
import { xml } from "../../../simulator/service.ts"
import { credential, dialBody, ours, person, rest, start, streaming, until } from "./peer.ts"

const digits = ours.slice(1)

describe("the REST API", () => {
  it.effect("shows the account, and takes nobody else's credentials", () =>
    Effect.gen(function* () {
      const carrier = yield* simulator.start()
      const id = credential(carrier, "auth_id")
      assert.match(id, /^MA[A-Z0-9]{18}$/)
      assert.deepStrictEqual(Object.keys(carrier.credentials), ["auth_id", "auth_token"])
      const account = yield* rest(carrier, "GET", "")
      assert.deepInclude(account.body, { auth_id: id, account_type: "standard", cash_credits: "12.34" })
      assert.match(String(account.body["api_id"]), /^[0-9a-f-]{36}$/)
      const refused = yield* rest(carrier, "GET", "", undefined, { password: "wrong" })
      assert.strictEqual(refused.status, 401)
      assert.notMatch(refused.text, /^[[{]/)
      assert.strictEqual((yield* rest(carrier, "GET", "Number")).status, 404)
      assert.strictEqual((yield* rest(carrier, "GET", "Nothing/")).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("refuses to dial what it should not", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const good = dialBody(peer)
      const bad: ReadonlyArray<Readonly<Record<string, unknown>>> = [
        { ...good, to: "" },
        { ...good, from: undefined },
        { ...good, answer_url: undefined },
        { ...good, to: "somebody" },
        { ...good, answer_url: "ftp://a.example/" },
        { ...good, ring_url: "nowhere" },
        { ...good, answer_method: "PUT" },
        { ...good, time_limit: 90_000 },
        { ...good, ring_timeout: 0 },
        { ...good, machine_detection: "maybe" },
        { ...good, machine_detection: true, machine_detection_time: 100 },
        { ...good, caller_name: "x".repeat(51) },
        { ...good, sip_headers: "a b=c" },
        { ...good, sip_headers: { a: "b" } }
      ]
      for (const body of bad) {
        const answer = yield* rest(carrier, "POST", "Call/", body)
        assert.strictEqual(answer.status, 400, JSON.stringify(body))
        assert.isString(answer.body["error"])
      }
      const form = yield* rest(carrier, "POST", "Call/", good, { type: "application/x-www-form-urlencoded" })
      assert.strictEqual(form.status, 400)
      const parent = { parent_call_uuid: "none", error_if_parent_not_found: true }
      assert.strictEqual((yield* rest(carrier, "POST", "Call/", { ...good, ...parent })).status, 404)
      assert.lengthOf(yield* carrier.calls, 0)

      yield* rest(carrier, "POST", "Call/", { ...good, workflow_id: 7 })
      const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.deepStrictEqual(end.errors, ["there is no parameter workflow_id of a call"])
    }).pipe(Effect.scoped)
  )

  it.effect("keeps numbers, and links them to applications", () =>
    Effect.gen(function* () {
      const { appId, carrier, peer } = yield* start()
      const id = credential(carrier, "auth_id")
      const number = yield* rest(carrier, "GET", `Number/${digits}/`)
      assert.deepInclude(number.body, {
        number: digits,
        application: `/v1/Account/${id}/Application/${appId}/`,
        voice_enabled: true,
        sub_account: null
      })
      assert.strictEqual(yield* carrier.inboundWebhook(ours), `${peer.url}/voice?tenant=a%20b&x=1`)
      assert.strictEqual((yield* rest(carrier, "GET", "Number/15550000000/")).status, 404)
      yield* carrier.ownNumber("+14155550177", { callerIdOnly: true })
      assert.strictEqual((yield* rest(carrier, "GET", "Number/14155550177/")).status, 404)
      yield* carrier.ownNumber("+14155550188", { attachedElsewhere: true })
      const trunk = yield* rest(carrier, "GET", "Number/14155550188/")
      assert.match(String(trunk.body["application"]), /\/Zentrunk\/Trunk\/\d+\/$/)
      yield* carrier.ownNumber("+14155550189", { voice: false, webhook: "https://a.example/theirs" })
      assert.strictEqual(yield* carrier.inboundWebhook("+14155550189"), "https://a.example/theirs")

      const page = yield* rest(carrier, "GET", "Number/?services=voice&limit=1")
      assert.deepInclude(page.body["meta"], { limit: 1, offset: 0, total_count: 2, previous: null })
      assert.strictEqual((yield* rest(carrier, "GET", "Number/?limit=21")).status, 400)
      const link = (app_id: string | null) => rest(carrier, "POST", `Number/${digits}/`, { app_id })
      assert.strictEqual((yield* link("12345")).status, 400)
      const unlinked = yield* link(null)
      assert.deepStrictEqual([unlinked.status, unlinked.body["message"]], [202, "changed"])
      assert.isNull((yield* rest(carrier, "GET", `Number/${digits}/`)).body["application"])
      assert.isUndefined(yield* carrier.inboundWebhook(ours))
      const end = yield* Effect.flatMap(carrier.placeInbound({ from: person, to: ours }), (call) => call.settled)
      assert.deepStrictEqual([end.state, end.callbacks.length], ["failed", 0])
    }).pipe(Effect.scoped)
  )

  it.effect("keeps applications, whose ids do not fit a double and whose hangup URL is the answer URL by default", () =>
    Effect.gen(function* () {
      const { appId, carrier, peer } = yield* start()
      assert.notStrictEqual(String(Number(appId)), appId)
      const post = (path: string, body: unknown) => rest(carrier, "POST", path, body)
      const answer_url = `${peer.url}/voice`
      const created = yield* post("Application/", { app_name: "other_1", answer_url })
      assert.deepStrictEqual([created.status, created.body["message"]], [201, "created"])
      const path = `Application/${String(created.body["app_id"])}/`
      assert.deepInclude((yield* rest(carrier, "GET", path)).body, {
        app_name: "other_1",
        answer_url,
        hangup_url: answer_url,
        sip_uri: `sip:${String(created.body["app_id"])}@app.plivo.com`
      })
      assert.strictEqual((yield* post("Application/", { app_name: "other_1", answer_url })).status, 409)
      assert.strictEqual((yield* post("Application/", { app_name: "no spaces", answer_url })).status, 400)
      assert.strictEqual((yield* post("Application/", { answer_url })).status, 400)
      const changed = yield* post(path, { hangup_url: "", answer_method: "GET" })
      assert.deepStrictEqual([changed.status, changed.body["message"]], [202, "changed"])
      const after = (yield* rest(carrier, "GET", path)).body
      assert.deepInclude(after, { hangup_url: "", answer_method: "GET", answer_url })
      assert.include((yield* rest(carrier, "GET", "Application/?app_name=gateway")).text, appId)
      assert.notInclude((yield* rest(carrier, "GET", "Application/?app_name=other")).text, appId)
      assert.strictEqual((yield* rest(carrier, "DELETE", `Application/${appId}/`)).status, 204)
      assert.strictEqual((yield* rest(carrier, "GET", `Application/${appId}/`)).status, 404)
      assert.isNull((yield* rest(carrier, "GET", `Number/${digits}/`)).body["application"])
    }).pipe(Effect.scoped)
  )

  it.effect("sends digits, speaks and streams on a call that is live", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => xml('<Wait length="60"/>')
      const call = yield* carrier.placeInbound({ from: person, to: ours })
      yield* call.until((now) => now.state === "in-progress")
      const control = (path: string, body: unknown) => rest(carrier, "POST", `Call/${call.id}/${path}`, body)
      assert.strictEqual((yield* control("DTMF/", { digits: "12#", leg: "aleg" })).status, 202)
      assert.strictEqual((yield* control("DTMF/", { digits: "hello" })).status, 400)
      assert.strictEqual((yield* control("Speak/", { text: "Hi" })).status, 202)
      assert.deepStrictEqual((yield* call.now).notes, ["sent digits: 12#", "said: Hi"])
      const service_url = `${peer.url.replace("http", "ws")}/media/rest`
      const wanted = { service_url, bidirectional: true, content_type: "audio/x-mulaw;rate=8000" }
      const streamed = yield* control("Stream/", wanted)
      assert.strictEqual(streamed.body["message"], "audio streaming started")
      yield* call.until((now) => now.media === "streaming")
      assert.strictEqual((yield* control("Stream/", wanted)).status, 400)
      const one = `Call/${call.id}/Stream/${String(streamed.body["stream_id"])}/`
      assert.deepInclude((yield* rest(carrier, "GET", one)).body, { status: "started", service_url })
      assert.strictEqual((yield* rest(carrier, "DELETE", one)).status, 204)
      yield* call.until((now) => now.media === "ended")
      yield* until(() => peer.sockets[0]?.readyState === peer.sockets[0]?.CLOSED)
      assert.strictEqual((yield* call.now).state, "in-progress")
      yield* call.hangUp
      yield* call.settled
      assert.strictEqual((yield* control("DTMF/", { digits: "1" })).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("ends a stream of the markup, after which the document goes on", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => streaming(peer, "", "/media/one", "<Speak>Next</Speak>")
      const call = yield* carrier.placeInbound({ from: person, to: ours })
      yield* call.until((now) => now.media === "streaming")
      assert.strictEqual((yield* rest(carrier, "DELETE", `Call/${call.id}/Stream/`)).status, 204)
      assert.deepStrictEqual((yield* call.settled).notes, ["said: Next"])
      assert.lengthOf(peer.upgrades, 1)
    }).pipe(Effect.scoped)
  )
})
