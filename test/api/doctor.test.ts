import { createServer } from "node:http"
import { assert, describe, it, layer } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { HttpClient } from "effect/http"
import { carrierHttpClient } from "../../src/carrier/carrierHttpClient.ts"
import { uuidV7 } from "../../src/store/Ids.ts"
import { Check, ok, within } from "../../src/telephony/doctor/Check.ts"
import { Doctor } from "../../src/telephony/doctor/Doctor.ts"
import { publicUrlForm } from "../../src/telephony/doctor/publicUrlForm.ts"
import { probe, PublicUrlProbe } from "../../src/telephony/doctor/PublicUrlProbe.ts"
import type { FailureDetails } from "../../src/telephony/signatures/FailureDetails.ts"
import { SignatureFailures } from "../../src/telephony/signatures/SignatureFailures.ts"
import { apiServer, type Answer, at, newOrganization, text } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"
import { carrierError, fakeCarrier } from "../support/fakeCarrier.ts"
import { freePort } from "../support/service.ts"

const carrier = fakeCarrier()
const config = { provider: "fake-carrier", account_sid: "AC1", auth_token: "token-of-the-account", region: "eu" }
const doctor = Doctor.layer.pipe(
  Layer.provide(
    Layer.mergeAll(
      SignatureFailures.layer,
      Layer.succeed(PublicUrlProbe, { check: Effect.succeed(ok("PUBLIC_URL answers", "This service answers.")) })
    )
  )
)

const Report = Schema.Struct({
  checks: Schema.Array(Check),
  signature_failures: Schema.Array(Schema.Record(Schema.String, Schema.Json))
})
const read = Schema.decodeUnknownSync(Report)

/** The report, or a test failure that shows the answer. */
const reportOf = ({ body, status }: Answer) => (status === 200 ? read(body) : assert.fail(JSON.stringify(body)))

const find = ({ checks }: typeof Report.Type, name: string | RegExp) =>
  checks.find((check) => (typeof name === "string" ? check.name === name : name.test(check.name))) ??
  assert.fail(`no check ${String(name)}`)

let addresses = 0

/** An organization with a configuration, and a number with an agent. */
const place = Effect.gen(function* () {
  const { admin, id: organizationId, operator, viewer } = yield* newOrganization()
  addresses += 1
  const account = { ...config, account_sid: `AC${addresses}` }
  const id = text(yield* admin.post("telephony-configs", { name: "Main", config: account }), "id")
  const agent = { name: "Bot", kind: "fake-agent", settings: { url: "wss://agent.example/" } }
  const agentId = text(yield* admin.post("agents", agent), "id")
  const numbers = `telephony-configs/${id}/phone-numbers`
  const address = `+1415555${2000 + addresses}`
  const examine = Effect.map(operator.post(`telephony-configs/${id}/doctor`), reportOf)
  const addNumber = (agent: string | undefined) => admin.post(numbers, { address, ...(agent && { agent_id: agent }) })
  return { addNumber, address, admin, agentId, examine, id, numbers, operator, organizationId, viewer }
})

const details: FailureDetails = {
  kind: "webhook",
  method: "POST",
  host: "voice.example",
  forwarded_headers: { "x-forwarded-proto": "http" },
  content_type: "application/json",
  signature_headers: ["x-fake-signature"],
  body_sha256: "00",
  body_bytes: 12,
  reason: "The signature does not match.",
  explanation: {
    signed_url: "http://a.example/x",
    rebuilt_url: "https://a.example/x",
    differs: ["scheme"],
    next_step: "Do."
  }
}

