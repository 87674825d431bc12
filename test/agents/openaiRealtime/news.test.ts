import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { makeMemory } from "../../../src/agents/openaiRealtime/memory.ts"
import { fakeTransport } from "../support/fakeTransport.ts"
import { memoryLine, until } from "../support/legs.ts"
import { connect, startCall } from "./calls.ts"
import type { ReadClientEvent } from "./clientSchema.ts"
import { realtimeServer, type Visit } from "./fakeServer.ts"
import { begin, callFunction, delta, finish, respond } from "./script.ts"

/** What an item of the conversation says, and as whom. */
const wordsOf = (event: ReadClientEvent) => {
  if (event.type !== "conversation.item.create" || event.item.type !== "message") return event.type
  return `${event.item.role}: ${event.item.content.map(({ text }) => text).join("")}`
}

/** Everything that the client sent and nobody took. */
const sentTo = Effect.fnUntraced(function* (visit: Visit) {
  yield* visit.understood
  const sent: Array<string> = []
  while (visit.waiting() > 0) sent.push(wordsOf(yield* visit.next))
  return sent
})

const paid = 'system: An event from outside the call: "order.changed". Its data: {"order":7,"status":"paid"}'
const machine = "system: An answering machine answered the call: what you hear is not a person."
const beeped = /^system: The answering machine has beeped/

describe("an operator's event, told to a realtime model", () => {
  it.live("becomes a message of the system, and interrupts and asks for nothing", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { leg, media, visit } = yield* startCall(server)
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_1", new Uint8Array(8000))
      yield* until(() => media.byteCount() === 8000)
      const told = [
        yield* leg.event?.({ name: "order.changed", data: { order: 7, status: "paid" } }) ?? Effect.succeed(false),
        yield* leg.event?.({ name: 'a "name"', data: null }) ?? Effect.succeed(false),
        yield* leg.event?.({ name: "almost", data: { respond: "true" } }) ?? Effect.succeed(false),
        yield* leg.event?.({ name: "list", data: ["respond", true] }) ?? Effect.succeed(false)
      ]
      assert.deepStrictEqual(told, [true, true, true, true])
      yield* finish(visit, "resp_1")
      assert.deepStrictEqual(yield* sentTo(visit), [
        paid,
        'system: An event from outside the call: "a \\"name\\"".',
        'system: An event from outside the call: "almost". Its data: {"respond":"true"}',
        'system: An event from outside the call: "list". Its data: ["respond",true]'
      ])
      assert.strictEqual(media.byteCount(), 8000)
    })
  )

  it.live("is answered where its data says so, after the response in progress", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { leg, media, visit } = yield* startCall(server)
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_1", new Uint8Array(8000))
      yield* until(() => media.byteCount() === 8000)
      yield* leg.event?.({ name: "hurry", data: { respond: true } }) ?? Effect.void
      assert.deepStrictEqual(yield* sentTo(visit), [
        'system: An event from outside the call: "hurry". Its data: {"respond":true}'
      ])
      yield* finish(visit, "resp_1")
      assert.deepStrictEqual(yield* sentTo(visit), ["response.create"])
      yield* respond(visit, { response: "resp_2", item: "item_2", audio: new Uint8Array(800) })
      yield* until(() => media.byteCount() === 8800)
      assert.deepStrictEqual(yield* sentTo(visit), [])
    })
  )

  it.live("does not keep a model that says goodbye", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { end, leg, media, visit } = yield* startCall(server)
      yield* begin(visit, "resp_1")
      yield* callFunction(visit, "resp_1", { name: "end_call", callId: "call_1" })
      yield* visit.understood
      yield* leg.event?.({ name: "hurry", data: { respond: true } }) ?? Effect.void
      yield* leg.answeringMachine?.({ _tag: "Beep", atMs: 2000 }) ?? Effect.void
      yield* finish(visit, "resp_1")
      yield* media.letDrain
      assert.deepStrictEqual(yield* end, { _tag: "HangUp", drain: true })
      assert.notInclude(yield* sentTo(visit), "response.create")
    })
  )

  it.live("is refused while there is nobody to be told", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const event = { name: "order.changed", data: null }
      const early = yield* connect(server.url)
      assert.isFalse(yield* early.event?.(event) ?? Effect.succeed(true))
      yield* Queue.take(server.visits)
      const lost = yield* startCall(server)
      yield* Effect.sync(() => lost.visit.socket.terminate())
      yield* lost.failure
      assert.isFalse(yield* lost.leg.event?.(event) ?? Effect.succeed(true))
    })
  )

  it.live("is known to the session that follows a lost one, a long one by its beginning", () =>
    Effect.gen(function* () {
      const memory = makeMemory()
      const server = yield* realtimeServer()
      const first = yield* startCall(server, { memory })
      yield* first.leg.event?.({ name: "order.changed", data: { order: 7, status: "paid" } }) ?? Effect.void
      yield* first.leg.event?.({ name: "long", data: "x".repeat(7000) }) ?? Effect.void
      yield* Effect.sync(() => first.visit.socket.terminate())
      yield* first.failure
      yield* first.close
      const again = yield* startCall(server, { memory, call: { attempt: 1 } })
      const [one, other, ...rest] = yield* sentTo(again.visit)
      assert.strictEqual(one, paid)
      assert.match(other ?? "", /^system: An event from outside the call: "long"\. Its data: "x+…$/)
      assert.isBelow(other?.length ?? 0, 2100)
      assert.lengthOf(rest, 2)
      assert.strictEqual(rest[1], "response.create")
    })
  )
})

