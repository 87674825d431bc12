import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Queue, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import { WebSocket } from "ws"
import { makeHearing } from "../../../src/agents/socket/hearing.ts"
import { maxHeldBytes } from "../../../src/agents/socket/hold.ts"
import { controls, mistakes, socketLimits } from "../../../src/agents/socket/limits.ts"
import { events, maxEventBytes, standardLimits } from "../../../src/agents/websocket/limits.ts"
import { revision } from "../../../src/agents/websocket/messages.ts"
import { maxTextBytes } from "../../../src/agents/websocket/reading.ts"
import { maxEventName } from "../../../src/agents/AgentSpec.ts"
import { defaultRedialSeconds, LineSettings } from "../../../src/agents/callSettings/line.ts"
import { maxAgentEventBytes } from "../../../src/telephony/CallCommands.ts"
import { preparedSeconds, transferRing } from "../../../src/telephony/deadlines.ts"
import { bytesForMs } from "../../../src/Audio.ts"
import { agentServer } from "../support/agentServer.ts"
import { connect, startCall, until } from "../support/legs.ts"
import { root } from "../../support/imports.ts"
import { frame, rig } from "../../transport/support/rig.ts"

const decodeLine = Schema.decodeUnknownResult(LineSettings)

// Every figure of docs/agent-protocol.md that is about time, size or number, with the bounds that the service really has. Time
// is the test's own: nothing waits.

/** Whether a fiber is over when `before` of the time has passed, and when the rest has passed, too. */
const overAt = Effect.fnUntraced(function* (fiber: Fiber.Fiber<unknown, unknown>, totalMs: number) {
  yield* TestClock.adjust(totalMs - 1)
  const early = fiber.pollUnsafe() !== undefined
  yield* TestClock.adjust(1)
  yield* TestClock.withLive(Effect.timeoutOption(Fiber.await(fiber), "5 seconds"))
  return { early, inTime: fiber.pollUnsafe() !== undefined }
})

const exactly = { early: false, inTime: true }

/** A port that takes connections and says nothing, and whether somebody is connected. */
const silentPort = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly isReached: () => boolean; readonly close: () => void }>(
    (resume) => {
      const sockets = new Set<{ readonly destroy: () => void }>()
      const server = createServer((socket) => void sockets.add(socket)).listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(
          Effect.succeed({
            port: typeof address === "object" && address !== null ? address.port : 0,
            isReached: () => sockets.size > 0,
            close: () => {
              for (const socket of sockets) socket.destroy()
              server.close()
            }
          })
        )
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

describe("the connection's figures", () => {
  it.effect("the upgrade may take 5 s", () =>
    Effect.gen(function* () {
      const { isReached, port } = yield* silentPort
      const connecting = yield* Effect.forkScoped(Effect.flip(connect(`ws://127.0.0.1:${port}`)))
      yield* until(isReached)
      assert.deepStrictEqual(yield* overAt(connecting, 5_000), exactly)
      assert.strictEqual((yield* Fiber.join(connecting)).reason, "connect-failed")
    })
  )

  it.effect("the answer to call.start may take 5 s", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const connecting = yield* Effect.forkScoped(Effect.flip(connect(server.url)))
      const visit = yield* Queue.take(server.visits)
      yield* visit.nextOf("call.start")
      assert.deepStrictEqual(yield* overAt(connecting, 5_000), exactly)
      assert.strictEqual((yield* Fiber.join(connecting)).reason, "handshake-timeout")
    })
  )

  it.effect(
    "a ping comes every 10 s, and a silent agent is cut off with the one after two that it left unanswered",
    () =>
      Effect.gen(function* () {
        const server = yield* agentServer({ autoPong: false })
        const { running, visit } = yield* startCall(server)
        let pings = 0
        visit.socket.on("ping", () => void (pings += 1))
        yield* TestClock.adjust("9999 millis")
        yield* visit.understood
        assert.strictEqual(pings, 0)
        yield* TestClock.adjust("1 millis")
        yield* until(() => pings === 1)
        yield* TestClock.adjust("10 seconds")
        yield* until(() => pings === 2)
        assert.deepStrictEqual(yield* overAt(running, 10_000), exactly)
        yield* until(() => server.connections() === 0)
      })
  )

  it.effect("an agent that does not take part in the closing is cut off after 1 s", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { leg, media, running, visit } = yield* startCall(server)
      yield* Effect.sync(() => visit.socket.pause())
      yield* media.stop
      yield* Fiber.join(running)
      const ending = yield* Effect.forkScoped(leg.ended({ reason: "caller_hung_up", owner: "caller" }))
      yield* Effect.yieldNow
      assert.deepStrictEqual(yield* overAt(ending, 1_000), exactly)
      yield* Effect.sync(() => visit.socket.resume())
      yield* visit.nextOf("call.end")
      yield* until(() => server.connections() === 0)
    })
  )

  it.effect("a message may have 1 MiB, audio as well as text", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, visit } = yield* startCall(server, { settings: { encoding: "mulaw" } })
      yield* visit.speak(new Uint8Array(1024 * 1024))
      yield* until(() => media.byteCount() === 1024 * 1024)
      yield* visit.say({ type: "clear", padding: "x".repeat(1024 * 1024 - 100) })
      assert.strictEqual((yield* visit.nextOf("error")).code, "message_too_large")
      yield* visit.speak(new Uint8Array(1024 * 1024 + 1))
      assert.strictEqual((yield* visit.closed).code, 1009)
    })
  )
})

