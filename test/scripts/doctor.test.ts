import { execFile } from "node:child_process"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, ours, setUp, speech, theirs } from "../support/app.ts"
import { freePort } from "../support/service.ts"

const apiKey = "sb_test_0123456789abcdef0123456789abcdef"

/** The command in a process of its own. */
const doctor = (given: Readonly<Record<string, string>>) =>
  Effect.callback<{ readonly code: number; readonly output: string }>((resume) => {
    const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value])
    const child = execFile(process.execPath, ["scripts/doctor.ts", ...args], (error, stdout, stderr) => {
      resume(Effect.succeed({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }))
    })
    return Effect.sync(() => child.kill())
  })

layer(App.layer(simulator, "twilio"), { excludeTestServices: true, timeout: 90_000 })("npm run doctor", (it) => {
  it.effect(
    "prints what it looked at, and succeeds when nothing failed",
    () =>
      Effect.gen(function* () {
        const app = yield* App
        const common = { service: `${app.url}/`, "api-key": apiKey }
        const empty = yield* doctor(common)
        assert.deepStrictEqual([empty.code, empty.output.slice(0, 39)], [0, "There is no telephony configuration yet"])
        const { configurationId } = yield* setUp(app)
        for (const given of [common, { ...common, configuration: configurationId }]) {
          const { code, output } = yield* doctor(given)
          assert.strictEqual(code, 0, output)
          assert.match(output, /^Configuration "Carrier" \(twilio\) [0-9a-f-]{36}\n {2}ok {7}configuration: /)
          assert.match(output, /^ {2}ok {7}credentials: /m)
          assert.match(
            output,
            /^ {2}warning {2}PUBLIC_URL: .* no carrier reaches this service\.\n {11}-> Set PUBLIC_URL/m
          )
          assert.match(output, /^ {2}ok {7}PUBLIC_URL answers: /m)
          assert.include(output, `  ok       ${ours}: its webhook: The carrier was told`)
          assert.match(output, /\nNothing failed\.\n$/)
        }
      }),
    90_000
  )

  it.effect(
    "says in a line that the key is wrong, the configuration unknown, or nobody there",
    () =>
      Effect.gen(function* () {
        const { url } = yield* App
        const cases = [
          [{ service: url, "api-key": "sb_wrong" }, /^GET \S+ was answered 401: .*: Send an API key of this service/],
          [
            { service: url, "api-key": apiKey, configuration: "none" },
            /^GET \S+ was answered 404: .*no such configuration/
          ],
          [{ service: `http://127.0.0.1:${yield* freePort}`, "api-key": apiKey }, /^No service answers at http:/],
          [{ service: "localhost:8080", "api-key": apiKey }, /^--service localhost:8080 is no address of a service/]
        ] as const
        for (const [given, message] of cases) {
          const { code, output } = yield* doctor(given)
          assert.strictEqual(code, 1)
          assert.match(output, message)
          assert.notMatch(output, /^\s+at /m)
        }
      }),
    90_000
  )
})

/** An address that nobody has: the carrier was given the real one. */
const elsewhere = "https://127.0.0.1:1"

layer(App.layer(simulator, "twilio", { PUBLIC_URL: elsewhere }), { excludeTestServices: true, timeout: 90_000 })(
  "npm run doctor, with a wrong PUBLIC_URL",
  (it) => {
    it.effect(
      "shows what was signed, what was rebuilt and what differs, and fails",
      () =>
        Effect.gen(function* () {
          const app = yield* App
          const { configurationId } = yield* setUp(app)
          const webhook = `${app.url}/api/v1/telephony/inbound/twilio`
          const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech, webhook })
          yield* call.settled
          const asked = doctor({ service: app.url, "api-key": apiKey, configuration: configurationId })
          const { code, output } = yield* Effect.repeat(asked, { until: ({ output }) => output.includes("signed:") })
          assert.strictEqual(code, 1)
          assert.match(output, /^ {2}FAILED {3}PUBLIC_URL answers: .* the connection is refused\.$/m)
          assert.match(output, /^ {2}FAILED {3}signatures: 1 request of this configuration was refused/m)
          assert.include(
            output,
            `           signed:  ${webhook}\n           rebuilt: ${elsewhere}/api/v1/telephony/inbound/`
          )
          assert.match(output, /^ {11}differs: scheme: PUBLIC_URL has https, signed was http \(/m)
          assert.match(
            output,
            /^ {11}differs: host: PUBLIC_URL has 127\.0\.0\.1:1, signed was 127\.0\.0\.1:\d+ \(the Host header\)$/m
          )
          assert.include(output, `set PUBLIC_URL to ${app.url} and start the service again`)
          assert.match(output, /\n2 checks FAILED: follow their arrows, from the top\.\n$/)
        }),
      90_000
    )
  }
)
