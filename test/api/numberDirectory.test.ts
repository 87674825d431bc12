import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { type Answer, apiServer, at, newOrganization, text, wrongFields } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"
import { fakeCarrier } from "../support/fakeCarrier.ts"

const carrier = fakeCarrier()

/** The normalized addresses of a list, in its order. */
const addresses = (list: Answer) => {
  const found = at(list, "phone_numbers")
  return Array.isArray(found) ? found.map((_, index) => at(list, `phone_numbers.${index}.address_normalized`)) : []
}

let account = 9000

/** Two configurations with two numbers each, one of them with an agent. */
const setUp = Effect.gen(function* () {
  const organization = yield* newOrganization()
  const { admin } = organization
  const configuration = Effect.fnUntraced(function* (name: string) {
    const config = { provider: "fake-carrier", account_sid: `AC${account++}`, auth_token: "token-of-the-account" }
    return text(yield* admin.post("telephony-configs", { name, config }), "id")
  })
  const settings = { url: "wss://agent.example" }
  const agentId = text(yield* admin.post("agents", { name: "Answerer", kind: "fake-agent", settings }), "id")
  const main = yield* configuration("Main")
  const spare = yield* configuration("Spare")
  const add = (id: string, number: object) => admin.post(`telephony-configs/${id}/phone-numbers`, number)
  yield* add(main, { address: "+41446681801", label: "Desk", agent_id: agentId })
  yield* add(spare, { address: "+41446681802" })
  yield* add(main, { address: "+41446681803" })
  yield* add(spare, { address: "sip:100%@pbx.example" })
  return { ...organization, agentId, main, spare }
})

layer(apiServer(embeddedDatabase, [carrier.spec]), { excludeTestServices: true })("all phone numbers", (it) => {
  it.effect("come in pages over all configurations, with the names of those", () =>
    Effect.gen(function* () {
      const { spare, viewer } = yield* setUp
      const first = yield* viewer.get("phone-numbers?limit=3")
      assert.deepStrictEqual(addresses(first), ["+41446681801", "+41446681802", "+41446681803"])
      assert.strictEqual(at(first, "phone_numbers.1.configuration_name"), "Spare")
      assert.strictEqual(at(first, "phone_numbers.1.telephony_configuration_id"), spare)
      assert.strictEqual(at(first, "phone_numbers.1.provider"), "fake-carrier")
      assert.strictEqual(at(first, "phone_numbers.1.sync_state.in_sync"), true)
      const second = yield* viewer.get(`phone-numbers?limit=3&cursor=${text(first, "next_cursor")}`)
      assert.deepStrictEqual(addresses(second), ["sip:100%@pbx.example"])
      assert.isNull(at(second, "next_cursor"))
    })
  )

  it.effect("are found by a part of their address, label or configuration, taken literally, and by their agent", () =>
    Effect.gen(function* () {
      const { agentId, viewer } = yield* setUp
      const found = (query: string) => Effect.map(viewer.get(`phone-numbers?${query}`), addresses)
      assert.deepStrictEqual(yield* found("search=desk"), ["+41446681801"])
      assert.deepStrictEqual(yield* found("search=1802"), ["+41446681802"])
      assert.deepStrictEqual(yield* found("search=SPARE"), ["+41446681802", "sip:100%@pbx.example"])
      assert.deepStrictEqual(yield* found("search=%25"), ["sip:100%@pbx.example"])
      assert.deepStrictEqual(yield* found(`agent_id=${agentId}`), ["+41446681801"])
      assert.deepStrictEqual(yield* found("agent_id=nobody"), [])
    })
  )

  it.effect("are those of the caller's organization, and not of deleted configurations", () =>
    Effect.gen(function* () {
      const stranger = yield* newOrganization()
      const { admin, spare } = yield* setUp
      assert.deepStrictEqual(addresses(yield* stranger.viewer.get("phone-numbers")), [])
      yield* admin.delete(`telephony-configs/${spare}`)
      assert.deepStrictEqual(addresses(yield* admin.get("phone-numbers")), ["+41446681801", "+41446681803"])
    })
  )

  it.effect("are previewed as they would be stored, or why not", () =>
    Effect.gen(function* () {
      const { admin, viewer } = yield* newOrganization()
      const national = { address: "020 7946 0958" }
      const unknown = yield* viewer.post("phone-numbers/preview", national)
      assert.deepStrictEqual([unknown.status, at(unknown, "ok")], [200, false])
      assert.include(text(unknown, "message"), "needs a country")
      const british = {
        ok: true,
        address_normalized: "+442079460958",
        address_type: "pstn",
        country_code: "GB"
      }
      const hinted = yield* viewer.post("phone-numbers/preview", { ...national, country_code: "gb" })
      assert.deepStrictEqual(hinted.body, british)
      yield* admin.patch("current", { version: 1, default_country: "GB" })
      assert.deepStrictEqual((yield* viewer.post("phone-numbers/preview", national)).body, british)
      const extension = yield* viewer.post("phone-numbers/preview", { address: "100", address_type: "sip_extension" })
      assert.strictEqual(at(extension, "address_type"), "sip_extension")
      assert.deepStrictEqual(wrongFields(yield* viewer.post("phone-numbers/preview", {})), ["address"])
    })
  )

  it.effect("have countries to choose from", () =>
    Effect.gen(function* () {
      const { admin, viewer } = yield* newOrganization()
      const listed = yield* viewer.get("phone-numbers/countries")
      assert.isNull(at(listed, "default_country"))
      const all = at(listed, "countries")
      const countries = Array.isArray(all) ? all : []
      assert.deepInclude(countries, { code: "GB", calling_code: "44" })
      assert.isAbove(countries.length, 200)
      yield* admin.patch("current", { version: 1, default_country: "CH" })
      assert.strictEqual(at(yield* viewer.get("phone-numbers/countries"), "default_country"), "CH")
    })
  )
})