/** An event message of exactly this size. */
const event = (bytes: number) => {
  const empty = JSON.stringify({ type: "event", name: "n", data: "" }).length
  return { type: "event", name: "n", data: "x".repeat(bytes - empty) }
}

describe("the figures of what an agent says", () => {
  it.effect("50 messages that cannot be read are answered, then one a second, then the connection is closed", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { leg, running, visit } = yield* startCall(server)
      for (let n = 0; n < 50; n++) {
        yield* visit.say("nonsense")
        assert.strictEqual((yield* visit.next).type, "error")
      }
      yield* TestClock.adjust("1 second")
      yield* visit.say("nonsense")
      assert.strictEqual((yield* visit.next).type, "error")
      assert.isUndefined(running.pollUnsafe())
      yield* visit.say("nonsense")
      yield* until(() => running.pollUnsafe() !== undefined)
      yield* leg.ended({ reason: "agent_lost", owner: "agent" })
      assert.strictEqual((yield* visit.closed).code, 1008)
    })
  )

  it.effect("1000 control messages are taken at once, then 100 a second", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { running, visit } = yield* startCall(server)
      const send = (count: number) =>
        Effect.andThen(
          Effect.sync(() => {
            for (let n = 0; n < count; n++) visit.socket.send('{"type":"from.the.future"}')
          }),
          visit.understood
        )
      yield* send(1_000)
      assert.isUndefined(running.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* send(100)
      assert.isUndefined(running.pollUnsafe())
      yield* send(1)
      yield* until(() => running.pollUnsafe() !== undefined)
    })
  )

  it.effect("50 events are noted at once, then 5 a second, each of up to 8 KiB", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { events, visit } = yield* startCall(server)
      yield* visit.say(event(8 * 1024))
      yield* visit.say(event(8 * 1024 + 1))
      assert.include((yield* visit.nextOf("error")).message, "8192 bytes")
      for (let n = 1; n < 50; n++) yield* visit.say({ type: "event", name: "n" })
      yield* visit.understood
      yield* until(() => events.length === 50)
      yield* TestClock.adjust("1 second")
      for (let n = 0; n < 6; n++) yield* visit.say({ type: "event", name: "n" })
      assert.strictEqual((yield* visit.nextOf("error")).code, "event_refused")
      yield* until(() => events.length === 55)
      yield* visit.understood
      assert.strictEqual(events.length, 55)
    })
  )
})

describe("the figures of an agent that is behind", () => {
  it("the latest 2 s of the caller's audio wait for it, and 5 s without taking anything are the end", () => {
    for (const encoding of ["pcm_s16le", "mulaw"] as const) {
      const format = { encoding, sampleRate: 8000 } as const
      let now = 0
      const socket = { readyState: WebSocket.OPEN, bufferedAmount: 1_000_000, send: () => {} }
      const { counts, hear } = makeHearing(
        { socket, formats: { from: format, to: format }, now: () => now },
        socketLimits
      )
      const chunk = new Uint8Array(bytesForMs(format, 20))
      for (let n = 0; n < 100; n++) assert.isTrue(hear(chunk))
      assert.deepStrictEqual(counts(), { sent: 0, dropped: 0 })
      now = 4_999
      assert.isTrue(hear(chunk))
      assert.deepStrictEqual(counts(), { sent: 0, dropped: 1 })
      now = 5_000
      assert.isFalse(hear(chunk))
      socket.bufferedAmount = 0
      assert.isTrue(hear(chunk))
      assert.deepStrictEqual(counts(), { sent: 101, dropped: 2 })
    }
  })

  it.effect("1 MiB of what it is told waits for it, and no more", () =>
    Effect.gen(function* () {
      assert.strictEqual(socketLimits.maxUnreadBytes, 1024 * 1024)
      const server = yield* agentServer()
      const { leg, running, visit } = yield* startCall(server, { limits: { maxUnreadBytes: 100_000 } })
      yield* Effect.sync(() => visit.socket.pause())
      const data = "x".repeat(50_000)
      let told = 0
      let taken = true
      while (taken && told < 1_000) {
        taken = yield* leg.event?.({ name: "n", data }) ?? Effect.succeed(false)
        told += 1
      }
      assert.isFalse(taken)
      yield* Effect.sync(() => visit.socket.resume())
      for (let n = 1; n < told; n++) assert.strictEqual((yield* visit.next).type, "event")
      assert.isTrue(yield* leg.event?.({ name: "n", data: null }) ?? Effect.succeed(false))
      assert.deepStrictEqual(yield* visit.next, { type: "event", name: "n", data: null })
      yield* Effect.sync(() => visit.socket.terminate())
      yield* until(() => server.connections() === 0)
      yield* until(() => running.pollUnsafe() !== undefined)
      assert.isFalse(yield* leg.event?.({ name: "n", data: null }) ?? Effect.succeed(true))
    })
  )

  it.effect("4000 marks may wait; one more is answered at once, as cleared", () =>
    Effect.gen(function* () {
      const { transport } = yield* rig()
      const answered: Array<unknown> = []
      yield* Effect.forkScoped(
        transport.receive((event) => void answered.push(event)),
        { startImmediately: true }
      )
      transport.playUnsafe(frame())
      for (let n = 0; n < 4_000; n++) yield* transport.mark("waits")
      assert.deepStrictEqual(answered, [])
      yield* transport.mark("too many")
      assert.deepInclude(answered[0], { _tag: "Mark", name: "too many", cleared: true })
    })
  )

  it.effect("the last 2 s of the caller's audio, and every key, are kept for a connection that comes back", () =>
    Effect.gen(function* () {
      const { socket, transport } = yield* rig()
      const heard: Array<number | string> = []
      socket.text('{"e":"digit","digit":"5"}')
      for (let n = 0; n < 120; n++) socket.audio(frame(n))
      yield* Effect.forkScoped(
        transport.receive((event) => {
          if (event._tag === "Audio") heard.push(event.chunk[0] ?? -1)
          else if (event._tag === "Digit") heard.push(event.digit)
        }),
        { startImmediately: true }
      )
      assert.deepStrictEqual(heard, ["5", ...Array.from({ length: 100 }, (_, n) => 20 + n)])
    })
  )
})

