import { randomBytes } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import type { FormValues } from "../../src/Form.ts"
import { uuidV7 } from "../../src/store/Ids.ts"
import { rotateKeys } from "../../src/store/rotateKeys.ts"
import { fromKeys, Secrets } from "../../src/store/Secrets.ts"
import { databases } from "../support/database.ts"

const newKey = () => Redacted.make(randomBytes(32).toString("base64"))
const oldKey = newKey()
const key = newKey()
const before = fromKeys([oldKey])
const after = fromKeys([key, oldKey])
const newOnly = fromKeys([key])
const rotate = Effect.provideService(rotateKeys, Secrets, after)

const form: FormValues = { account: "AC1", token: "secret", nested: { password: "hidden", list: ["a"] } }
const sensitive = ["token", "nested.password"]

/** A configuration and an agent with the form sealed by the given keys. */
const addRows = Effect.fnUntraced(function* (secrets: Secrets["Service"]) {
  const sql = yield* SqlClient.SqlClient
  const pg = yield* PgClient.PgClient
  const organization_id = yield* uuidV7
  yield* sql`INSERT INTO organizations ${sql.insert({ id: organization_id, name: "o" })}`
  const sealed = (rowId: string) =>
    secrets.sealFields({ organizationId: organization_id, rowId }, Redacted.make(form), sensitive)
  const id = yield* uuidV7
  const agent = yield* uuidV7
  const credentials = pg.json(yield* sealed(id))
  yield* sql`INSERT INTO telephony_configurations ${sql.insert({ id, organization_id, name: id, provider: "p", account_id: "AC1", credentials })}`
  yield* sql`INSERT INTO agents ${sql.insert({ id: agent, organization_id, name: agent, kind: "k", settings: pg.json(yield* sealed(agent)) })}`
  return { organization_id, id, agent }
})

interface Stored {
  readonly fields: FormValues
  readonly version: number
}
const stored = Effect.fnUntraced(function* (id: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<Stored>`SELECT credentials AS fields, version FROM telephony_configurations WHERE id = ${id}
    UNION ALL SELECT settings AS fields, version FROM agents WHERE id = ${id}`
  return rows[0] ?? { fields: {}, version: -1 }
})

for (const [name, database] of databases) {
  layer(database)(`rotateKeys on ${name}`, (it) => {
    it.effect("encrypts everything under the newest key, and does nothing the second time", () =>
      Effect.gen(function* () {
        const rows = yield* Effect.forEach([1, 2, 3], () => addRows(before))
        yield* addRows(after)
        assert.deepStrictEqual(yield* rotate, { rows: 8, reencrypted: 12, current: 4, unreadable: [] })
        for (const { organization_id, id, agent } of rows) {
          for (const rowId of [id, agent]) {
            const { fields, version } = yield* stored(rowId)
            assert.strictEqual(version, 2)
            const opened = yield* newOnly.openFields({ organizationId: organization_id, rowId }, fields, sensitive)
            assert.deepStrictEqual(Redacted.value(opened), form)
          }
        }
        assert.deepStrictEqual(yield* rotate, { rows: 8, reencrypted: 0, current: 16, unreadable: [] })
      })
    )

    it.effect("leaves what it cannot open as it is, names it, and goes on", () =>
      Effect.gen(function* () {
        const lost = yield* addRows(fromKeys([newKey()]))
        const good = yield* addRows(before)
        const untouched = yield* stored(lost.id)
        const { reencrypted, unreadable } = yield* rotate
        assert.strictEqual(reencrypted, 4)
        assert.strictEqual(unreadable.length, 4)
        assert.isTrue(unreadable.some((line) => line.includes(lost.id) && line.includes("nested.password")))
        assert.deepStrictEqual(yield* stored(lost.id), untouched)
        assert.strictEqual((yield* stored(good.agent)).version, 2)
      })
    )
  })
}
