import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { writeWav } from "../../src/audio/wav.ts"
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
    "starts a service of its own, calls it, and leaves nothing",
    () =>
      Effect.gen(function* () {
        const path = yield* folder
        const [audio, out] = [join(path, "said.wav"), join(path, "heard.wav")]
        writeFileSync(audio, writeWav(mulaw, said))
        const before = new Set(readdirSync(tmpdir()))
        const { code, output } = yield* simulate(["--provider", "twilio", "--audio", audio, "--out", out])
        assert.strictEqual(code, 0, output)
        assert.match(output, /the same\? +yes, byte for byte/)
        assert.isTrue(readFileSync(out).includes(Buffer.from(said)))
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
        const unknown = yield* simulate(["--provider", "nobody", "--audio", "x.wav", "--out", "y.wav"])
        assert.strictEqual(unknown.code, 1)
        assert.match(unknown.output, /No provider is called "nobody"/)
        ours.answer = () => ({ status: 401, type: "application/json", body: '{"title":"no"}' })
        const refused = yield* run(ours)
        assert.strictEqual(refused.code, 1)
        assert.match(refused.output, /POST \/organizations\/agents was answered 401/)
      }).pipe(Effect.scoped),
    90_000
  )
})
