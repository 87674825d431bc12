import { createHash } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { UrlTokens } from "../../src/organizations/UrlTokens.ts"
import { SignatureFailures } from "../../src/telephony/signatures/SignatureFailures.ts"
import { embeddedDatabase } from "../support/database.ts"
import { admit, mediaWorld, upgrade } from "./mediaWorld.ts"
import { inbound, inboundPath, type Reply, send, told, webServer } from "./support/carrierHttp.ts"
import { carrierName, fakeSpec, signature, signatureHeader } from "./support/fakeCarrier.ts"
import { allCalls, begin } from "./support/place.ts"
import { makeTenant, publicUrl, type Tenant, world } from "./support/world.ts"

const unlimited = SignatureFailures.limited({ everyMs: 0, mostPerSecond: 10_000 })
const served = (failures = unlimited) =>
  webServer.pipe(Layer.provideMerge(world(embeddedDatabase, fakeSpec(), undefined, failures)))

const bodyOf = (tenant: Tenant, call = "CA-refused") =>
  JSON.stringify({ account: tenant.accountId, call, from: "+442071838750", to: tenant.number })

/** A webhook that the carrier signed for another address than ours. */
const signedFor = (
  tenant: Tenant,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  target = inboundPath
) => {
  const body = bodyOf(tenant)
  return send("POST", target, { [signatureHeader]: signature(tenant.secret, "POST", url, body), ...headers }, body)
}

/** The tenant's remembered failures, once there are so many. */
const remembered = Effect.fnUntraced(function* (tenant: Tenant, count = 1) {
  const failures = yield* SignatureFailures
  const own = Effect.map(failures.recent(carrierName, tenant.configurationId), (all) =>
    all.filter(({ configurationId }) => configurationId === tenant.configurationId)
  )
  return yield* Effect.repeat(Effect.delay(own, "20 millis"), { until: (found) => found.length >= count })
})

const explanationOf = (tenant: Tenant) =>
  Effect.flatMap(remembered(tenant), ([failure]) =>
    failure === undefined ? Effect.die("there was one") : Effect.succeed(failure.details.explanation)
  )

const headersOf = ({ headers }: Reply) => Object.keys(headers).sort()

