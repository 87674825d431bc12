import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { AgentLeg, AnsweringNews } from "../../src/agents/AgentSpec.ts"
import { sampleToMulaw } from "../../src/audio/g711.ts"
import type { Call } from "../../src/telephony/Call.ts"
import { callAnswering } from "../../src/telephony/callAnswering.ts"
import type { MediaTap } from "../../src/Transport.ts"
import { greeting } from "../answering/support/labelled.ts"
import { framesOf, joined, quiet, tone } from "../answering/support/signals.ts"

const mulaw = { encoding: "mulaw", sampleRate: 8000 } as const

/** An agent's leg that keeps what it is told. */
const told = () => {
  const news: Array<AnsweringNews> = []
  const leg: AgentLeg = {
    run: () => Effect.never,
    answeringMachine: (one) => Effect.sync(() => void news.push(one)),
    ended: () => Effect.void
  }
  return { news, leg }
}

/** A call's answering over a transport that only has taps, and a clock that stands where the test puts it. */
const answeringOf = (call: Partial<Pick<Call, "direction" | "answeredBy">> = {}) => {
  const taps = new Set<MediaTap>()
  const notes: Array<string> = []
  const time = { now: 5000 }
  const transport = {
    info: { providerCallId: "CA1", streamId: "S1", incomingFormat: mulaw, outgoingFormat: mulaw, parameters: {} },
    tap: (tap: MediaTap) => {
      taps.add(tap)
      return () => void taps.delete(tap)
    }
  }
  const answering = callAnswering({
    call: { direction: "outbound", answeredBy: undefined, ...call },
    now: () => time.now,
    note: (kind, details) =>
      Effect.sync(
        () => void notes.push(details["result"] === undefined ? kind : `${kind}: ${JSON.stringify(details["result"])}`)
      )
  })
  const hear = (chunk: Uint8Array) => {
    time.now += chunk.length / 8
    for (const tap of taps) tap.heard(chunk, time.now)
  }
  return { answering, transport, taps, notes, time, hear }
}

const machine = framesOf(joined(quiet(300), greeting("machine-reached"), quiet(500), tone(1000, 400), quiet(300))).map(
  (samples) => Uint8Array.from(samples, (sample) => sampleToMulaw[sample & 0xffff] ?? 0)
)
const carriers = { _tag: "Answered", source: "carrier", result: "machine", atMs: 2100 } as const

describe("who answered a call", () => {
  it.effect("is told to an agent that is connected later, again to one that comes back, and once to each", () =>
    Effect.gen(function* () {
      const { answering } = answeringOf()
      yield* answering.tell(carriers)
      const first = told()
      yield* answering.introduce(first.leg)
      yield* answering.tell({ ...carriers, atMs: 3000 })
      yield* answering.tell({ _tag: "Beep", atMs: 9000 })
      assert.deepStrictEqual(first.news, [carriers, { _tag: "Beep", atMs: 9000 }])
      const second = told()
      yield* answering.introduce(second.leg)
      assert.deepStrictEqual(second.news, first.news)
    })
  )

  it.effect("is known from the start where the carrier said so before the media opened; a fax is a machine", () =>
    Effect.gen(function* () {
      const agent = told()
      yield* answeringOf({ answeredBy: "fax" }).answering.introduce(agent.leg)
      yield* answeringOf({ answeredBy: "human", direction: "inbound" }).answering.introduce(agent.leg)
      assert.deepStrictEqual(agent.news, [
        { _tag: "Answered", source: "carrier", result: "machine", reason: "fax", atMs: 0 }
      ])
    })
  )

  it.effect("is found in the audio, noted and told, and then nobody listens any more", () =>
    Effect.gen(function* () {
      const { answering, hear, notes, taps, transport } = answeringOf()
      const agent = told()
      yield* answering.introduce(agent.leg)
      yield* answering.listen(transport)
      assert.strictEqual(taps.size, 1)
      for (const chunk of machine) hear(chunk)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(notes, ['answering_machine: "machine"', "answering_machine.beep"])
      assert.deepStrictEqual(
        agent.news.map(({ _tag }) => _tag),
        ["Answered", "Beep"]
      )
      assert.strictEqual(taps.size, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("is unknown where the carrier sends nothing at all", () =>
    Effect.gen(function* () {
      const { answering, notes, taps, time, transport } = answeringOf()
      yield* answering.listen(transport)
      for (let seconds = 0; seconds < 8; seconds++) {
        time.now += 1000
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(notes, ['answering_machine: "unknown"'])
      assert.strictEqual(taps.size, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("is not listened for after the call", () =>
    Effect.gen(function* () {
      const { answering, taps, transport } = answeringOf()
      const scope = yield* Scope.make()
      yield* answering.listen(transport).pipe(Effect.provideService(Scope.Scope, scope))
      assert.strictEqual(taps.size, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(taps.size, 0)
    })
  )

  it.effect("does not matter to the media: a defect ends the detection alone", () =>
    Effect.gen(function* () {
      const { answering, notes, taps, transport } = answeringOf()
      yield* answering.listen(transport)
      const broken = new Proxy(new Uint8Array(160), {
        get: () => {
          throw new Error("broken on purpose")
        }
      })
      for (const tap of taps) tap.heard(broken, 5020)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(taps.size, 0)
      assert.deepStrictEqual(notes, [])
    }).pipe(Effect.scoped)
  )
})
