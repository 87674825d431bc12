import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../../../src/providers/telnyx/simulator.ts"
import { answered, command, credential, eventsOf, namesOf, ours, rest, start, textOf, theirs, third } from "./peer.ts"

describe("the account", () => {
  it.effect("has the credentials of a configuration, and takes only its own key", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      assert.deepStrictEqual(Object.keys(carrier.credentials).sort(), [
        "api_key",
        "connection_id",
        "webhook_public_key"
      ])
      assert.match(credential(carrier, "connection_id"), /^\d{19}$/)
      assert.lengthOf(Buffer.from(credential(carrier, "webhook_public_key"), "base64"), 32)
      const balance = yield* rest(carrier, "GET", "/balance")
      assert.deepInclude(balance.data, { record_type: "balance", balance: "300.00", currency: "USD" })
      const wrong = yield* rest(carrier, "GET", "/balance", {}, "KEY0")
      assert.deepStrictEqual([wrong.status, wrong.codes], [401, ["10009"]])
      const nowhere = yield* rest(carrier, "GET", "/nowhere")
      assert.deepStrictEqual([nowhere.status, nowhere.codes], [404, ["10005"]])
      assert.strictEqual((yield* rest(carrier, "POST", "/balance")).status, 405)
    }).pipe(Effect.scoped)
  )

  it.effect("finds numbers by parts of them, and binds them to an application", () =>
    Effect.gen(function* () {
      const carrier = yield* simulator.start()
      yield* carrier.ownNumber(ours)
      yield* carrier.ownNumber("+14155550199", { attachedElsewhere: true })
      yield* carrier.ownNumber("+442071838700")
      yield* carrier.ownNumber("+15005550006", { callerIdOnly: true })
      const found = yield* rest(carrier, "GET", "/phone_numbers?filter[phone_number]=%2B14155550123&page[size]=100")
      assert.deepInclude(found.list[0], { record_type: "phone_number", phone_number: ours, connection_id: "" })
      assert.deepInclude(found.meta, { page_number: 1, page_size: 100, total_pages: 1, total_results: 1 })
      const part = yield* rest(
        carrier,
        "GET",
        "/phone_numbers?filter[phone_number]=4155550&page[size]=1&page[number]=2"
      )
      assert.deepInclude(part.meta, { page_number: 2, total_pages: 2, total_results: 2 })
      assert.notStrictEqual(part.list[0]?.["connection_id"], "")
      assert.lengthOf((yield* rest(carrier, "GET", "/phone_numbers?filter[phone_number]=15005550006")).list, 0)
      assert.deepStrictEqual((yield* rest(carrier, "GET", "/phone_numbers?filter[colour]=red")).codes, ["10031"])

      const path = `/phone_numbers/${textOf(found.list[0]?.["id"])}`
      assert.deepStrictEqual((yield* rest(carrier, "PATCH", path, { connection_id: "1" })).codes, ["85004"])
      assert.deepStrictEqual((yield* rest(carrier, "PATCH", path, { connection_id: 1 })).codes, ["10026"])
      assert.isUndefined(yield* carrier.inboundWebhook(ours))
      const connection_id = credential(carrier, "connection_id")
      const bound = yield* rest(carrier, "PATCH", path, { connection_id })
      assert.deepInclude(bound.data, { connection_id, connection_name: "Simulated application" })
      const application = { application_name: "mine", webhook_event_url: "https://ours.example/in" }
      yield* rest(carrier, "PATCH", `/call_control_applications/${connection_id}`, application)
      assert.strictEqual(yield* carrier.inboundWebhook(ours), "https://ours.example/in")
      assert.strictEqual((yield* rest(carrier, "GET", "/phone_numbers/1")).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("changes an application only with its name and webhook, and makes new ones", () =>
    Effect.gen(function* () {
      const { carrier, dialBody, peer } = yield* start()
      const path = `/call_control_applications/${credential(carrier, "connection_id")}`
      const nameless = yield* rest(carrier, "PATCH", path, { call_cost_in_webhooks: true })
      assert.deepStrictEqual([nameless.status, nameless.codes], [422, ["10004"]])
      const plain = yield* rest(carrier, "PATCH", path, {
        application_name: "x",
        webhook_event_url: "http://a.example/"
      })
      assert.deepStrictEqual([plain.status, plain.codes], [422, ["10003"]])
      const shown = yield* rest(carrier, "GET", path)
      assert.deepInclude(shown.data, {
        record_type: "call_control_application",
        active: true,
        webhook_api_version: "2",
        webhook_event_url: `${peer.url}/inbound`,
        call_cost_in_webhooks: false
      })
      assert.strictEqual((yield* rest(carrier, "GET", "/call_control_applications/1")).status, 404)

      const application = {
        application_name: "new",
        webhook_event_url: "https://a.example/in",
        webhook_api_version: "2"
      }
      const made = yield* rest(carrier, "POST", "/call_control_applications", application)
      assert.strictEqual(made.status, 201)
      const connection_id = textOf(made.data["id"])
      const profileless = yield* rest(carrier, "POST", "/calls", { ...dialBody, connection_id })
      assert.deepStrictEqual([profileless.status, profileless.codes], [403, ["D38"]])
      const profiles = yield* rest(carrier, "GET", "/outbound_voice_profiles")
      const outbound = { outbound_voice_profile_id: profiles.list[0]?.["id"] }
      const profiled = yield* rest(carrier, "PATCH", `/call_control_applications/${connection_id}`, {
        ...application,
        outbound
      })
      assert.deepInclude(profiled.data["outbound"], outbound)
      assert.strictEqual((yield* rest(carrier, "POST", "/calls", { ...dialBody, connection_id })).status, 200)
    }).pipe(Effect.scoped)
  )

  it.effect("does not ring numbers that are attached to nothing or elsewhere", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber("+14155550199", { attachedElsewhere: true, webhook: `${peer.url}/elsewhere` })
      const elsewhere = yield* carrier.placeInbound({ from: theirs, to: "+14155550199" })
      yield* elsewhere.until(({ answers }) => answers.length > 0)
      assert.strictEqual(eventsOf(peer)[0]?.target, "/elsewhere")
      assert.notStrictEqual(eventsOf(peer)[0]?.payload["connection_id"], credential(carrier, "connection_id"))
      yield* carrier.ownNumber("+14155550200")
      const nowhere = yield* Effect.flatMap(
        carrier.placeInbound({ from: theirs, to: "+14155550200" }),
        (call) => call.settled
      )
      assert.strictEqual(nowhere.state, "failed")
      assert.lengthOf(eventsOf(peer), 1)
    }).pipe(Effect.scoped)
  )
})

