import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { standardTiming, type Timing } from "../../../scripts/agent-testkit/calling.ts"
import { asJson, printed } from "../../../scripts/agent-testkit/printed.ts"
import { type Report, type RuleId, rules } from "../../../scripts/agent-testkit/rules.ts"
import { testAgent } from "../../../scripts/agent-testkit/testkit.ts"
import type { FormValues } from "../../../src/Form.ts"
import { agentSecret, agentThat, type Breakage } from "./brokenAgent.ts"

/** Short where an agent that keeps the rules does not notice. */
const timing: Timing = {
  limits: { ...standardTiming.limits, acceptMs: 1_000, connectMs: 2_000, closeMs: 700 },
  pongMs: 1_500,
  talkMs: 500,
  stallMs: 1_500,
  settleMs: 20
}

const tested = (breakage: Breakage, settings: FormValues = {}) =>
  Effect.flatMap(agentThat(breakage), (url) => testAgent({ url, secret: agentSecret, ...settings }, timing))

const outcome = ({ rules }: Report, id: RuleId) => rules.find((rule) => rule.id === id)
const broken = ({ rules }: Report) => rules.filter(({ outcome }) => outcome === "fail").map(({ id }) => id)

interface Case {
  readonly rule: RuleId
  readonly name: string
  readonly breakage: Breakage
  /** Part of what must have been seen. */
  readonly seen: string
  /** Other rules that such an agent cannot keep either. */
  readonly also?: ReadonlyArray<RuleId>
}

const second = 32_000