layer(served(), { excludeTestServices: true })("a refused signature", (it) => {
  it.effect("stays refused, alike and as late as ever, when it is found out what was signed", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      const unsigned = yield* send("POST", inboundPath, {}, bodyOf(tenant))
      const [took, other] = yield* Effect.timed(signedFor(tenant, `http://gateway.example${inboundPath}`))
      assert.deepStrictEqual([other.status, other.body], [403, ""])
      assert.deepStrictEqual(headersOf(other), headersOf(unsigned))
      assert.isAtLeast(Duration.toMillis(took), 45)
      const failures = yield* remembered(tenant, 2)
      assert.deepStrictEqual(
        failures.map(({ details }) => details.explanation.signed_url),
        [`http://gateway.example${inboundPath}`, null]
      )
      assert.strictEqual(yield* allCalls(tenant), 0)
      // What the explanation tried does not stand in the way of a good request.
      assert.isDefined((yield* Effect.flatMap(inbound(tenant, "CA-good"), told)).connect)
    })
  )

  it.effect("is explained by the address that proxies made of ours, and says what to change", () =>
    Effect.gen(function* () {
      const cases = [
        [
          "http://gateway.example",
          {},
          /^scheme: PUBLIC_URL has https, signed was http \(a proxy that does not say so\)$/
        ],
        ["http://gateway.example", { "x-forwarded-proto": "http" }, /\(X-Forwarded-Proto\)$/],
        [
          "https://voice.example",
          { host: "voice.example" },
          /^host: .* signed was voice\.example \(the Host header\)$/
        ],
        ["https://voice.example", { "x-forwarded-host": "a.example, voice.example" }, /\(X-Forwarded-Host\)$/],
        ["https://voice.example", { forwarded: 'for=1.2.3.4;host="voice.example"' }, /\(Forwarded\)$/],
        ["https://gateway.example:8443", { "x-forwarded-port": "8443" }, /\(X-Forwarded-Port\)$/],
        ["https://gateway.example:443", {}, /\(writing the port out\)$/],
        [
          "https://gateway.example/voice",
          { "x-forwarded-prefix": "/voice" },
          /^path: .*\/voice \(X-Forwarded-Prefix\)$/
        ]
      ] as const
      for (const [base, headers, differs] of cases) {
        const tenant = yield* makeTenant()
        assert.strictEqual((yield* signedFor(tenant, base + inboundPath, headers)).status, 403)
        const explanation = yield* explanationOf(tenant)
        assert.strictEqual(explanation.signed_url, base + inboundPath)
        assert.strictEqual(explanation.rebuilt_url, publicUrl + inboundPath)
        assert.lengthOf(explanation.differs, 1)
        assert.match(explanation.differs[0] ?? "", differs)
        assert.include(explanation.next_step, `set PUBLIC_URL to ${base} and start`)
      }
    })
  )

  it.effect("is explained where everything differs at once, as with a tunnel that PUBLIC_URL does not know", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      const headers = { host: "127.0.0.1:8080", "x-forwarded-host": "abc.tunnel.example", "x-forwarded-proto": "http" }
      yield* signedFor(tenant, `http://abc.tunnel.example${inboundPath}/`, headers)
      const { differs, signed_url } = yield* explanationOf(tenant)
      assert.strictEqual(signed_url, `http://abc.tunnel.example${inboundPath}/`)
      assert.lengthOf(differs, 3)
    })
  )

  it.effect("that fits no address names the secret to compare, or the signature that is missing", () =>
    Effect.gen(function* () {
      const [wrong, unsigned] = [yield* makeTenant(), yield* makeTenant()]
      yield* signedFor({ ...wrong, secret: "another" }, publicUrl + inboundPath)
      const byWrongSecret = yield* explanationOf(wrong)
      assert.isNull(byWrongSecret.signed_url)
      assert.match(byWrongSecret.next_step, /compare Signing key \(signing_key\) of the configuration with/)
      yield* send("POST", inboundPath, {}, bodyOf(unsigned))
      assert.match((yield* explanationOf(unsigned)).next_step, /^The request has no header that looks like a signature/)
    })
  )

  it.effect("of nobody's account, and a URL token that is not ours, are kept apart from every configuration", () =>
    Effect.gen(function* () {
      const failures = yield* SignatureFailures
      const tenant = yield* makeTenant()
      yield* send("POST", inboundPath, {}, bodyOf({ ...tenant, accountId: "AC-nobody" }))
      yield* send("POST", "/api/v1/telephony/fake/status/not-a-token", {}, "{}")
      const found = yield* Effect.repeat(
        Effect.delay(failures.recent(carrierName, tenant.configurationId), "20 millis"),
        { until: (all) => all.some(({ details }) => /token/.test(details.reason)) }
      )
      assert.isTrue(found.every(({ configurationId }) => configurationId === null))
      const reasons = found.map(({ details }) => [details.reason, details.explanation.next_step] as const)
      assert.isTrue(reasons.some(([reason, step]) => /no configuration has/.test(reason) && /account id/.test(step)))
      assert.isTrue(reasons.some(([reason, step]) => /not ours/.test(reason) && /Sync the phone/.test(step)))
    })
  )

  it.effect("is stored without a secret, a token, a signature, a body or a phone number", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const tokens = yield* UrlTokens
      const tenant = yield* makeTenant()
      const token = tokens.sign("configuration", tenant.configurationId)
      const target = `${inboundPath}/${token}?CallToken=abc123&From=%2B442071838750&+14155550123`
      const headers = {
        authorization: "Bearer carrier-jwt",
        cookie: "session=1",
        "x-forwarded-access-token": "proxy-secret",
        "x-forwarded-for": "203.0.113.9",
        "content-type": "application/json"
      }
      const body = bodyOf(tenant)
      yield* signedFor(tenant, `http://gateway.example${target}`, headers, target)
      yield* send("POST", target, { ...headers, [signatureHeader]: "bad-signature" }, body)
      const [, explained] = yield* remembered(tenant, 2)
      const details = explained?.details
      const shown = `http://gateway.example${inboundPath}/***?CallToken=***&From=***&***`
      assert.strictEqual(details?.explanation.signed_url, shown)
      assert.strictEqual(details?.explanation.rebuilt_url, shown.replace("http:", "https:"))
      assert.deepStrictEqual(details?.forwarded_headers, { "x-forwarded-for": "203.0.113.9" })
      assert.deepStrictEqual(details?.signature_headers, ["authorization", signatureHeader])
      assert.strictEqual(details?.body_sha256, createHash("sha256").update(body).digest("hex"))
      const rows = JSON.stringify(yield* sql`SELECT details FROM signature_failures`)
      const good = signature(tenant.secret, "POST", `http://gateway.example${target}`, body)
      for (const secret of [
        tenant.secret,
        token,
        token.slice(37),
        good,
        "bad-signature",
        "carrier-jwt",
        "session=1",
        "proxy-secret",
        "abc123",
        "2071838750",
        "4155550123",
        tenant.number
      ])
        assert.notInclude(rows, secret)
    })
  )

  it.effect("is one of twenty that are kept for a configuration, the newest", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const tenant = yield* makeTenant()
      for (let index = 0; index < 24; index++)
        yield* send("POST", inboundPath, { [signatureHeader]: "no", "content-type": `text/${index}` }, bodyOf(tenant))
      const newest = remembered(tenant, 1).pipe(
        Effect.repeat({ until: ([first]) => first?.details.content_type === "text/23" })
      )
      assert.lengthOf(yield* newest, 20)
      const rows = yield* sql`SELECT id FROM signature_failures WHERE configuration_id = ${tenant.configurationId}`
      assert.lengthOf(rows, 20)
    })
  )

  it.effect("of two tenants that share an account is told to both", () =>
    Effect.gen(function* () {
      const first = yield* makeTenant({ accountId: "AC-both", secret: "one" })
      const second = yield* makeTenant({ accountId: "AC-both", secret: "two" })
      yield* signedFor(second, `http://gateway.example${inboundPath}`)
      assert.isNull((yield* explanationOf(first)).signed_url)
      assert.strictEqual((yield* explanationOf(second)).signed_url, `http://gateway.example${inboundPath}`)
    })
  )
})