layer(apiServer(embeddedDatabase, [carrier.spec], doctor), { excludeTestServices: true })("the doctor", (it) => {
  it.effect("finds nothing wrong with a configuration that works", () =>
    Effect.gen(function* () {
      const { addNumber, agentId, examine } = yield* place
      yield* addNumber(agentId)
      const { checks, signature_failures } = yield* examine
      assert.deepStrictEqual(
        checks.map(({ status }) => status),
        checks.map(() => "ok" as const),
        JSON.stringify(checks)
      )
      assert.lengthOf(checks, 9)
      assert.deepStrictEqual(signature_failures, [])
    })
  )

  it.effect("is an operator's, and knows no configuration of another organization", () =>
    Effect.gen(function* () {
      const mine = yield* place
      const { operator } = yield* newOrganization()
      const path = `telephony-configs/${mine.id}/doctor`
      assert.strictEqual((yield* mine.viewer.post(path)).status, 403)
      const stranger = yield* operator.post(path)
      assert.deepStrictEqual([stranger.status, at(stranger, "code")], [404, "configuration_not_found"])
    })
  )

  it.effect("says what is missing before the configuration can dial, and that it is inactive", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { admin, examine, id } = yield* place
      yield* admin.patch(`telephony-configs/${id}`, { version: 1, config: { region: null } })
      yield* sql`UPDATE telephony_configurations SET inactive_since = now(), inactive_reason = 'No line.' WHERE id = ${id}`
      const report = yield* examine
      assert.deepInclude(find(report, "configuration"), {
        status: "failed",
        message: 'The configuration "Main" is inactive: No line.'
      })
      assert.strictEqual(find(report, "set-up").status, "failed")
      assert.match(find(report, "set-up").next_step ?? "", /Choose a region\. \(region\) Add an active phone number/)
    })
  )

  it.effect("asks the carrier about the credentials, and passes on what it warns of", () =>
    Effect.gen(function* () {
      const { examine } = yield* place
      carrier.state.connection = Effect.fail(carrierError("credentials", "The token is wrong. Copy it again."))
      assert.deepInclude(find(yield* examine, "credentials"), {
        status: "failed",
        message: "The token is wrong. Copy it again."
      })
      carrier.state.connection = Effect.succeed({ ok: true, message: "Fine.", warnings: ["It is a trial account."] })
      assert.deepInclude(find(yield* examine, "credentials"), { status: "warning", message: "It is a trial account." })
      carrier.state.connection = Effect.succeed({ ok: true, message: "Fine.", warnings: [] })
    })
  )

  it.effect("says whose number it is not, that no agent answers, and why the carrier sends no calls", () =>
    Effect.gen(function* () {
      const first = yield* place
      carrier.state.inbound = () => Effect.succeed({ ok: false, message: "The number is locked." })
      yield* first.addNumber(first.agentId)
      carrier.state.inbound = () => Effect.succeed({ ok: true, message: "Calls arrive here." })
      carrier.state.ownership = () => Effect.succeed("not-owned")
      const report = yield* first.examine
      carrier.state.ownership = () => Effect.fail(carrierError("unavailable", "The carrier is away."))
      const unsure = yield* first.examine
      carrier.state.ownership = () => Effect.succeed("owned")
      assert.strictEqual(find(report, /holds it$/).status, "failed")
      assert.deepInclude(find(unsure, /holds it$/), { status: "warning" })
      assert.include(find(unsure, /holds it$/).message, "The carrier is away.")
      const webhook = find(report, /webhook$/)
      assert.strictEqual(webhook.status, "failed")
      assert.include(webhook.message, "The last try failed: The number is locked.")
      assert.match(
        webhook.next_step ?? "",
        /POST \/api\/v1\/organizations\/telephony-configs\/\S+\/phone-numbers\/\S+\/sync\.$/
      )

      const second = yield* place
      yield* second.addNumber(undefined)
      const silent = yield* second.examine
      assert.deepInclude(find(silent, /agent$/), {
        status: "warning",
        message: `${second.address} has no agent: calls to it are refused.`
      })
      assert.strictEqual(find(silent, /webhook$/).status, "skipped")
    })
  )

  it.effect("sees that PUBLIC_URL is another one than the carrier was told, and an agent that cannot be read", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { addNumber, agentId, examine, id } = yield* place
      yield* addNumber(agentId)
      const old = JSON.stringify({ desired: "http://old.example/x", observed: "http://old.example/x" })
      yield* sql`UPDATE telephony_phone_numbers SET sync_state = sync_state || ${old}::text::jsonb
        WHERE telephony_configuration_id = ${id}`
      yield* sql`UPDATE agents SET kind = 'gone' WHERE id = ${agentId}`
      const report = yield* examine
      const webhook = find(report, /webhook$/)
      assert.strictEqual(webhook.status, "failed")
      assert.include(webhook.message, "to http://old.example, but by PUBLIC_URL it is https://switchboard.example now")
      assert.strictEqual(find(report, /agent$/).status, "failed")
    })
  )

  it.effect("shows the refused requests of this configuration until calls are accepted again, and nobody else's", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { address, agentId, examine, id, organizationId } = yield* place
      const other = yield* place
      const failure = (configurationId: string, organization: string, ago: string) =>
        Effect.flatMap(
          uuidV7,
          (key) =>
            sql`INSERT INTO signature_failures (id, provider, configuration_id, organization_id, occurred_at, details)
              VALUES (${key}, 'fake-carrier', ${configurationId}, ${organization}, now() - ${ago}::text::interval,
                ${sql.json(details)})`
        )
      yield* failure(id, organizationId, "1 hour")
      yield* failure(id, organizationId, "25 hours")
      const report = yield* examine
      assert.lengthOf(report.signature_failures, 1)
      assert.deepInclude(report.signature_failures[0], { reason: details.reason, configuration_id: id })
      assert.deepInclude(find(report, "signatures"), { status: "failed", next_step: "Do." })
      assert.deepStrictEqual((yield* other.examine).signature_failures, [])

      const call = yield* uuidV7
      yield* sql`INSERT INTO calls (id, organization_id, telephony_configuration_id, agent_id, mode, direction,
          from_address, to_address, status, deadline_at)
        VALUES (${call}, ${organizationId}, ${id}, ${agentId}, 'fake-carrier', 'inbound', '+1', ${address}, 'ringing', now())`
      assert.strictEqual(find(yield* examine, "signatures").status, "warning")
    })
  )
})