const cases: ReadonlyArray<Case> = [
  {
    rule: "connect",
    name: "does not agree to the subprotocol",
    breakage: { subprotocol: false },
    seen: "does not speak switchboard.v1"
  },
  {
    rule: "connect",
    name: "does not know the secret itself",
    breakage: { allows: () => false },
    seen: "HTTP 401"
  },
  { rule: "secret", name: "lets everybody in", breakage: { allows: () => true }, seen: "with a wrong secret" },
  {
    rule: "secret",
    name: "lets in who has none",
    breakage: {
      allows: ({ headers }) => headers.authorization === undefined || headers.authorization === `Bearer ${agentSecret}`
    },
    seen: "without a secret"
  },
  { rule: "accept", name: "never answers", breakage: { onStart: () => {} }, seen: "did not answer call.start" },
  {
    rule: "accept",
    name: "refuses",
    breakage: { onStart: ({ say }) => say({ type: "call.refuse", reason: "no capacity" }) },
    seen: "no capacity"
  },
  {
    rule: "accept",
    name: "answers with nonsense",
    breakage: { onStart: ({ say }) => say({ type: "call.accept", audio: { encoding: "opus", sample_rate: 48000 } }) },
    seen: "unreadable",
    also: ["messages"]
  },
  {
    rule: "formats",
    name: "closes when mu-law is proposed",
    breakage: {
      onStart: ({ say, socket, start }) =>
        start().audio?.encoding === "mulaw" ? socket.close(4000) : say({ type: "call.accept" })
    },
    seen: "mulaw at 8000 Hz: The agent at 127.0.0.1"
  },
  {
    rule: "messages",
    name: "sends what is no JSON",
    breakage: { onTaken: ({ say }) => say("{hello") },
    seen: "{hello cannot be read: it is not JSON"
  },
  {
    rule: "messages",
    name: "sends a type that there is not",
    breakage: { onTaken: ({ say }) => say({ type: "dance" }) },
    seen: '"dance" is no type'
  },
  {
    rule: "messages",
    name: "sends a type with a wrong field",
    breakage: { onTaken: ({ say }) => say({ type: "mark" }) },
    seen: "mark: name"
  },
  {
    rule: "messages",
    name: "sends text of more than 64 KiB",
    breakage: { onTaken: ({ say }) => say({ type: "event", name: "x", data: "x".repeat(70_000) }) },
    seen: "64 KiB"
  },
  {
    rule: "audio",
    name: "sends more than a minute at once",
    breakage: {
      onAudio: () => {},
      onTaken: ({ socket }) => {
        for (let n = 0; n < 70; n++) socket.send(new Uint8Array(second))
      }
    },
    seen: "More than 60 s"
  },
  {
    rule: "audio",
    name: "ends in half a sample",
    breakage: { onAudio: () => {}, onTaken: ({ socket }) => socket.send(new Uint8Array(641)) },
    seen: "the middle of a sample"
  },
  {
    rule: "audio",
    name: "sends a message of more than 1 MiB",
    breakage: { onTaken: ({ socket }) => socket.send(new Uint8Array(1024 * 1024 + 1)) },
    seen: "1 MiB",
    also: ["tells", "grows", "together", "resume"]
  },
  {
    rule: "pings",
    name: "answers none",
    breakage: { autoPong: false },
    seen: "did not answer"
  },
  {
    rule: "reads",
    name: "stops reading once the caller speaks",
    breakage: { onAudio: ({ socket }) => socket.pause() },
    seen: "while the caller spoke"
  },
  {
    rule: "stays",
    name: "closes without hangup",
    breakage: { onAudio: ({ socket }) => socket.close(1000) },
    seen: "closed the connection with code 1000"
  },
  {
    rule: "tells",
    name: "dies of a transfer",
    breakage: {
      onMessage: ({ socket }, { type }) => {
        if (type === "transfer.state") socket.terminate()
      }
    },
    seen: "After transfer.state it cut the connection",
    also: ["grows"]
  },
  {
    rule: "tells",
    name: "stops answering after an event",
    breakage: {
      onMessage: ({ socket }, { type }) => {
        if (type === "event") socket.pause()
      }
    },
    seen: "After event it did not answer a ping"
  },
  {
    rule: "grows",
    name: "closes at a type that it does not know",
    breakage: {
      onMessage: ({ socket }, { type }) => {
        if (String(type).startsWith("testkit.")) socket.close(1003)
      }
    },
    seen: "unknown type it closed the connection with code 1003"
  },
  {
    rule: "grows",
    name: "closes at a field that it does not know",
    breakage: {
      onMessage: ({ socket }, message) => {
        if ("pressure" in message) socket.close(1011)
      }
    },
    seen: "unknown field it closed the connection with code 1011"
  },
  {
    rule: "grows",
    name: "does not take a call with a field that it does not know",
    breakage: {
      onStart: ({ say, socket, start }) => ("future" in start() ? socket.close(1002) : say({ type: "call.accept" }))
    },
    seen: "did not take the call"
  },
  {
    rule: "end",
    name: "does not close",
    breakage: {
      onAudio: ({ socket }, audio) => {
        socket.send(audio)
        socket.close = () => {}
      }
    },
    seen: "took no part in the closing"
  },
  {
    rule: "together",
    name: "takes one call at a time",
    breakage: {
      onStart: ({ connections, say }) =>
        say(connections() > 1 ? { type: "call.refuse", reason: "one at a time" } : { type: "call.accept" })
    },
    seen: "one at a time"
  },
  {
    rule: "resume",
    name: "refuses a call that comes back",
    breakage: {
      onStart: ({ say, start }) =>
        say(start().resumed === undefined ? { type: "call.accept" } : { type: "call.refuse", reason: "unknown token" })
    },
    seen: "unknown token"
  }
]

