import { randomBytes } from "node:crypto"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { Settings } from "../src/Settings.ts"

const read = (environment: Readonly<Record<string, string>>) =>
  Effect.scoped(Effect.map(Layer.build(Settings.test(environment)), (context) => Context.get(context, Settings)))
const refusal = (environment: Readonly<Record<string, string>>) => Effect.flip(read(environment))
const key = () => randomBytes(32).toString("base64")

describe("Settings", () => {
  it.effect("have defaults for everything", () =>
    Effect.gen(function* () {
      const { carrierUrl, ...values } = yield* read({})
      assert.deepStrictEqual(values, {
        host: "127.0.0.1",
        port: 8080,
        publicUrl: "http://127.0.0.1:8080",
        databaseUrl: Option.none(),
        dataDir: resolve("data"),
        encryptionKeys: [],
        apiKey: Option.none(),
        trustedProxies: [],
        privateHosts: [],
        simulator: Option.none(),
        maxCallSeconds: 3600,
        maxCalls: 500,
        drainSeconds: 300,
        recordingsDir: resolve("data/recordings"),
        recordingDays: 30,
        logLevel: "info",
        logFormat: process.stdout.isTTY ? "pretty" : "json",
        otlpEndpoint: Option.none()
      })
      assert.isUndefined(carrierUrl("acme"))
    })
  )

  it.effect("read every variable, around spaces; an empty one is not set", () =>
    Effect.gen(function* () {
      const keys = [key(), key()]
      const values = yield* read({
        HOST: " ::1 ",
        HOST_UNRELATED: "x",
        PORT: "0",
        PUBLIC_URL: "",
        DATABASE_URL: "postgresql://user:pass@db.internal/x",
        SWITCHBOARD_DATA_DIR: "/var/lib/switchboard/../switchboard",
        SWITCHBOARD_ENCRYPTION_KEY: keys.join(" , "),
        SWITCHBOARD_API_KEY: "k".repeat(32),
        SWITCHBOARD_CARRIER_URL_ACME: "http://127.0.0.1:9/acme/",
        SWITCHBOARD_CARRIER_URL_ACME_SIP: "https://sip.example.com",
        SWITCHBOARD_TRUSTED_PROXIES: "10.0.0.0/8, 2001:db8::/32,192.0.2.7",
        SWITCHBOARD_PRIVATE_HOSTS: "pbx.internal,10.1.2.0/24",
        SWITCHBOARD_SIMULATOR: "ON",
        SWITCHBOARD_MAX_CALL_SECONDS: "60",
        SWITCHBOARD_MAX_CALLS: "2",
        SWITCHBOARD_DRAIN_SECONDS: "0",
        SWITCHBOARD_LOG_LEVEL: "DEBUG",
        SWITCHBOARD_LOG_FORMAT: "json",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/"
      })
      assert.strictEqual(values.publicUrl, "http://[::1]:0")
      assert.strictEqual(Redacted.value(Option.getOrThrow(values.databaseUrl)), "postgresql://user:pass@db.internal/x")
      assert.strictEqual(values.dataDir, "/var/lib/switchboard")
      assert.deepStrictEqual(values.encryptionKeys.map(Redacted.value), keys)
      assert.strictEqual(Redacted.value(Option.getOrThrow(values.apiKey)), "k".repeat(32))
      assert.deepStrictEqual(["acme", "acme-sip", "sip"].map(values.carrierUrl), [
        "http://127.0.0.1:9/acme",
        "https://sip.example.com",
        undefined
      ])
      assert.deepStrictEqual(values.trustedProxies, ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"])
      assert.deepStrictEqual(values.privateHosts, ["pbx.internal", "10.1.2.0/24"])
      assert.deepStrictEqual([values.maxCallSeconds, values.maxCalls, values.drainSeconds], [60, 2, 0])
      assert.deepStrictEqual(values.simulator, Option.some(true))
      assert.deepStrictEqual([values.logLevel, values.logFormat], ["debug", "json"])
      assert.deepStrictEqual(values.otlpEndpoint, Option.some("http://collector:4318"))
    })
  )

  it.effect("take the public address as carriers see it", () =>
    Effect.gen(function* () {
      const publicUrl = (url: string) => Effect.map(read({ PUBLIC_URL: url }), (values) => values.publicUrl)
      assert.strictEqual(yield* publicUrl("https://Voice.Example.com:443/"), "https://voice.example.com")
      assert.strictEqual(yield* publicUrl("https://example.com/voice//"), "https://example.com/voice")
      for (const wrong of [
        "example.com",
        "ftp://example.com",
        "https://u:p@example.com",
        "https://example.com/?a",
        "https://example.com/#",
        "https:example.com",
        "http://",
        "https://exa mple.com"
      ]) {
        assert.deepStrictEqual(
          (yield* refusal({ PUBLIC_URL: wrong })).wrong.map(({ variable }) => variable),
          ["PUBLIC_URL"]
        )
      }
    })
  )

  it.effect("list everything that is wrong at once: what was given, what is expected, never a secret", () =>
    Effect.gen(function* () {
      const error = yield* refusal({
        PORT: "80800",
        PUBLIC_URL: "https://user:hunter2@example.com",
        DATABASE_URL: "mysql://root:hunter2@db/x",
        SWITCHBOARD_ENCRYPTION_KEY: "hunter2",
        SWITCHBOARD_API_KEY: "hunter2",
        SWITCHBOARD_CARRIER_URL_ACME: "acme.example.com",
        SWITCHBOARD_TRUSTED_PROXIES: "10.0.0.0/33",
        SWITCHBOARD_PRIVATE_HOSTS: "a b",
        SWITCHBOARD_MAX_CALL_SECONDS: "-1",
        SWITCHBOARD_MAX_CALLS: "1e3",
        SWITCHBOARD_DRAIN_SECONDS: "soon",
        SWITCHBOARD_LOG_LEVEL: "loud",
        SWITCHBOARD_LOG_FORMAT: "xml\u001b[2J",
        OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318",
        HOST: "not a host"
      })
      assert.strictEqual(error._tag, "InvalidSettings")
      assert.strictEqual(error.wrong.length, 15)
      assert.include(error.message, `PORT is "80800": expected a port from 0 to 65535`)
      assert.include(error.message, "SWITCHBOARD_ENCRYPTION_KEY: expected 32 bytes in base64")
      assert.include(error.message, `SWITCHBOARD_CARRIER_URL_ACME is "acme.example.com"`)
      assert.notInclude(JSON.stringify(error) + error.message, "hunter2")
      assert.notInclude(error.message, "\u001b")
    })
  )

  it.effect("refuse a server's database without an encryption key", () =>
    Effect.gen(function* () {
      const { message } = yield* refusal({ DATABASE_URL: "postgres://db/x" })
      assert.include(message, "SWITCHBOARD_ENCRYPTION_KEY: expected a key, because DATABASE_URL is set")
    })
  )

  it.effect("do not print secrets", () =>
    Effect.gen(function* () {
      const secret = key()
      const values = yield* read({
        DATABASE_URL: "postgres://u:hunter2@db/x",
        SWITCHBOARD_ENCRYPTION_KEY: secret,
        SWITCHBOARD_API_KEY: "k".repeat(24)
      })
      for (const text of [JSON.stringify(values), values.encryptionKeys.map(String).join(), String(values.apiKey)]) {
        for (const hidden of ["hunter2", secret, "kkkk"]) assert.notInclude(text, hidden)
      }
    })
  )

  const names = [
    "HOST",
    "PORT",
    "PUBLIC_URL",
    "DATABASE_URL",
    "SWITCHBOARD_DATA_DIR",
    "SWITCHBOARD_ENCRYPTION_KEY",
    "SWITCHBOARD_API_KEY",
    "SWITCHBOARD_CARRIER_URL_ACME",
    "SWITCHBOARD_CARRIER_URL_0",
    "SWITCHBOARD_TRUSTED_PROXIES",
    "SWITCHBOARD_PRIVATE_HOSTS",
    "SWITCHBOARD_MAX_CALL_SECONDS",
    "SWITCHBOARD_LOG_LEVEL",
    "OTEL_EXPORTER_OTLP_ENDPOINT"
  ]
  it.effect.prop(
    "are read or refused by name, whatever the environment holds",
    [Schema.Array(Schema.Tuple([Schema.Literals(names), Schema.String]))],
    ([given]) =>
      Effect.gen(function* () {
        const environment = Object.fromEntries(given)
        const outcome = yield* Effect.result(read(environment))
        if (outcome._tag === "Success") return
        assert.strictEqual(outcome.failure._tag, "InvalidSettings")
        for (const { variable } of outcome.failure.wrong) assert.include(names, variable)
      })
  )
})
