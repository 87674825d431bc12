import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../../../src/providers/vonage/simulator.ts"
import type { SimulatorOptions } from "../../../../src/simulator/SimulatorModule.ts"
import { basic, credential, peer, rest, token } from "./peer.ts"

const from = "14155550123"
const to = "442071838750"

const start = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const carrier = yield* simulator.start(options)
  yield* carrier.ownNumber(`+${from}`)
  const body = {
    to: [{ type: "phone", number: to }],
    from: { type: "phone", number: from },
    ncco: [{ action: "talk", text: "Hello" }],
    event_url: ["http://127.0.0.1:1/events"]
  }
  const dial = (changes: object) => rest(carrier, "POST", "/v1/calls", { json: { ...body, ...changes } })
  const application = `/v2/applications/${credential(carrier, "application_id")}`
  return { carrier, body, dial, application }
})

describe("the Voice API", () => {
  it.effect("takes only tokens of its application", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      const other = yield* simulator.start()
      const seconds = Math.floor(Date.now() / 1000)
      const ask = (authorization: string) => rest(carrier, "GET", "/v1/calls?page_size=1", { authorization })
      const good = yield* ask(`Bearer ${token(carrier)}`)
      assert.deepStrictEqual(
        [good.status, good.body["count"], good.body["page_size"], good.body["_embedded"]],
        [200, 0, 1, { calls: [] }]
      )
      const refused = [
        token(other),
        token(carrier, { iat: seconds + 120, exp: seconds + 300 }),
        token(carrier, { exp: seconds - 1 }),
        token(carrier, { iat: seconds - 901, exp: undefined }),
        token(carrier, { jti: undefined }),
        token(carrier, { application_id: undefined })
      ]
      for (const bearer of refused) {
        const { body, headers, status } = yield* ask(`Bearer ${bearer}`)
        assert.deepStrictEqual([status, body["title"]], [401, "Unauthorized"])
        assert.strictEqual(body["detail"], "You did not provide correct credentials.")
        assert.match(String(headers.get("content-type")), /problem\+json/)
      }
      assert.strictEqual((yield* ask(basic(carrier))).status, 403)
      const bad = yield* ask("Bearer abc")
      assert.deepStrictEqual([bad.status, bad.body["code"]], [403, "10001"])
    }).pipe(Effect.scoped)
  )

  it.effect("refuses bad dials, and names what is wrong", () =>
    Effect.gen(function* () {
      const { body, carrier, dial } = yield* start()
      const answer = { answer_url: ["https://svc.example/answer"] }
      const cases: ReadonlyArray<readonly [object, string]> = [
        [{ to: [] }, "to"],
        [{ to: [...body.to, ...body.to] }, "to"],
        [{ to: [{ type: "phone", number: `+${to}` }] }, "to"],
        [{ from: { type: "phone", number: `+${from}` } }, "from"],
        [{ from: undefined }, "from"],
        [{ random_from_number: true }, "from"],
        [answer, "ncco"],
        [{ ncco: undefined }, "ncco"],
        [{ ncco: undefined, answer_url: "https://svc.example/answer" }, "answer_url"],
        [{ event_url: "https://svc.example/events" }, "event_url"],
        [{ event_url: undefined }, "event_url"],
        [{ ringing_timer: 121 }, "ringing_timer"],
        [{ length_timer: 0 }, "length_timer"],
        [{ machine_detection: "maybe" }, "machine_detection"],
        [{ machine_detection: "continue", advanced_machine_detection: {} }, "machine_detection"],
        [{ workflow_id: 7 }, "workflow_id"]
      ]
      for (const [changes, name] of cases) {
        const { body, status, text } = yield* dial(changes)
        assert.deepStrictEqual([status, body["title"]], [400, "Bad Request"], text)
        assert.match(text, new RegExp(`"invalid_parameters":\\[\\{"name":"${name}"`))
      }
      const form = yield* rest(carrier, "POST", "/v1/calls", {
        form: { to },
        authorization: `Bearer ${token(carrier)}`
      })
      assert.strictEqual(form.status, 415)
      assert.deepStrictEqual(yield* carrier.calls, [])
      const missing = yield* rest(carrier, "GET", "/v1/calls/aaaaaaaa-bbbb-cccc-dddd-0123456789ab")
      assert.deepStrictEqual([missing.status, missing.body["title"]], [404, "Not Found"])
    }).pipe(Effect.scoped)
  )

  it.effect("takes so many dials in a second and no more", () =>
    Effect.gen(function* () {
      const { carrier, dial } = yield* start({ callsPerSecond: 1 })
      const replies = yield* Effect.forEach(Array.from({ length: 10 }), () => dial({}), { concurrency: "unbounded" })
      const taken = replies.filter(({ status }) => status === 201)
      assert.isAtLeast(taken.length, 1)
      assert.strictEqual(replies.find(({ status }) => status === 429)?.body["title"], "Rate Limit Hit")
      assert.lengthOf(yield* carrier.calls, taken.length)
    }).pipe(Effect.scoped)
  )
})

