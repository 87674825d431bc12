import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { fakeTransport } from "../support/fakeTransport.ts"
import { connect, memoryLine, secret, until } from "../support/legs.ts"
import { root } from "../../support/imports.ts"

const file = join(root, "examples/echo-agent.mjs")

const runningExample = Effect.gen(function* () {
  let printed = ""
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const started = spawn(process.execPath, [file, "0", secret], { stdio: ["ignore", "pipe", "pipe"] })
      started.stdout.on("data", (data: Buffer) => {
        printed += data.toString()
      })
      return started
    }),
    (started) =>
      Effect.callback<void>((resume) => {
        started.on("exit", () => resume(Effect.void))
        started.kill("SIGKILL")
      })
  )
  yield* until(() => printed.includes("listening"))
  return { url: /ws:\/\/\S+/.exec(printed)?.[0] ?? "", printed: () => printed }
})

describe("the example agent", () => {
  it("is short", () => assert.isBelow(readFileSync(file, "utf8").split("\n").length, 60))

  it.live("takes a call as it stands", () =>
    Effect.gen(function* () {
      const example = yield* runningExample
      const media = yield* fakeTransport()
      const { events, line } = memoryLine()
      const leg = yield* connect(example.url, {}, { encoding: "mulaw" })
      const running = yield* Effect.forkScoped(leg.run(media.transport, line))
      yield* until(media.isHeard)
      const chunk = Uint8Array.from({ length: 160 }, (_, i) => i)
      media.emit({ _tag: "Audio", chunk })
      yield* until(() => media.byteCount() === 160)
      assert.deepStrictEqual(Array.from(media.bytes()), Array.from(chunk))
      media.emit({ _tag: "Digit", digit: "*" })
      yield* until(() => media.byteCount() === 0)
      media.emit({ _tag: "Digit", digit: "1" })
      media.emit({ _tag: "Digit", digit: "#" })
      yield* until(() => events.length === 3)
      yield* media.letDrain
      assert.deepStrictEqual(yield* Fiber.join(running), { _tag: "HangUp", drain: true })
      yield* leg.ended({ reason: "agent_ended", owner: "agent" })
      yield* until(() => example.printed().includes("the call ended: agent_ended (agent)"))
      assert.include(example.printed(), "cleared: 7 ms were heard")
      assert.include(example.printed(), "heard everything after")
      assert.deepStrictEqual(events[0], { kind: "agent.event", details: { name: "key", data: { digit: "*" } } })
    })
  )

  it.live("turns away who does not know its secret", () =>
    Effect.gen(function* () {
      const example = yield* runningExample
      const failure = yield* Effect.flip(connect(example.url, {}, { secret: "some-other-secret-word" }))
      assert.include(failure.message, "401")
    })
  )
})
