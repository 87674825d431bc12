import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { apiServer, at, newOrganization, statuses, text, wrongFields } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"

const agent = { name: "Bot", kind: "fake-agent", settings: { url: "wss://agent.example/", secret: "a-shared-secret" } }

layer(apiServer(embeddedDatabase, []), { excludeTestServices: true })("agents", (it) => {
  it.effect("have kinds that describe their form", () =>
    Effect.gen(function* () {
      const { viewer } = yield* newOrganization()
      const answer = yield* viewer.get("agent-kinds/metadata")
      assert.strictEqual(at(answer, "kinds.0.kind"), "fake-agent")
      assert.strictEqual(at(answer, "kinds.0.display_name"), "Fake agent")
      assert.deepStrictEqual(at(answer, "kinds.0.fields.1"), {
        name: "secret",
        label: "Secret",
        type: "password",
        required: false,
        sensitive: true
      })
    })
  )

  it.effect("are created, read, replaced, listed and deleted, with masked secrets", () =>
    Effect.gen(function* () {
      const { operator, id } = yield* newOrganization()
      const created = yield* operator.post("agents", agent)
      assert.strictEqual(created.status, 201)
      const shown = { url: "wss://agent.example/", secret: "********cret" }
      assert.deepStrictEqual(at(created, "settings"), shown)
      const path = `agents/${text(created, "id")}`
      assert.deepStrictEqual((yield* operator.get(path)).body, created.body)
      const saved = yield* operator.put(path, { version: 1, name: "Bot 2", settings: { ...shown, url: "ws://other" } })
      assert.deepStrictEqual(at(saved, "settings"), { url: "ws://other", secret: "********cret" })
      const sql = yield* PgClient.PgClient
      const rows = yield* sql`SELECT settings::text AS stored FROM agents WHERE organization_id = ${id}`
      assert.notInclude(String(rows[0]?.["stored"]), "a-shared-secret")
      const cleared = yield* operator.put(path, { version: 2, name: "Bot 2", settings: { url: "ws://other" } })
      assert.deepStrictEqual(at(cleared, "settings"), { url: "ws://other" })
      const list = yield* operator.get("agents")
      assert.strictEqual(at(list, "agents.0.version"), 3)
      assert.isUndefined(at(list, "agents.0.settings"))
      assert.strictEqual((yield* operator.delete(path)).status, 204)
      assert.strictEqual((yield* operator.get(path)).status, 404)
    })
  )

  it.effect("refuse what their kind does not take, naming the fields", () =>
    Effect.gen(function* () {
      const { operator } = yield* newOrganization()
      const wrong = yield* operator.post("agents", {
        ...agent,
        settings: { url: "https://x", secret: "********x", more: 1 }
      })
      assert.deepStrictEqual([wrong.status, wrongFields(wrong)], [422, ["settings.secret"]])
      const worse = yield* operator.post("agents", { ...agent, settings: { url: "https://x", more: 1 } })
      assert.sameMembers(wrongFields(worse), ["settings.url", "settings.more"])
      const unknown = yield* operator.post("agents", { ...agent, kind: "nobody" })
      assert.deepStrictEqual(wrongFields(unknown), ["kind"])
      yield* operator.post("agents", agent)
      const again = yield* operator.post("agents", agent)
      assert.deepStrictEqual([again.status, at(again, "code")], [409, "name_taken"])
    })
  )

  it.effect("are written by one of many who read the same version, and keep their kind", () =>
    Effect.gen(function* () {
      const { operator } = yield* newOrganization()
      const path = `agents/${text(yield* operator.post("agents", agent), "id")}`
      const change = { version: 1, name: "Bot", settings: agent.settings }
      const kind = yield* operator.put(path, { ...change, kind: "other" })
      assert.deepStrictEqual([kind.status, wrongFields(kind)], [422, ["kind"]])
      const answers = yield* Effect.all(
        Array.from({ length: 5 }, () => operator.put(path, change)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(statuses(answers), [200, 409, 409, 409, 409])
    })
  )
})
