import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, Exit, Layer } from "effect"
import {
  checkOut,
  readServiceUrl,
  readSpeech,
  type SimulationFailed,
  simulatorOf
} from "../../scripts/simulate/checks.ts"
import { writeWav } from "../../src/audio/wav.ts"
import { layer as providers } from "../../src/providers/all.ts"
import { Registry } from "../../src/Registry.ts"
import { arrived, connectStream, echo, service, type Service } from "./service.ts"

const mulaw = { encoding: "mulaw", sampleRate: 8000 } as const
const said = Uint8Array.from({ length: 3200 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)

/** The command in a process of its own. */
const simulate = (args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number; readonly output: string }>((resume) => {
    const child = execFile(process.execPath, ["scripts/simulate.ts", ...args], (error, stdout, stderr) => {
      resume(Effect.succeed({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }))
    })
    return Effect.sync(() => child.kill())
  })

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "simulate-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const json = (status: number, body: unknown) => ({ status, type: "application/json", body: JSON.stringify(body) })

/** Answers the HTTP API as the real service would, and remembers which call came in. */
const answerApi = (ours: Service) => {
  let callSid = ""
  ours.answer = ({ fields, method, target }) => {
    if (target.startsWith("/api/v1/telephony/inbound/")) {
      callSid = fields["CallSid"] ?? ""
      return connectStream(ours)
    }
    if (method === "DELETE") return { status: 204 }
    if (method === "GET") {
      const ended = { status: "completed", ended_at: "2026-01-01", end_reason: "caller_hung_up", end_owner: "caller" }
      return json(200, { calls: [{ id: "call-1", provider_call_id: callSid, ...ended }] })
    }
    return json(201, { id: "row-1", provider_sync: { ok: false, message: "the carrier could not be asked" } })
  }
}

const why = <A, R>(check: Effect.Effect<A, SimulationFailed, R>) =>
  Effect.map(Effect.flip(check), ({ message }) => message)

describe("npm run simulate", () => {
  const run = Effect.fnUntraced(function* (ours: Service, more: ReadonlyArray<string> = []) {
    const path = yield* folder
    const [audio, out] = [join(path, "said.wav"), join(path, "heard.wav")]
    writeFileSync(audio, writeWav(mulaw, said))
    const common = ["--provider", "twilio", "--audio", audio, "--out", out]
    const done = yield* simulate([...common, "--service", ours.url, "--api-key", "sb_test", ...more])
    return { ...done, out }
  })

  it.effect(
    "calls a running service, writes what was heard, and cleans up",
    () =>
      Effect.gen(function* () {
        const ours = yield* service
        answerApi(ours)
        ours.onMessage = echo
        const { code, out, output } = yield* run(ours)
        assert.strictEqual(code, 0, output)
        assert.match(output, /the same\? +yes, byte for byte/)
        assert.match(output, /caller_hung_up \(caller\)/)
        assert.match(output, /warning: the carrier could not be asked/)
        assert.isTrue(readFileSync(out).includes(Buffer.from(said)))
        assert.strictEqual(arrived(ours, 0).headers.authorization, "Bearer sb_test")
        const deleted = ours.arrived.filter(({ method }) => method === "DELETE").map(({ target }) => target)
        const configs = "/api/v1/organizations/telephony-configs/row-1"
        assert.deepStrictEqual(deleted, [
          `${configs}/phone-numbers/row-1`,
          configs,
          "/api/v1/organizations/agents/row-1"
        ])
      }).pipe(Effect.scoped),
    90_000
  )

  it.effect(
    "needs no more than the name of a carrier: starts a service of its own, calls it, and leaves nothing",
    () =>
      Effect.gen(function* () {
        const before = new Set(readdirSync(tmpdir()))
        const { code, output } = yield* simulate(["--provider", "twilio"])
        assert.strictEqual(code, 0, output)
        assert.match(output, /the person says 10\.51 s of speech/)
        assert.match(output, /on the line$/m)
        assert.match(output, /the same\? +yes, byte for byte/)
        const left = readdirSync(tmpdir()).filter(
          (name) => !before.has(name) && name.startsWith("switchboard-simulate-")
        )
        assert.deepStrictEqual(left, [])
        const url = /through (http:\S+);/.exec(output)?.[1] ?? ""
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.tryPromise(() => fetch(`${url}/healthz`)))))
      }).pipe(Effect.scoped),
    90_000
  )

  it.effect(
    "fails when the echo is not the same, and when it cannot work",
    () =>
      Effect.gen(function* () {
        const ours = yield* service
        answerApi(ours)
        const silent = yield* run(ours, ["--seconds", "1"])
        assert.strictEqual(silent.code, 1)
        assert.match(silent.output, /the same\? +NO/)
        ours.answer = () => ({ status: 401, type: "application/json", body: '{"title":"no"}' })
        const refused = yield* run(ours)
        assert.strictEqual(refused.code, 1)
        assert.match(refused.output, /^POST \/organizations\/agents was answered 401: no$/m)
      }).pipe(Effect.scoped),
    90_000
  )

  const folderWith = Effect.fnUntraced(function* (files: Readonly<Record<string, Uint8Array>>) {
    const path = yield* folder
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes)
    return path
  })

  it.effect(
    "says in one line what is wrong with what it was given, and stops before any call",
    () =>
      Effect.gen(function* () {
        const path = yield* folderWith({ "good.wav": writeWav(mulaw, said) })
        const usual = { provider: "twilio", audio: join(path, "good.wav"), out: join(path, "heard.wav") }
        const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, RegExp]> = [
          [{ audio: join(path, "none.wav") }, /^--audio \S+none\.wav cannot be read: there is no such file\.\n$/],
          [{ fault: "rain" }, /^ +Invalid value for flag --fault: "rain"\. Expected: "callbacks-duplicated"/m],
          [{ "carrier-port": "65536" }, /^ +Invalid value for flag --carrier-port: .*between 0 and 65535/m],
          [{ service: "http://127.0.0.1:9" }, /^--service needs --api-key/],
          [{ service: "http://127.0.0.1:9", "api-key": "sb_test" }, /^No service answers at http:\/\/127\.0\.0\.1:9\. /]
        ]
        for (const [changes, message] of cases) {
          const given = Object.entries({ ...usual, ...changes }).flatMap(([name, value]) => [`--${name}`, value])
          const { code, output } = yield* simulate(given)
          assert.strictEqual(code, 1)
          assert.match(output, message)
          assert.notMatch(output, /^\s+at /m)
        }
        assert.deepStrictEqual(readdirSync(path), ["good.wav"])
      }).pipe(Effect.scoped),
    30_000
  )

  it.effect("knows a recording that it cannot use, and a place where it cannot write", () =>
    Effect.gen(function* () {
      const odd = writeWav({ encoding: "pcm_s16le", sampleRate: 8000 }, said)
      new DataView(odd.buffer, odd.byteOffset).setUint32(24, 11_025, true)
      const path = yield* folderWith({ "odd.wav": odd, "empty.wav": writeWav(mulaw, new Uint8Array()) })
      assert.match(yield* why(readSpeech(path)), /^--audio \S+ cannot be read: it is a folder/)
      assert.match(yield* why(readSpeech("package.json")), /^--audio package\.json cannot be used\. This is not a WAV/)
      assert.match(yield* why(readSpeech(join(path, "odd.wav"))), /11025 samples per second\. Convert it to 8000, /)
      assert.match(yield* why(readSpeech(join(path, "empty.wav"))), /^--audio \S+ holds no audio/)
      assert.match(
        yield* why(checkOut(join(path, "nowhere", "heard.wav"))),
        /cannot be written: the folder \S+nowhere /
      )
      assert.match(yield* why(checkOut(path)), /is a folder\. Name a file in it/)
      yield* checkOut(join(path, "heard.wav"))
      assert.match(yield* why(readServiceUrl("localhost:8080")), /^--service localhost:8080 is no address/)
      assert.strictEqual(yield* readServiceUrl("http://localhost:8080/"), "http://localhost:8080")
      assert.match(yield* why(simulatorOf("nobody")), /^No provider is called "nobody"\. There is: .*twilio/)
      assert.strictEqual((yield* simulatorOf("twilio")).name, "twilio")
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, Layer.provideMerge(providers, Registry.layer)]))
  )
})