layer(served(SignatureFailures.limited({ everyMs: 3_600_000, mostPerSecond: 5 })), { excludeTestServices: true })(
  "a flood of refused signatures",
  (it) => {
    it.effect("costs one row for a configuration, and every answer is a refusal", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const tenant = yield* makeTenant()
        const flood = Effect.all(
          Array.from({ length: 40 }, () => send("POST", inboundPath, { [signatureHeader]: "no" }, bodyOf(tenant))),
          { concurrency: 8 }
        )
        for (const { status } of yield* flood) assert.strictEqual(status, 403)
        // Another one's failure comes after all of the flood: then the flood has been dealt with.
        const other = yield* makeTenant()
        yield* Effect.repeat(
          Effect.andThen(
            signedFor(other, "https://other.example"),
            Effect.option(Effect.timeout(remembered(other), "1 second"))
          ),
          { until: ({ _tag }) => _tag === "Some" }
        )
        const rows = yield* sql`SELECT id FROM signature_failures WHERE configuration_id = ${tenant.configurationId}`
        assert.lengthOf(rows, 1)
      })
    )
  }
)

layer(mediaWorld, { excludeTestServices: true })("a media socket's refused signature", (it) => {
  it.effect("is remembered too, without its ticket", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      const call = yield* begin(tenant, { direction: "inbound" })
      const publicUrl = upgrade.publicUrl.replace(/ticket$/, "Abcdefghijklmnopqrstuv")
      const refused = { ...upgrade, publicUrl, headers: { "x-signature": "wrong" } }
      assert.deepInclude(yield* Effect.flip(admit(call.id, refused)), { status: 403 })
      const [failure] = yield* remembered(tenant)
      assert.deepInclude(failure?.details, { kind: "media-upgrade", method: "GET", reason: "the test says so" })
      assert.strictEqual(failure?.details.explanation.rebuilt_url, "https://gateway.example/api/v1/telephony/ws/***")
    })
  )
})
