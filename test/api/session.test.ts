import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Redacted, References } from "effect"
import { HttpClientRequest } from "effect/http"
import { SqlClient } from "effect/sql"
import { apiServer, at, clientOf, newOrganization, text } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"

const log: Array<string> = []
const keptLog = Layer.mergeAll(
  Logger.layer([Logger.map(Logger.formatJson, (line) => void log.push(line))]),
  Layer.succeed(References.MinimumLogLevel, "Trace")
)

const path = "/api/v1/session"
const signIn = (key: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(clientOf(undefined), ({ send }) =>
    send(
      HttpClientRequest.post(path).pipe(
        HttpClientRequest.bodyJsonUnsafe({ api_key: key }),
        HttpClientRequest.setHeaders(headers)
      )
    )
  )

const cookieOf = (headers: Readonly<Record<string, string>>) =>
  /^switchboard_session=[^;]*/.exec(headers["set-cookie"] ?? "")?.[0] ?? ""

const ours = { "x-switchboard-console": "1" }
const ask = (
  cookie: string,
  request: HttpClientRequest.HttpClientRequest,
  headers: Readonly<Record<string, string>> = ours
) =>
  Effect.flatMap(clientOf(undefined), ({ send }) => send(HttpClientRequest.setHeaders(request, { cookie, ...headers })))

const current = "/api/v1/organizations/current"
const newAgent = HttpClientRequest.post("/api/v1/organizations/agents").pipe(
  HttpClientRequest.bodyJsonUnsafe({ name: "Bot", kind: "fake-agent", settings: { url: "wss://agent.example/" } })
)

layer(apiServer(embeddedDatabase, []).pipe(Layer.provideMerge(keptLog)), { excludeTestServices: true })(
  "a console session",
  (it) => {
    it.effect("begins with an API key: the cookie is out of reach of scripts, other sites and plain http", () =>
      Effect.gen(function* () {
        const { adminKey, id } = yield* newOrganization("Acme")
        const answer = yield* signIn(Redacted.value(adminKey))
        assert.strictEqual(answer.status, 201)
        const [pair = "", ...attributes] = (answer.headers["set-cookie"] ?? "").split("; ")
        assert.match(pair, /^switchboard_session=[A-Za-z0-9_-]{43}$/)
        assert.deepStrictEqual(attributes.toSorted(), ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"])
        assert.strictEqual(answer.headers["cache-control"], "no-store")
        assert.deepStrictEqual(
          [at(answer, "role"), at(answer, "key_prefix"), at(answer, "organization")],
          ["admin", Redacted.value(adminKey).slice(0, 9), { id, name: "Acme" }]
        )
        const hours = (Date.parse(text(answer, "expires_at")) - Date.now()) / 3_600_000
        assert.closeTo(hours, 12, 0.1)
        const known = yield* ask(pair, HttpClientRequest.get(path), {})
        assert.deepStrictEqual([known.status, known.body], [200, answer.body])
        const organization = yield* ask(pair, HttpClientRequest.get(current), {})
        assert.deepStrictEqual([organization.status, at(organization, "id")], [200, id])
        assert.strictEqual((yield* ask(pair, newAgent)).status, 201)
      })
    )

    it.effect("needs a key that exists, and a cookie that does", () =>
      Effect.gen(function* () {
        const wrong = yield* signIn("sb_wrong")
        assert.deepStrictEqual([wrong.status, at(wrong, "code")], [401, "unauthorized"])
        assert.isUndefined(wrong.headers["set-cookie"])
        for (const cookie of ["", "switchboard_session=", "switchboard_session=wrong", "other=1"])
          for (const to of [path, current]) {
            const answer = yield* ask(cookie, HttpClientRequest.get(to))
            assert.deepStrictEqual([answer.status, at(answer, "code")], [401, "unauthorized"], `${to} ${cookie}`)
          }
      })
    )

    it.effect("is stored as a hash, and neither it nor the key gets into the log", () =>
      Effect.gen(function* () {
        const { adminKey } = yield* newOrganization()
        const cookie = cookieOf((yield* signIn(Redacted.value(adminKey))).headers)
        yield* ask(cookie, HttpClientRequest.get(current))
        yield* signIn("sb_a_key_that_does_not_exist")
        const sql = yield* PgClient.PgClient
        const rows = yield* sql`SELECT (t.*)::text AS stored FROM console_sessions t`
        const token = cookie.split("=")[1] ?? ""
        assert.isAtLeast(token.length, 43)
        assert.isNotEmpty(rows)
        for (const secret of [token, Redacted.value(adminKey), "sb_a_key_that_does_not_exist"])
          assert.notInclude(JSON.stringify(rows) + log.join("\n"), secret)
      })
    )

    it.effect("has the role of its key", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const cookies: Array<string> = []
        for (const role of ["viewer", "operator"]) {
          const key = text(yield* admin.post("api-keys", { name: role, role }), "key")
          cookies.push(cookieOf((yield* signIn(key)).headers))
        }
        const [viewer = "", operator = ""] = cookies
        assert.strictEqual((yield* ask(viewer, HttpClientRequest.get(current))).status, 200)
        const refused = yield* ask(viewer, newAgent)
        assert.deepStrictEqual([refused.status, at(refused, "code")], [403, "forbidden"])
        assert.strictEqual((yield* ask(operator, newAgent)).status, 201)
        const keys = HttpClientRequest.get("/api/v1/organizations/api-keys")
        assert.strictEqual((yield* ask(operator, keys)).status, 403)
      })
    )

    it.effect("changes nothing unless the request is the console's own", () =>
      Effect.gen(function* () {
        const { adminKey, admin } = yield* newOrganization()
        const cookie = cookieOf((yield* signIn(Redacted.value(adminKey))).headers)
        for (const headers of [
          {},
          { "x-switchboard-console": "0" },
          { ...ours, "sec-fetch-site": "cross-site" },
          { ...ours, "sec-fetch-site": "same-site" },
          { ...ours, origin: "https://evil.example" },
          { ...ours, origin: "null" }
        ])
          for (const request of [newAgent, HttpClientRequest.delete(path)]) {
            const answer = yield* ask(cookie, request, headers)
            assert.deepStrictEqual([answer.status, at(answer, "code")], [403, "csrf"], JSON.stringify(headers))
          }
        assert.isUndefined(at(yield* admin.get("agents"), "agents.0"))
        // A key needs no such header: a page of another site does not have it.
        assert.strictEqual(
          (yield* admin.post("agents", { name: "A", kind: "fake-agent", settings: { url: "wss://a/" } })).status,
          201
        )
        for (const headers of [
          { ...ours, "sec-fetch-site": "same-origin", origin: "https://switchboard.example" },
          { ...ours, "sec-fetch-site": "none" }
        ])
          assert.notStrictEqual((yield* ask(cookie, newAgent, headers)).status, 403, JSON.stringify(headers))
        const elsewhere = yield* signIn(Redacted.value(adminKey), { origin: "https://evil.example" })
        assert.deepStrictEqual([elsewhere.status, at(elsewhere, "code")], [403, "csrf"])
        assert.isUndefined(elsewhere.headers["set-cookie"])
      })
    )

    it.effect("is over when its key is deleted, when somebody signs out, and when its time is over", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const sql = yield* PgClient.PgClient
        const begin = Effect.gen(function* () {
          const made = yield* admin.post("api-keys", { name: "Console", role: "admin" })
          return { id: text(made, "id"), cookie: cookieOf((yield* signIn(text(made, "key"))).headers) }
        })
        const [one, two, three] = [yield* begin, yield* begin, yield* begin]
        yield* admin.delete(`api-keys/${one.id}`)
        const left = yield* ask(two.cookie, HttpClientRequest.delete(path))
        assert.strictEqual(left.status, 204)
        assert.match(left.headers["set-cookie"] ?? "", /^switchboard_session=; Max-Age=0; .*Path=\//)
        yield* sql`UPDATE console_sessions SET expires_at = now() WHERE api_key_id = ${three.id}`
        for (const { cookie } of [one, two, three])
          for (const to of [path, current])
            assert.strictEqual((yield* ask(cookie, HttpClientRequest.get(to))).status, 401)
        const next = yield* begin
        assert.strictEqual((yield* ask(next.cookie, HttpClientRequest.get(path))).status, 200)
        const expired = yield* sql`SELECT 1 FROM console_sessions WHERE expires_at <= now()`
        assert.lengthOf(expired, 0)
      })
    )

    it.effect("lasts 12 hours from its last request", () =>
      Effect.gen(function* () {
        const { adminKey, id } = yield* newOrganization()
        const cookie = cookieOf((yield* signIn(Redacted.value(adminKey))).headers)
        const sql = yield* PgClient.PgClient
        const mine = sql`api_key_id IN (SELECT id FROM api_keys WHERE organization_id = ${id})`
        yield* sql`UPDATE console_sessions SET expires_at = now() + interval '1 hour' WHERE ${mine}`
        assert.strictEqual((yield* ask(cookie, HttpClientRequest.get(current))).status, 200)
        const rows = yield* sql`SELECT 1 FROM console_sessions
          WHERE ${mine} AND expires_at > now() + interval '11 hours 58 minutes'`
        assert.lengthOf(rows, 1)
      })
    )

    it.effect("holds on every node, and its end too", () =>
      Effect.gen(function* () {
        const shared = yield* Effect.context<PgClient.PgClient | SqlClient.SqlClient>()
        const database = Layer.succeedContext(Context.pick(PgClient.PgClient, SqlClient.SqlClient)(shared))
        const other = yield* Layer.build(Layer.fresh(apiServer(database, [])))
        const { adminKey } = yield* newOrganization()
        const cookie = cookieOf((yield* signIn(Redacted.value(adminKey))).headers)
        const there = ask(cookie, HttpClientRequest.get(current)).pipe(Effect.provide(other))
        assert.strictEqual((yield* there).status, 200)
        yield* ask(cookie, HttpClientRequest.delete(path)).pipe(Effect.provide(other))
        assert.strictEqual((yield* ask(cookie, HttpClientRequest.get(current))).status, 401)
      })
    )

    it.effect("cannot be guessed at will", () =>
      Effect.gen(function* () {
        const { adminKey } = yield* newOrganization()
        const tries: Array<number> = []
        for (let n = 0; n < 12; n++) tries.push((yield* signIn(`sb_guess_${n}`)).status)
        assert.deepStrictEqual(tries.slice(-1), [429])
        const right = yield* signIn(Redacted.value(adminKey), { "x-forwarded-for": "198.51.100.7" })
        assert.deepStrictEqual([right.status, at(right, "code")], [429, "too_many_attempts"])
        assert.isDefined(right.headers["retry-after"])
      })
    )
  }
)