describe("the agent testkit", () => {
  it("has an agent that breaks each rule", () => {
    assert.deepStrictEqual(new Set(cases.map(({ rule }) => rule)), new Set(Object.keys(rules)))
  })

  it.live("finds nothing wrong with an agent that keeps the rules", () =>
    Effect.gen(function* () {
      for (const encoding of ["pcm_s16le", "mulaw"]) {
        const report = yield* tested({}, { encoding })
        assert.deepStrictEqual(
          report.rules.filter(({ outcome }) => outcome !== "pass"),
          []
        )
        assert.deepStrictEqual(report.agent, { name: "broken", version: "0" })
        assert.match(outcome(report, "audio")?.seen ?? "", /^\d\.\d s of audio in \d+ messages, at most/)
      }
    })
  )

  for (const { also = [], breakage, name, rule, seen } of cases) {
    it.live(
      `finds that an agent breaks the rule ${rule}: it ${name}`,
      () =>
        Effect.gen(function* () {
          const report = yield* tested(breakage)
          assert.deepStrictEqual(new Set(broken(report)), new Set([rule, ...also]), printed(report))
          assert.include(outcome(report, rule)?.seen, seen)
        }),
      { concurrent: true }
    )
  }

  it.live("does not hold a hang-up in good order against an agent", () =>
    Effect.gen(function* () {
      const report = yield* tested({
        onAudio: ({ say }) => say({ type: "hangup" }),
        onMessage: ({ say }) => say({ type: "hangup", now: true })
      })
      assert.deepStrictEqual(broken(report), [], printed(report))
      assert.include(outcome(report, "stays")?.seen, "hangup")
      assert.include(outcome(report, "tells")?.seen, "hangup")
    })
  )

  it.live("notes an agent that runs far ahead, and one that says nothing", () =>
    Effect.gen(function* () {
      const eager = yield* tested({
        onAudio: () => {},
        onTaken: ({ socket }) => socket.send(new Uint8Array(20 * second))
      })
      assert.deepStrictEqual(broken(eager), [])
      assert.match(
        outcome(eager, "audio")?.seen ?? "",
        /^20\.0 s of audio in 1 messages\. Note: it was (19|20)\.\d s ahead/
      )
      const silent = yield* tested({ onAudio: () => {} })
      assert.deepStrictEqual(broken(silent), [])
      assert.include(outcome(silent, "audio")?.seen, "no audio")
    })
  )

  it.live("tells an agent that what it says before it takes the call is lost", () =>
    Effect.gen(function* () {
      const report = yield* tested({
        onStart: ({ say }) => {
          say({ type: "mark", name: "too early" })
          say({ type: "call.accept" })
        }
      })
      assert.deepStrictEqual(broken(report), [])
      assert.include(outcome(report, "accept")?.seen, "before call.accept is lost")
    })
  )

  it.live("does not judge a secret that was not given, nor what comes after a call that is not taken", () =>
    Effect.gen(function* () {
      const open = yield* agentThat({ allows: () => true })
      const report = yield* testAgent({ url: open }, timing)
      assert.deepStrictEqual(broken(report), [])
      assert.strictEqual(outcome(report, "secret")?.outcome, "not_applicable")
      const refusing = yield* tested({ onStart: ({ say }) => say({ type: "call.refuse" }) })
      assert.strictEqual(outcome(refusing, "resume")?.outcome, "not_applicable")
    })
  )

  it.live("says what is wrong with an address that it cannot use, and never shows a secret", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(testAgent({ url: "https://agent.example", secret: "short" }, timing))
      assert.include(failure.message, "url: ")
      assert.include(failure.message, "secret: ")
      assert.notInclude(failure.message, "short")
      const needy = yield* Effect.flip(testAgent({ url: "wss://agent.example" }, timing))
      assert.include(needy.message, "secret: is required")
      const url = yield* agentThat({})
      const report = yield* testAgent({ url: `${url}?token=in-the-query`, secret: agentSecret }, timing)
      for (const text of [printed(report), asJson(report)]) {
        assert.notInclude(text, agentSecret)
        assert.notInclude(text, "in-the-query")
      }
    })
  )

  it.live("reports for people and for programs", () =>
    Effect.gen(function* () {
      const report = yield* tested({ allows: () => true, onTaken: ({ say }) => say({ type: "dance" }) })
      const text = printed(report)
      assert.match(text, /^BROKEN {2}secret {4}Refuses the upgrade/m)
      assert.match(text, /^ok {6}resume {4}Takes a call/m)
      assert.match(text, /^12 rules kept, 2 broken\.$/m)
      assert.isTrue(text.split("\n").every((line) => line.length <= 130))
      const json = JSON.parse(asJson(report))
      assert.deepInclude(json, { passed: 12, failed: 2, not_applicable: 0, agent: { name: "broken", version: "0" } })
      assert.deepStrictEqual(
        json.rules.map(({ id }: { readonly id: string }) => id),
        Object.keys(rules)
      )
    })
  )
})