describe("a check", () => {
  it.effect("ends in time, whatever it waits for, and does not begin when all the time is used up", () =>
    Effect.gen(function* () {
      const slow = yield* Effect.forkChild(within("slow", 10_000, 25_000, Effect.never))
      yield* TestClock.adjust("10 seconds")
      assert.deepInclude(yield* Fiber.join(slow), { status: "warning", message: "No answer within 10 s." })
      const late = yield* Effect.forkChild(within("late", 20_000, 25_000, Effect.never))
      yield* TestClock.adjust("15 seconds")
      assert.deepInclude(yield* Fiber.join(late), { status: "warning", message: "No answer within 15 s." })
      assert.strictEqual((yield* within("last", 10_000, 25_000, Effect.never)).status, "skipped")
    })
  )
})

const status = (url: string, viaPbx = false) => publicUrlForm(url, viaPbx).status
const health = (service: string) => JSON.stringify({ status: "ok", service })

describe("PUBLIC_URL", () => {
  it("is judged by how it looks", () => {
    assert.strictEqual(status("https://voice.example"), "ok")
    assert.strictEqual(status("https://voice.example/gateway"), "ok")
    assert.strictEqual(status("http://voice.example"), "failed")
    assert.strictEqual(status("http://voice.example", true), "warning")
    for (const url of ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080", "http://10.0.0.7:8080"])
      assert.strictEqual(status(url), "warning", url)
    assert.strictEqual(status("https://voice.example:80"), "warning")
    for (const path of ["/api/v1", "/api/v1/telephony/inbound/x", "/healthz"])
      assert.strictEqual(status(`https://voice.example${path}`), "failed", path)
  })

  /** A server that answers as told, at a free port. */
  const answering = Effect.fnUntraced(function* (answer: (path: string) => readonly [number, string, string?]) {
    const port = yield* freePort
    yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          const [status, body, location] = answer(request.url ?? "")
          response.writeHead(status, location === undefined ? {} : { location })
          response.end(body)
        })
        server.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close().closeAllConnections())
    )
    return `http://127.0.0.1:${port}`
  })

  it.live("is asked whether this service answers there, and what is wrong when it does not", () =>
    Effect.gen(function* () {
      const http = yield* HttpClient.HttpClient
      const asked = (url: string) => probe(http, url, ["us", "us-before"])
      const seen = Effect.fnUntraced(function* (
        answer: (path: string) => readonly [number, string, string?],
        path = ""
      ) {
        const { message, next_step = "", status } = yield* Effect.flatMap(answering(answer), (url) => asked(url + path))
        return `${status}: ${message} ${next_step}`
      })
      assert.match(yield* seen(() => [200, health("us")]), /^ok: This service answers/)
      assert.match(yield* seen(() => [200, health("us-before")]), /^ok/)
      assert.match(yield* seen(() => [200, health("them")]), /^failed: At \S+ another Switchboard answers/)
      assert.match(yield* seen(() => [200, "<html>welcome"]), /^failed: At \S+ something answers \/healthz with 200/)
      assert.match(yield* seen(() => [401, ""]), /^failed: .* Carriers cannot log in/)
      assert.match(yield* seen(() => [502, ""]), /^failed: At \S+ a proxy answers, with 502/)
      assert.match(
        yield* seen(() => [301, "", "https://voice.example/healthz"]),
        /^failed: .*redirect to https:\/\/voice\.example: .* Set PUBLIC_URL to the address that answers, which may be https:\/\/voice\.example\./
      )
      const atRoot = (path: string) => (path === "/healthz" ? ([200, health("us")] as const) : ([404, ""] as const))
      assert.match(yield* seen(atRoot, "/voice"), /^failed: This service answers at \S+, but not at \S+\/voice: /)
      const nobody = yield* asked(`http://127.0.0.1:${yield* freePort}`)
      assert.match(nobody.message, /cannot be reached from here: the connection is refused\.$/)
      const plain = yield* Effect.flatMap(
        answering(() => [200, ""]),
        (url) => asked(url.replace("http:", "https:"))
      )
      assert.match(`${plain.message} ${plain.next_step}`, /speaks plain http there.* without the port of this service/)
    }).pipe(Effect.scoped, Effect.provide(carrierHttpClient))
  )
})