describe("the REST API", () => {
  it.effect("refuses bad dials with the carrier's codes", () =>
    Effect.gen(function* () {
      const { carrier, dialBody } = yield* start()
      yield* carrier.ownNumber("+15005550006", { callerIdOnly: true })
      const cases = [
        [{ to: undefined }, 422, "10004"],
        [{ to: "2071838750" }, 422, "10016"],
        [{ from: "hello" }, 422, "10016"],
        [{ from: third }, 403, "D51"],
        [{ connection_id: "1494404757140276705" }, 422, "85004"],
        [{ connection_id: 1494404757140276 }, 422, "10026"],
        [{ client_state: "{run:42}" }, 422, "90017"],
        [{ timeout_secs: 4 }, 422, "90028"],
        [{ time_limit_secs: 14_400 }, 422, "90029"],
        [{ webhook_url: "ftp://a.example" }, 422, "10003"],
        [{ stream_url: "https://a.example" }, 422, "10003"],
        [{ stream_url: "ws://a.example/media" }, 422, "10003"],
        [{ stream_bidirectional_codec: "MP4" }, 422, "10032"],
        [{ webhook_retries_policies: { "call.hangup": { retries_ms: [1, 2, 3, 4, 5, 6] } } }, 422, "10033"]
      ] as const
      for (const [change, status, code] of cases) {
        const { codes, ...reply } = yield* rest(carrier, "POST", "/calls", { ...dialBody, ...change })
        assert.deepStrictEqual([reply.status, codes], [status, [code]], JSON.stringify(change))
      }
      assert.lengthOf(yield* carrier.calls, 0)
      const shown = yield* rest(carrier, "POST", "/calls", { ...dialBody, from: "+15005550006" })
      assert.strictEqual(shown.status, 200)
    }).pipe(Effect.scoped)
  )

  it.effect("knows a call by its id in either form, and no other one", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const { carrier } = setting
      const call = yield* answered(setting, {})
      assert.include(call.id, ":")
      for (const id of [call.id, encodeURIComponent(call.id)]) {
        assert.strictEqual((yield* rest(carrier, "GET", `/calls/${id}`)).data["call_control_id"], call.id)
        assert.strictEqual(
          (yield* rest(carrier, "POST", `/calls/${id}/actions/send_dtmf`, { digits: "12w#" })).status,
          200
        )
      }
      assert.deepStrictEqual((yield* command(carrier, call.id, "send_dtmf", { digits: "x" })).codes, ["90014"])
      assert.deepStrictEqual((yield* command(carrier, call.id, "dance")).codes, ["10005"])
      assert.deepStrictEqual((yield* command(carrier, "nonsense", "hangup")).codes, ["90015"])
      assert.strictEqual((yield* command(carrier, `v3:${"a".repeat(54)}`, "hangup")).status, 404)
      assert.strictEqual((yield* rest(carrier, "GET", "/calls/none")).status, 404)
      assert.include((yield* call.now).notes, "digits: 12w#")
      yield* call.hangUp
      yield* call.settled
      assert.strictEqual((yield* rest(carrier, "GET", `/calls/${call.id}`)).data["is_alive"], false)
      yield* carrier.forget
      assert.strictEqual((yield* rest(carrier, "GET", `/calls/${call.id}`)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("takes JSON objects only", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      const send = (body: string, type: string) =>
        Effect.promise(async () => {
          const headers = { Authorization: `Bearer ${credential(carrier, "api_key")}`, "Content-Type": type }
          const reply = await fetch(`${carrier.baseUrl}/v2/calls`, { method: "POST", headers, body })
          return [reply.status, /"code":"(\w+)"/.exec(await reply.text())?.[1]]
        })
      assert.deepStrictEqual(yield* send("{", "application/json"), [400, "10023"])
      assert.deepStrictEqual(yield* send("[]", "application/json"), [400, "10023"])
      assert.deepStrictEqual(yield* send("to=1", "application/x-www-form-urlencoded"), [400, "10029"])
    }).pipe(Effect.scoped)
  )

  it.effect("records, plays, refers, and changes the client state", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const { carrier, peer } = setting
      const call = yield* answered(setting, {})
      yield* command(carrier, call.id, "record_start", { channels: "single", format: "mp3" })
      yield* command(carrier, call.id, "record_stop", {})
      yield* command(carrier, call.id, "playback_start", { audio_url: "https://a.example/hold.mp3" })
      yield* command(carrier, call.id, "refer", { sip_address: "sip:a@b.example" })
      const changed = yield* rest(carrier, "PUT", `/calls/${call.id}/actions/client_state_update`, {
        client_state: "eA=="
      })
      assert.strictEqual(changed.status, 200)
      yield* call.until(({ callbacks }) => callbacks.some(({ subject }) => subject === "status:call.playback.ended"))
      yield* call.hangUp
      yield* call.settled
      const events = eventsOf(peer)
      const saved = events.find(({ event_type }) => event_type === "call.recording.saved")
      assert.isUndefined(saved?.payload["call_control_id"])
      assert.strictEqual(saved?.payload["call_leg_id"], events[0]?.payload["call_leg_id"])
      assert.strictEqual(events.at(-1)?.payload["client_state"], "eA==")
      assert.includeMembers(namesOf(peer, call.id), ["call.refer.completed", "call.playback.started"])
    }).pipe(Effect.scoped)
  )
})