describe("who answered, told to a realtime model", () => {
  it.live("is known before the greeting, and asks for nothing", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const leg = yield* connect(server.url, { settings: { greeting: "Say hello." } })
      const visit = yield* Queue.take(server.visits)
      yield* leg.answeringMachine?.({ _tag: "Answered", result: "machine", source: "carrier", atMs: 0 }) ?? Effect.void
      const { transport } = yield* fakeTransport()
      yield* Effect.forkScoped(leg.run(transport, memoryLine().line), { startImmediately: true })
      yield* visit.nextOf("session.update")
      assert.deepStrictEqual(yield* sentTo(visit), ["session.update", machine, "response.create"])
      yield* respond(visit, { response: "resp_1", item: "item_1", audio: new Uint8Array(160) })

      for (const [result, reason, words] of [
        ["human", "short_greeting", "system: A person answered the call."],
        ["machine", "long_greeting", machine],
        ["machine", "fax", "system: A fax machine answered the call."],
        ["unknown", "silence", "system: It is not known whether a person or an answering machine answered the call."]
      ] as const) {
        yield* (
          leg.answeringMachine?.({ _tag: "Answered", result, reason, source: "switchboard", atMs: 2300 }) ?? Effect.void
        )
        assert.deepStrictEqual(yield* sentTo(visit), [words])
      }
    })
  )

  it.live("has the model speak after the beep, once it has said what it is saying", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { leg, media, visit } = yield* startCall(server)
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_1", new Uint8Array(8000))
      yield* until(() => media.byteCount() === 8000)
      yield* leg.answeringMachine?.({ _tag: "Beep", atMs: 6000 }) ?? Effect.void
      const [words, ...rest] = yield* sentTo(visit)
      assert.match(words ?? "", beeped)
      assert.lengthOf(rest, 0)
      yield* finish(visit, "resp_1")
      assert.deepStrictEqual(yield* sentTo(visit), ["response.create"])
      assert.strictEqual(media.byteCount(), 8000)
    })
  )

  it.live("is told again to the session that follows a lost one, which speaks once", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const leg = yield* connect(server.url, { call: { attempt: 1 } })
      const visit = yield* Queue.take(server.visits)
      yield* (
        leg.answeringMachine?.({ _tag: "Answered", result: "machine", source: "switchboard", atMs: 3000 }) ??
        Effect.void
      )
      yield* leg.answeringMachine?.({ _tag: "Beep", atMs: 6000 }) ?? Effect.void
      const { transport } = yield* fakeTransport()
      yield* Effect.forkScoped(leg.run(transport, memoryLine().line), { startImmediately: true })
      yield* visit.nextOf("session.update")
      const [, first, second, third, ...rest] = yield* sentTo(visit)
      assert.strictEqual(first, machine)
      assert.match(second ?? "", beeped)
      assert.match(third ?? "", /^system: The connection was interrupted/)
      assert.deepStrictEqual(rest, ["response.create"])
      yield* respond(visit, { response: "resp_1", item: "item_1", audio: new Uint8Array(160) })
      assert.deepStrictEqual(yield* sentTo(visit), [])
    })
  )
})
