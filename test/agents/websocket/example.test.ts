import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { root } from "../../support/imports.ts"
import { fakeTransport } from "../support/fakeTransport.ts"
import { connect, memoryLine, secret, until } from "../support/legs.ts"

/** A complete agent in one file, and how it is run. */
interface Example {
  readonly file: string
  readonly command: string
  readonly parameters: ReadonlyArray<string>
}

const inNode: Example = {
  file: "examples/echo-agent.mjs",
  command: process.execPath,
  parameters: ["examples/echo-agent.mjs", "0", secret]
}
const inPython: Example = {
  file: "examples/echo_agent.py",
  command: "python3",
  parameters: ["-u", "examples/echo_agent.py", "0", secret]
}
const hasPython = spawnSync("python3", ["-c", "import websockets.asyncio.server"]).status === 0

const running = Effect.fnUntraced(function* ({ command, parameters }: Example) {
  let printed = ""
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const started = spawn(command, [...parameters], { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
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

const takesACall = Effect.fnUntraced(function* (which: Example) {
  const example = yield* running(which)
  const media = yield* fakeTransport()
  const { events, line } = memoryLine()
  const leg = yield* connect(example.url, {}, { encoding: "mulaw" })
  const talking = yield* Effect.forkScoped(leg.run(media.transport, line))
  yield* until(media.isHeard)
  const chunk = Uint8Array.from({ length: 160 }, (_, i) => i)
  media.emit({ _tag: "Audio", chunk })
  yield* until(() => media.byteCount() === 160)
  assert.deepStrictEqual(Array.from(media.bytes()), Array.from(chunk))
  yield* leg.event?.({ name: "order.changed", data: { order: 7 } }) ?? Effect.void
  yield* until(() => example.printed().includes("order.changed"))
  media.emit({ _tag: "Digit", digit: "*" })
  yield* until(() => media.byteCount() === 0)
  media.emit({ _tag: "Digit", digit: "1" })
  media.emit({ _tag: "Digit", digit: "#" })
  yield* until(() => events.length === 4)
  yield* media.letDrain
  assert.deepStrictEqual(yield* Fiber.join(talking), { _tag: "HangUp", drain: true })
  yield* leg.ended({ reason: "agent_ended", owner: "agent" })
  yield* until(() => example.printed().includes("agent_ended"))
  assert.include(example.printed(), "cleared")
  assert.include(example.printed(), "heard everything")
  assert.deepStrictEqual(events.slice(0, 2), [
    { kind: "agent.identified", details: { name: "echo", version: "1" } },
    { kind: "agent.event", details: { name: "key", data: { digit: "*" } } }
  ])
})

const takesACallThatComesBack = Effect.fnUntraced(function* (which: Example) {
  const { url } = yield* running(which)
  yield* Effect.scoped(connect(url, {}, { encoding: "mulaw" }))
  const leg = yield* connect(url, {}, { encoding: "mulaw" }, 1)
  const media = yield* fakeTransport()
  yield* Effect.forkScoped(leg.run(media.transport, memoryLine().line))
  yield* until(media.isHeard)
  media.emit({ _tag: "Audio", chunk: Uint8Array.of(1, 2, 3) })
  yield* until(() => media.byteCount() === 3)
})

const turnsAwayStrangers = Effect.fnUntraced(function* (which: Example) {
  const { url } = yield* running(which)
  const failure = yield* Effect.flip(connect(url, {}, { secret: "some-other-secret-word" }))
  assert.include(failure.message, "401")
})

const isShort = ({ file }: Example) =>
  assert.isBelow(readFileSync(join(root, file), "utf8").trimEnd().split("\n").length, 60)

describe("the example agent in Node", () => {
  it("is short", () => isShort(inNode))
  it.live("takes a call as it stands", () => takesACall(inNode))
  it.live("takes a call that comes back", () => takesACallThatComesBack(inNode))
  it.live("turns away who does not know its secret", () => turnsAwayStrangers(inNode))
})

describe("the example agent in Python", () => {
  it("is short", () => isShort(inPython))

  const absent = hasPython ? "" : " (python3 with the package websockets is not on this machine)"
  const live = it.live.skipIf(!hasPython)
  live(`takes a call as it stands${absent}`, () => takesACall(inPython))
  live(`takes a call that comes back${absent}`, () => takesACallThatComesBack(inPython))
  live(`turns away who does not know its secret${absent}`, () => turnsAwayStrangers(inPython))
})