const guide = readFileSync(join(root, "docs/agent-protocol.md"), "utf8")

/** The rows of the guide's table of figures: what, how much. */
const rows = Array.from(
  (guide.split("| what | how much |")[1] ?? "").split("\n\n")[0]?.matchAll(/^\| (?!---)(.+?) \| (.+?) \| .+ \|$/gm) ??
    [],
  ([, what = "", howMuch = ""]) => [what, howMuch] as const
)

const seconds = (ms: number) => `${ms / 1000} s`
const kib = (bytes: number) => `${bytes / 1024} KiB`
const mib = (bytes: number) => `${bytes / 1024 / 1024} MiB`
const rate = ({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }) =>
  `${burst} at once, then ${perSecond} a second`

describe("the guide", () => {
  it("tells the bounds that are in force, all of them", () => {
    const limits = standardLimits
    assert.deepStrictEqual(rows, [
      ["from the first packet to your `101`", seconds(limits.connectMs)],
      ["from `call.start` to your answer", seconds(limits.acceptMs)],
      ["between pings", seconds(limits.pingMs)],
      ["the closing, from `call.end` on", seconds(limits.closeMs)],
      ["the caller's audio that waits for you", seconds(limits.backlogMs)],
      ["without taking any of it meanwhile", seconds(limits.stallMs)],
      ["messages that wait for you", mib(limits.maxUnreadBytes)],
      // test/transport/pacing.test.ts holds this one.
      ["your audio that waits to be heard", "60 s"],
      ["what you send before there is audio", kib(maxHeldBytes)],
      // test/telephony/preparedAgents.test.ts holds this one.
      [
        "from `call.accept` to the first audio",
        `${preparedSeconds.inbound} s; ${preparedSeconds.outbound} s on a call that Switchboard places`
      ],
      ["a message of any kind", mib(limits.maxMessageBytes)],
      ["a text message", kib(maxTextBytes)],
      ["messages that cannot be used", `${rate(mistakes)}; each is answered with \`error\``],
      ["control messages of any kind, unknown types included", rate(controls)],
      ["`event` messages from you", rate(events)],
      ["an `event` message from you", kib(maxEventBytes)],
      ["marks that wait", "4000"],
      // test/transport/playout.test.ts holds this one.
      ["how long a carrier may take to say that a mark was reached", "the audio before it, and 2 s"]
    ])
  })

  it("tells the other figures, too", () => {
    const flat = guide.replaceAll(/\s+/g, " ")
    for (const sentence of [
      `(\`line.redial_s\`, ${defaultRedialSeconds} unless set, at most 60; 0: it does not)`,
      `has at most ${kib(maxAgentEventBytes)}`,
      `\`name\` has 1 to ${maxEventName} characters`,
      `a name of 1 to ${maxEventName} characters, and any JSON of up to ${kib(maxEventBytes)} in all. ${rate(events)}`,
      `${transferRing.seconds} s unless given, 1 to 600; less than ${transferRing.least} counts as ${transferRing.least}, more than ${transferRing.most} as ${transferRing.most}`,
      "Switchboard waits up to 5 s for the carrier's last word"
    ]) {
      assert.include(flat, sentence)
    }
    const settings = (redial_s: number) => Result.isSuccess(decodeLine({ redial_s }))
    assert.deepStrictEqual([-1, 0, 60, 61].map(settings), [false, true, true, false])
  })

  it("has the changelog up to the revision that the machine-readable files name", () => {
    const newest = /^\*\*(\d+\.\d+)\*\*$/m.exec(guide)?.[1]
    assert.strictEqual(newest, revision)
  })
})
