import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../../../src/providers/vobiz/simulator.ts"
import { type Answer, ours, rest, start } from "./support.ts"

const attachment = "/numbers/%2B911140000001/application"
const itemsOf = (answer: Answer) => JSON.stringify(answer.body["items"])
const numbersIn = (answer: Answer) => itemsOf(answer).match(/(?<="e164":")[^"]+/g) ?? []
const application = { app_name: "gateway-1a2b", answer_url: "https://ours.example/in", answer_method: "POST" }

describe("numbers of the account", () => {
  it.effect("are found fuzzily, in pages of 25 to 100", () =>
    Effect.gen(function* () {
      const { applicationId, carrier } = yield* start()
      for (let i = 10; i < 40; i++) yield* carrier.ownNumber(`+9122200000${i}`)
      yield* carrier.ownNumber("+14155550123", { voice: false })
      yield* carrier.ownNumber("+911149999999", { callerIdOnly: true })
      const exact = yield* rest(carrier, "GET", "/numbers?page=1&per_page=100&search=%2B912220000010")
      assert.isAbove(numbersIn(exact).length, 1)
      assert.include(numbersIn(exact), "+912220000010")
      const neighbour = yield* rest(carrier, "GET", "/numbers?page=1&per_page=100&search=%2B912220000099")
      assert.notInclude(numbersIn(neighbour), "+912220000099")
      assert.lengthOf(numbersIn(neighbour), 30)
      const [first, second] = [
        yield* rest(carrier, "GET", "/numbers?page=1&per_page=25"),
        yield* rest(carrier, "GET", "/numbers?page=2&per_page=25")
      ]
      assert.deepInclude(first.body, { page: 1, per_page: 25, total: 32 })
      assert.strictEqual(numbersIn(first).length + numbersIn(second).length, 32)
      assert.strictEqual((yield* rest(carrier, "GET", "/numbers?per_page=5")).status, 422)
      assert.match(itemsOf(first), new RegExp(`"e164":"\\${ours}".*?"application_id":"${applicationId}"`))
      const mute = yield* rest(carrier, "GET", "/numbers?search=%2B14155550123")
      assert.match(itemsOf(mute), /"capabilities":\{"voice":false\}.*"voice_enabled":false/)
    }).pipe(Effect.scoped)
  )

  it.effect("are attached to an application and detached", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      assert.strictEqual(yield* carrier.inboundWebhook(ours), `${at.url}/voice?tenant=7`)
      const created = yield* rest(carrier, "POST", "/Application/", application)
      assert.strictEqual(created.status, 201)
      const id = String(created.body["app_id"])
      assert.match(id, /^\d{17}$/)
      const attached = yield* rest(carrier, "POST", attachment, { application_id: id })
      assert.strictEqual(attached.status, 200)
      assert.strictEqual(attached.body["number"], ours)
      assert.strictEqual(yield* carrier.inboundWebhook(ours), "https://ours.example/in")
      assert.strictEqual(
        (yield* rest(carrier, "POST", attachment, { application_id: "99999999999999999" })).status,
        404
      )
      assert.strictEqual((yield* rest(carrier, "POST", attachment, { application_id: Number(id) })).status, 422)
      const unknown = "/numbers/%2B910000000000/application"
      assert.strictEqual((yield* rest(carrier, "POST", unknown, { application_id: id })).status, 404)
      assert.strictEqual(
        (yield* rest(carrier, "POST", attachment.replace("%2B", ""), { application_id: id })).status,
        404
      )
      assert.strictEqual((yield* rest(carrier, "DELETE", `/Application/${id}/`)).status, 409)
      assert.strictEqual((yield* rest(carrier, "DELETE", attachment)).status, 204)
      assert.strictEqual((yield* rest(carrier, "DELETE", attachment)).status, 404)
      assert.isUndefined(yield* carrier.inboundWebhook(ours))
      assert.strictEqual((yield* rest(carrier, "DELETE", `/Application/${id}/`)).status, 204)
      assert.strictEqual((yield* rest(carrier, "GET", `/Application/${id}/`)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("change hands when attached, unless the carrier is told to refuse", () =>
    Effect.gen(function* () {
      const tryTo = Effect.fnUntraced(function* (attaching: "overwrite" | "conflict" | "cool-off") {
        const carrier = yield* simulator.start({ attaching })
        yield* carrier.ownNumber(ours, { attachedElsewhere: true })
        const { body } = yield* rest(carrier, "POST", "/Application/", application)
        return yield* rest(carrier, "POST", attachment, { application_id: body["app_id"] })
      })
      assert.strictEqual((yield* tryTo("overwrite")).status, 200)
      const conflict = yield* tryTo("conflict")
      assert.strictEqual(conflict.status, 409)
      assert.match(JSON.stringify(conflict.body), /already/)
      const cooling = yield* tryTo("cool-off")
      assert.strictEqual(cooling.status, 409)
      assert.match(JSON.stringify(cooling.body), /did_cool_off_in_effect/)
    }).pipe(Effect.scoped)
  )
})

describe("applications of the account", () => {
  it.effect("are checked, read, listed and changed in part", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      const bad = [
        { ...application, app_name: "with space" },
        { ...application, answer_url: "ours" },
        { ...application, answer_method: "PUT" },
        { app_name: "a", answer_url: application.answer_url },
        { app_name: "a", answer_method: "POST" }
      ]
      for (const body of bad) assert.strictEqual((yield* rest(carrier, "POST", "/Application/", body)).status, 422)
      const { body } = yield* rest(carrier, "POST", "/Application/", application)
      const path = `/Application/${String(body["app_id"])}/`
      const read = yield* rest(carrier, "GET", path)
      assert.deepInclude(read.body, { app_name: "gateway-1a2b", hangup_url: "https://ours.example/in" })
      const changed = yield* rest(carrier, "POST", path, { hangup_url: `${at.url}/status/hangup` })
      assert.strictEqual(changed.status, 202)
      assert.deepInclude((yield* rest(carrier, "GET", path)).body, {
        answer_url: "https://ours.example/in",
        hangup_url: `${at.url}/status/hangup`
      })
      assert.strictEqual((yield* rest(carrier, "POST", path, { answer_url: "" })).status, 422)
      const list = yield* rest(carrier, "GET", "/Application/?limit=1&offset=1")
      assert.deepStrictEqual(list.body["meta"], { limit: 1, offset: 1, total_count: 2 })
      assert.match(JSON.stringify(list.body["objects"]), /"app_name":"gateway-1a2b"/)
    }).pipe(Effect.scoped)
  )
})
