import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../../../src/providers/cloudonix/simulator.ts"
import { xml } from "../../../simulator/service.ts"
import { credential, cxml, ours, rest, start, theirs, untilEffect } from "./peer.ts"

const domain = "/customers/self/domains/~"
const good = { destination: theirs, "caller-id": ours, cxml: cxml("<Hangup/>") }

describe("the REST API", () => {
  it.effect("knows its key, its domain by name, id and uuid, and nobody else's", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      const shown = yield* rest(carrier, "GET", domain)
      assert.strictEqual(shown.status, 200)
      const { id, name, uuid } = shown.body
      assert.strictEqual(name, credential(carrier, "domain_id"))
      assert.match(credential(carrier, "bearer_token"), /^XI[0-9a-f]{32}$/)
      const status = (path: string, key?: string) =>
        Effect.map(rest(carrier, "GET", path, undefined, key), (answer) => answer.status)
      for (const way of [`/domains/${String(id)}`, `/customers/7/domains/${String(uuid)}`, "/domains/self"]) {
        assert.strictEqual(yield* status(way), 200, way)
      }
      assert.strictEqual(yield* status(domain, "XIwrong"), 401)
      assert.strictEqual(yield* status("/domains/nobody.cloudonix.net"), 404)
      assert.strictEqual(yield* status("/domains/neighbour.cloudonix.net"), 403)
      assert.strictEqual(yield* status("/domains/%E0%A4%A"), 404)
      assert.strictEqual(yield* status("/elsewhere"), 404)
    }).pipe(Effect.scoped)
  )

  it.effect("answers 404 where a list is empty", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      for (const resource of ["applications", "dnids", "sessions"]) {
        assert.strictEqual((yield* rest(carrier, "GET", `${domain}/${resource}`)).status, 404, resource)
      }
    }).pipe(Effect.scoped)
  )

  it.effect(
    "refuses a dial without caller id, with two applications, with a boolean as text, with an unknown field",
    () =>
      Effect.gen(function* () {
        const { carrier, peer } = yield* start()
        const cases = [
          [{ destination: theirs, cxml: good.cxml }, /caller-id/],
          [{ "caller-id": ours, cxml: good.cxml }, /destination/],
          [{ ...good, destination: "not a number" }, /cannot be dialled/],
          [{ ...good, url: peer.url }, /exactly one/],
          [{ destination: theirs, "caller-id": ours }, /exactly one/],
          [{ ...good, asyncAmd: "true" }, /asyncAmd/],
          [{ ...good, timeout: "45" }, /timeout/],
          [{ ...good, workflow_run_id: 7 }, /workflow_run_id/],
          [{ ...good, trunk: "unknown" }, /trunk/],
          [{ ...good, callback: "ftp://x" }, /address/],
          [{ destination: theirs, "caller-id": ours, application: "unknown" }, /application/],
          ["{", /./]
        ] as const
        for (const [body, reason] of cases) {
          const answer = yield* rest(carrier, "POST", "/calls/~/application", body)
          assert.strictEqual(answer.status, 400, JSON.stringify(body))
          // The real texts say nothing; why is for people only.
          assert.deepStrictEqual(answer.body, { status: false, message: "Bad request" })
          assert.match(answer.headers.get("x-simulator-reason") ?? "", reason)
        }
        assert.lengthOf(yield* carrier.calls, 0)
      }).pipe(Effect.scoped)
  )

  it.effect("takes ten requests in three seconds, and answers 429 to more", () =>
    Effect.gen(function* () {
      const carrier = yield* simulator.start()
      const all = yield* Effect.forEach(Array.from({ length: 12 }), () => rest(carrier, "GET", domain))
      assert.deepStrictEqual(
        all.map(({ status }) => status),
        [...Array.from({ length: 10 }, () => 200), 429, 429]
      )
      assert.isNull(all[11]?.headers.get("retry-after"))
      yield* untilEffect(Effect.map(rest(carrier, "GET", domain), ({ status }) => status === 200))
    }).pipe(Effect.scoped)
  )

  it.effect("binds inbound calls per application: one address for all of its numbers", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours)
      assert.isUndefined(yield* carrier.inboundWebhook(ours))
      const made = yield* rest(carrier, "POST", `${domain}/applications`, {
        name: "switchboard",
        type: "cxml",
        url: `${peer.url}/one`,
        method: "POST"
      })
      assert.include(made.body, { name: "switchboard", type: "cxml", method: "POST", active: true })
      assert.isNumber(made.body["id"])
      // A DNID without an application goes to the domain's default one.
      yield* rest(carrier, "PUT", domain, { defaultApplication: made.body["id"] })
      assert.strictEqual(yield* carrier.inboundWebhook(ours), `${peer.url}/one`)
      const path = `/domains/~/applications/${String(made.body["uuid"])}/dnids`
      const created = yield* rest(carrier, "POST", path, {
        source: theirs,
        prefix: false,
        expression: false,
        asteriskCompatible: false
      })
      assert.include(created.body, { source: theirs, dnid: "^(\\+442071838750)$", application: "switchboard" })
      yield* rest(carrier, "PATCH", `${domain}/applications/switchboard`, { url: `${peer.url}/two`, method: "POST" })
      assert.strictEqual(yield* carrier.inboundWebhook(theirs), `${peer.url}/two`)
      assert.strictEqual(yield* carrier.inboundWebhook(ours), `${peer.url}/two`)
      assert.isUndefined(yield* carrier.inboundWebhook("+15550001111"))
      peer.answer = () => xml("<Reject/>")
      yield* Effect.flatMap(carrier.placeInbound({ from: theirs, to: ours }), (call) => call.settled)
      assert.strictEqual(peer.arrived[0]?.target, "/two")
      const bad = { name: "switchboard", url: peer.url }
      assert.strictEqual((yield* rest(carrier, "POST", `${domain}/applications`, bad)).status, 400)
      assert.strictEqual((yield* rest(carrier, "PUT", domain, { defaultApplication: 1 })).status, 400)
    }).pipe(Effect.scoped)
  )

  it.effect("shows, makes, moves and deletes DNIDs by number or id", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      const number = `${domain}/dnids/${encodeURIComponent(ours)}`
      const shown = yield* rest(carrier, "GET", number)
      assert.include(shown.body, { source: ours, active: true, prefix: false })
      const make = (body: unknown) => rest(carrier, "POST", `${domain}/dnids`, body)
      const applicationId = shown.body["applicationId"]
      assert.strictEqual((yield* make({ source: theirs, applicationId })).status, 204)
      assert.strictEqual(yield* carrier.inboundWebhook(theirs), `${peer.url}/voice`)
      for (const body of [
        { source: "+1", dnid: "^x$" },
        {},
        { source: "+1", prefix: true, expression: true },
        { source: "12X", asteriskCompatible: true },
        { source: "(", expression: true },
        { source: "+1", prefix: "true" },
        { source: ours },
        { source: "+1", applicationId: 1 }
      ]) {
        assert.strictEqual((yield* make(body)).status, 400, JSON.stringify(body))
      }
      const one = `${domain}/dnids/${String(shown.body["id"])}`
      assert.strictEqual((yield* rest(carrier, "PUT", one, { active: false })).body["active"], false)
      assert.isUndefined(yield* carrier.inboundWebhook(ours))
      assert.strictEqual((yield* rest(carrier, "DELETE", one)).status, 204)
      assert.strictEqual((yield* rest(carrier, "GET", number)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("makes trunks whose port comes back as text", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      const trunks = `/domains/~/trunks`
      const trunk = { name: "uk-1", ip: "192.0.2.7", port: 5060, transport: "udp", direction: "public-outbound" }
      const made = yield* rest(carrier, "POST", trunks, { ...trunk, prefix: "", profile: { domain: "d" } })
      assert.deepInclude(made.body, { name: "uk-1", port: "5060", active: true, profile: { domain: "d" } })
      assert.strictEqual((yield* rest(carrier, "POST", trunks, trunk)).status, 400)
      assert.strictEqual((yield* rest(carrier, "POST", trunks, { ...trunk, name: "not ok" })).status, 400)
      const one = `${trunks}/${String(made.body["uuid"])}`
      assert.strictEqual((yield* rest(carrier, "PUT", one, { active: false })).body["active"], false)
      assert.strictEqual((yield* rest(carrier, "GET", `${trunks}/uk-1`)).status, 404)
      assert.strictEqual((yield* rest(carrier, "DELETE", one)).status, 204)
    }).pipe(Effect.scoped)
  )

  it.effect("answers creates without a body where a deployment does", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start({ emptyCreates: true })
      const made = yield* rest(carrier, "POST", `${domain}/applications`, {
        name: "app",
        url: peer.url,
        method: "POST"
      })
      assert.deepStrictEqual([made.status, made.text], [200, ""])
      assert.include((yield* rest(carrier, "GET", `${domain}/applications`)).text, '"name":"app"')
    }).pipe(Effect.scoped)
  )

  it.effect("keeps a session's profile, mutes it, and forgets what is settled", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const profile = [{ key: "run", value: "42" }]
      const placed = yield* rest(carrier, "POST", "/calls/~/application", {
        ...good,
        profile,
        cxml: cxml('<Pause length="60"/>')
      })
      const call = yield* carrier.nextOutbound
      const session = `${domain}/sessions/${String(placed.body["token"])}`
      yield* call.until((now) => now.state === "in-progress")
      const changed = yield* rest(carrier, "PUT", session, { profile: { seen: true } })
      assert.deepStrictEqual(changed.body["profile"], { run: "42", seen: true })
      const mute = `/calls/~/sessions/${call.id}/mute`
      assert.strictEqual((yield* rest(carrier, "POST", mute)).status, 204)
      assert.strictEqual((yield* rest(carrier, "DELETE", mute)).status, 204)
      yield* call.hangUp
      yield* call.settled
      yield* carrier.forget
      assert.strictEqual((yield* rest(carrier, "GET", session)).status, 404)
      assert.lengthOf(yield* carrier.calls, 0)
      assert.lengthOf(yield* carrier.restExchanges, 1)
      assert.lengthOf(peer.arrived, 0)
    }).pipe(Effect.scoped)
  )
})
