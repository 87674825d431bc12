import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryFolder } from "../support/database.ts"
import { otlpServer } from "../support/otlpServer.ts"
import { failedStart, freePort, startService } from "../support/service.ts"

/** One sentence for a person: no stack, no file of ours, no name of an error class. */
const isForPeople = (output: string) => {
  assert.match(output, /^Switchboard did not start\. /m)
  assert.notMatch(output, /^\s+at |node_modules|\/src\/|[A-Z]\w+Error\b/m)
}

describe("a start", () => {
  it.live(
    "prints the address and, the first time only, a key that works; refuses a folder or an address that is in use",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const options = { dataDir, port: yield* freePort, environment: { SWITCHBOARD_API_KEY: "" } }
        const first = yield* startService(options)
        assert.include(first.log(), `Switchboard listens on ${first.url}`)
        const key = /^API key \(shown once\): +(\S+)$/m.exec(first.log())?.[1] ?? ""
        const organization = (apiKey: string) =>
          Effect.promise(async () => {
            const headers = { authorization: `Bearer ${apiKey}` }
            return (await fetch(`${first.url}/api/v1/organizations/current`, { headers })).status
          })
        assert.strictEqual(yield* organization(key), 200)
        assert.strictEqual(yield* organization(`${key}x`), 401)

        const port = String(yield* freePort)
        const { code, output } = yield* failedStart({ SWITCHBOARD_DATA_DIR: dataDir, PORT: port })
        assert.strictEqual(code, 1)
        isForPeople(output)
        assert.match(output, /data folder \S+ is in use by another Switchboard process.+SWITCHBOARD_DATA_DIR/)
        assert.strictEqual(yield* organization(key), 200)
        first.process.kill("SIGTERM")
        assert.strictEqual(yield* first.exited, 0)

        const { url } = yield* otlpServer
        const taken = new URL(url).port
        const elsewhere = yield* failedStart({ SWITCHBOARD_DATA_DIR: dataDir, PORT: taken })
        assert.strictEqual(elsewhere.code, 1)
        isForPeople(elsewhere.output)
        assert.match(elsewhere.output, new RegExp(`address already in use 127\\.0\\.0\\.1:${taken}.*HOST and PORT`))

        const second = yield* startService(options)
        assert.include(second.log(), `Switchboard listens on ${second.url}`)
        assert.notInclude(second.log(), "API key")
        assert.notInclude(second.log(), key)
        assert.strictEqual(yield* organization(key), 200)
      }).pipe(Effect.scoped),
    60_000
  )

  it.live("with wrong settings names each variable and what is expected, and never a secret", () =>
    Effect.gen(function* () {
      const secrets = {
        SWITCHBOARD_API_KEY: "short-secret",
        SWITCHBOARD_ENCRYPTION_KEY: "not-a-key",
        DATABASE_URL: "mysql://root:hunter2@db/x"
      }
      const { code, output } = yield* failedStart({ PORT: "eighty", PUBLIC_URL: "ftp://u:pw123@x", ...secrets })
      assert.strictEqual(code, 1)
      isForPeople(output)
      for (const variable of ["PORT", "PUBLIC_URL", ...Object.keys(secrets)])
        assert.match(output, new RegExp(`^  ${variable}.*: expected .+`, "m"))
      assert.include(output, '"eighty"')
      for (const secret of ["short-secret", "not-a-key", "hunter2", "pw123"]) assert.notInclude(output, secret)
    })
  )
})
