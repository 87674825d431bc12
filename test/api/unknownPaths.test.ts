import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import { apiServer, at, clientOf, newOrganization, text } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"

layer(apiServer(embeddedDatabase, []), { excludeTestServices: true })("a path that nothing is at", (it) => {
  it.effect("is a problem document with a code, whatever the method", () =>
    Effect.gen(function* () {
      const { admin } = yield* newOrganization()
      const paths = ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/telephony/calls/1/2/3", "/api/v1/a?b=c"]
      const long = `/api/v1/telephony/calls/${"x".repeat(3000)}/nothing`
      for (const path of [...paths, long]) {
        const answers = yield* Effect.all([admin.get(path), admin.post(path, {}), admin.delete(path)])
        for (const answer of answers) {
          assert.deepStrictEqual([answer.status, at(answer, "code")], [404, "path_not_found"], path)
          assert.strictEqual(answer.headers["content-type"], "application/problem+json")
          assert.include(text(answer, "detail"), "/docs")
        }
      }
    })
  )

  it.effect("for this method names the methods that there are", () =>
    Effect.gen(function* () {
      const { admin } = yield* newOrganization()
      const cases = [
        [admin.delete("/api/v1/telephony/calls"), "GET, POST"],
        [admin.get("/api/v1/telephony/calls/7/hangup"), "POST"],
        [admin.put("/api/v1/organizations/telephony-configs", {}), "GET, POST"],
        [admin.post("/api/v1/organizations/telephony-configs/7/phone-numbers/8?x=1", {}), "GET, PUT, DELETE"],
        [admin.send(HttpClientRequest.options("/api/v1/organizations/current")), "GET, PATCH"]
      ] as const
      for (const [request, allowed] of cases) {
        const answer = yield* request
        assert.deepStrictEqual([answer.status, at(answer, "code")], [405, "method_not_allowed"])
        assert.strictEqual(answer.headers["allow"], allowed)
      }
    })
  )

  it.effect("takes nothing from the paths that there are", () =>
    Effect.gen(function* () {
      const { admin } = yield* newOrganization()
      const nobody = yield* clientOf(undefined)
      assert.strictEqual((yield* nobody.get("/api/v1/organizations/current")).status, 401)
      assert.strictEqual((yield* admin.get("/api/v1/organizations/current/")).status, 200)
      const head = yield* admin.send(HttpClientRequest.head("/api/v1/organizations/current"))
      assert.strictEqual(head.status, 200)
      const missing = yield* admin.get("/api/v1/organizations/agents/nobody")
      assert.strictEqual(at(missing, "code"), "agent_not_found")
    })
  )
})