describe("the Applications API", () => {
  it.effect("replaces the whole application: what an update does not say is gone", () =>
    Effect.gen(function* () {
      const { application, carrier } = yield* start()
      const before = yield* rest(carrier, "GET", application)
      assert.strictEqual(before.status, 200)
      assert.include(before.text, '"signed_callbacks":true')
      assert.include(before.text, "-----BEGIN PUBLIC KEY-----")
      const answer_url = { address: "https://svc.example/in", http_method: "POST", socket_timeout: 3000 }
      const json = { name: "ours", capabilities: { voice: { webhooks: { answer_url } }, messages: { version: "v1" } } }
      const updated = yield* rest(carrier, "PUT", application, { json })
      assert.strictEqual(updated.status, 200)
      const after = yield* rest(carrier, "GET", application)
      assert.deepStrictEqual(after.body["capabilities"], json.capabilities)
      assert.deepStrictEqual(after.body["keys"], before.body["keys"])
      assert.notInclude(after.text, "signed_callbacks")
      // Without the link to the application the number's calls do not come.
      assert.isUndefined(yield* carrier.inboundWebhook(`+${from}`))
      const link = { country: "US", msisdn: from, app_id: credential(carrier, "application_id") }
      const linked = yield* rest(carrier, "POST", "/number/update", { form: link })
      assert.deepStrictEqual(
        [linked.status, linked.body],
        [200, { "error-code": "200", "error-code-label": "success" }]
      )
      assert.strictEqual(yield* carrier.inboundWebhook(`+${from}`), "https://svc.example/in")
      // An application that lost `signed_callbacks` is called unsigned.
      const ours = yield* peer
      const call = yield* carrier.placeInbound({ from: `+${to}`, to: `+${from}`, webhook: `${ours.url}/answer` })
      yield* call.settled
      assert.isUndefined(ours.arrived[0]?.headers.authorization)
      // Another key makes the stored private key worthless, and without the Voice capability there is no Voice API.
      assert.strictEqual((yield* rest(carrier, "GET", "/v1/calls")).status, 200)
      yield* rest(carrier, "PUT", application, { json: { name: "ours", capabilities: {} } })
      assert.strictEqual((yield* rest(carrier, "GET", "/v1/calls")).status, 401)
      yield* rest(carrier, "PUT", application, {
        json: { ...json, keys: { public_key: "-----BEGIN PUBLIC KEY-----" } }
      })
      assert.strictEqual((yield* rest(carrier, "GET", "/v1/calls")).status, 401)
    }).pipe(Effect.scoped)
  )

  it.effect("refuses what is out of range, and whoever is not its owner", () =>
    Effect.gen(function* () {
      const { application, carrier } = yield* start()
      const url = { address: "https://svc.example/in" }
      const wrong: ReadonlyArray<object> = [
        { capabilities: {} },
        { name: "x", capabilities: { voice: { webhooks: { answer_url: { address: "svc.example" } } } } },
        { name: "x", capabilities: { voice: { webhooks: { answer_url: { ...url, http_method: "PUT" } } } } },
        { name: "x", capabilities: { voice: { webhooks: { answer_url: { ...url, socket_timeout: 5001 } } } } },
        { name: "x", capabilities: { voice: { webhooks: { event_url: { ...url, connect_timeout: 299 } } } } },
        { name: "x", capabilities: { voice: { region: "mars" } } }
      ]
      for (const json of wrong) assert.strictEqual((yield* rest(carrier, "PUT", application, { json })).status, 400)
      const denied = yield* rest(carrier, "GET", application, { authorization: basic(carrier, "guess") })
      assert.deepStrictEqual([denied.status, denied.body["title"]], [401, "Invalid credentials supplied"])
      const bearer = yield* rest(carrier, "GET", application, { authorization: `Bearer ${token(carrier)}` })
      assert.strictEqual(bearer.status, 401)
      const other = yield* rest(carrier, "GET", "/v2/applications/aaaaaaaa-bbbb-cccc-dddd-0123456789ab")
      assert.strictEqual(other.status, 404)
      assert.strictEqual((yield* rest(carrier, "DELETE", application)).status, 405)
    }).pipe(Effect.scoped)
  )
})

describe("the Numbers and Account APIs", () => {
  it.effect("find numbers by their beginning, so that longer ones come too, and nothing as `{}`", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      yield* carrier.ownNumber(`+${from}9`, { attachedElsewhere: true, voice: false })
      yield* carrier.ownNumber("+447700900123", { webhook: "https://svc.example/in" })
      yield* carrier.ownNumber("+15005550006", { callerIdOnly: true })
      const find = (query: string) => rest(carrier, "GET", `/account/numbers?${query}`)
      const both = yield* find(`pattern=${from}&search_pattern=0&size=100`)
      assert.strictEqual(both.body["count"], 2)
      assert.include(both.text, '"features":["SMS"]')
      assert.match(both.text, /"app_id":"[0-9a-f-]{36}","voiceCallbackType":"app"/)
      const linked = yield* find(`application_id=${credential(carrier, "application_id")}`)
      assert.match(linked.text, /"country":"GB","msisdn":"447700900123"/)
      assert.strictEqual((yield* find("search_pattern=2&pattern=0123")).body["count"], 2)
      assert.strictEqual((yield* find("has_application=false")).body["count"], 1)
      assert.strictEqual((yield* find("size=1&index=3")).body["count"], 3)
      assert.deepStrictEqual((yield* find("pattern=15005550006")).body, {})
      assert.strictEqual((yield* find("size=101")).status, 400)
      const wrong = yield* rest(carrier, "POST", "/number/update", {
        form: { country: "GB", msisdn: from, app_id: "x" }
      })
      assert.strictEqual(wrong.status, 420)
      const denied = yield* rest(carrier, "GET", "/account/numbers", { authorization: basic(carrier, "guess") })
      assert.deepStrictEqual([denied.status, denied.body["error-code"]], [401, "401"])
      const balance = yield* rest(carrier, "GET", "/account/get-balance")
      assert.deepStrictEqual(balance.body, { value: 10.17, autoReload: false })
      assert.strictEqual((yield* rest(carrier, "GET", "/elsewhere")).status, 404)
    }).pipe(Effect.scoped)
  )
})
