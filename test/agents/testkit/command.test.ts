import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { root } from "../../support/imports.ts"
import { until } from "../support/legs.ts"
import { agentSecret, agentThat } from "./brokenAgent.ts"

const Json = Schema.fromJsonString(
  Schema.Struct({
    passed: Schema.Int,
    failed: Schema.Int,
    not_applicable: Schema.Int,
    rules: Schema.Array(Schema.Json)
  })
)
const readJson = Schema.decodeUnknownSync(Json)

/** Runs the command as it stands; gives what it wrote and its exit code. */
const run = (...parameters: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number | null; readonly out: string; readonly err: string }>((resume) => {
    let [out, err] = ["", ""]
    const child = spawn(process.execPath, [join(root, "scripts/agent-testkit.ts"), ...parameters], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    child.stdout.on("data", (data: Buffer) => void (out += data.toString()))
    child.stderr.on("data", (data: Buffer) => void (err += data.toString()))
    child.on("close", (code) => resume(Effect.succeed({ code, out, err })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const runningExample = Effect.gen(function* () {
  let printed = ""
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const example = spawn(process.execPath, [join(root, "examples/echo-agent.mjs"), "0", agentSecret])
      example.stdout.on("data", (data: Buffer) => void (printed += data.toString()))
      return example
    }),
    (example) => Effect.sync(() => example.kill("SIGKILL"))
  )
  yield* until(() => printed.includes("listening"))
  return /ws:\/\/\S+/.exec(printed)?.[0] ?? ""
})

describe("npm run agent-testkit", () => {
  it("is a command that installs what it needs", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    assert.strictEqual(scripts["agent-testkit"], "node scripts/agent-testkit.ts")
    assert.strictEqual(scripts["preagent-testkit"], "node scripts/setup.mjs")
  })

  it.live(
    "finds nothing wrong with the example, with the times that the service has",
    () =>
      Effect.gen(function* () {
        const url = yield* runningExample
        const { code, err, out } = yield* run(url, "--secret", agentSecret, "--json")
        assert.strictEqual(code, 0, out + err)
        assert.deepInclude(readJson(out), { passed: 14, failed: 0, not_applicable: 0 })
        assert.strictEqual(err, "")
      }),
    60_000
  )

  it.live("ends with 1 where a rule is broken, or the agent cannot be tested", () =>
    Effect.gen(function* () {
      const url = yield* agentThat({ onStart: ({ say }) => say({ type: "call.refuse", reason: "no capacity" }) })
      const refused = yield* run(url, "--secret", agentSecret, "--encoding", "mulaw")
      assert.strictEqual(refused.code, 1)
      assert.match(refused.out, /^BROKEN {2}accept/m)
      assert.include(refused.err, "One rule is BROKEN")
      const wrong = yield* run("https://agent.example", "--secret", agentSecret)
      assert.strictEqual(wrong.code, 1)
      assert.include(wrong.err, "url: ")
      assert.notInclude(refused.out + refused.err + wrong.out + wrong.err, agentSecret)
    })
  )
})
