import { assert, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { type AgentServer, agentServer } from "../agents/support/agentServer.ts"
import { until } from "../agents/support/legs.ts"
import { App, createdId, endOf, eventsOf, ours, setUp, theirs } from "../support/app.ts"
import { destination, dial } from "../support/dialing.ts"

/** ms of mu-law at 8 kHz that is nowhere silent. */
const talk = (ms: number, from: number) => Uint8Array.from({ length: ms * 8 }, (_, index) => from + (index % 31))

const settings = (url: string, line: object = {}) => ({ url, encoding: "mulaw", sample_rate: 8000, line })

/** The agent takes the call, and says something at once. */
const takeCall = Effect.fnUntraced(function* (server: AgentServer, word: Uint8Array) {
  const visit = yield* Queue.take(server.visits)
  const start = yield* visit.nextOf("call.start")
  yield* visit.say({ type: "call.accept" })
  yield* visit.speak(word)
  yield* visit.say({ type: "mark", name: "word" })
  return { visit, start }
})

/** Makes our one agent, on its number, this one. */
const agentWith = Effect.fnUntraced(function* (line: object = {}) {
  const app = yield* App
  const server = yield* agentServer()
  return { app, server, agent: { kind: "websocket", settings: settings(server.url, line) } }
})

const outboundAgent = Effect.fnUntraced(function* (line: object = {}) {
  const made = yield* agentWith(line)
  const { app, agent, server } = made
  const created = yield* app.request("POST", "/api/v1/organizations/agents", { name: server.url, ...agent })
  return { ...made, agentId: createdId(created) }
})

/** Dials with this agent; gives our id and the carrier's call. */
const dialWith = Effect.fnUntraced(function* (agentId: string, to: string, behaviour: Parameters<typeof dial>[1]) {
  const app = yield* App
  yield* app.carrier.whenDialed(to, behaviour)
  const id = createdId(yield* app.request("POST", "/api/v1/telephony/calls", { to, agent_id: agentId }))
  return { id, call: yield* app.carrier.nextOutbound }
})

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("an inbound call", (it) => {
  it.effect("has its agent connected before the carrier opens the media, which is told when nobody ever does", () =>
    Effect.gen(function* () {
      const { agent, app, server } = yield* agentWith()
      yield* setUp(app, agent)
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, faults: ["media-never-opens"] })
      const { visit } = yield* takeCall(server, talk(20, 0x10))
      assert.notStrictEqual((yield* call.now).media, "streaming")
      yield* call.hangUp
      const end = yield* visit.nextOf("call.end")
      assert.deepStrictEqual(end, { type: "call.end", reason: "caller_hung_up", owner: "caller" })
      assert.strictEqual((yield* visit.closed).code, 1000)
      assert.deepInclude(yield* endOf(app, call.id), { end_reason: "caller_hung_up", media_state: "none" })
      yield* until(() => server.connections() === 0)
    }).pipe(Effect.scoped)
  )
})

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })(
  "a call with an agent that is there early",
  (it) => {
    it.effect(
      "hears its first word from the beginning, over the connection that was made while the carrier was told",
      () =>
        Effect.gen(function* () {
          const { agent, app, server } = yield* agentWith()
          yield* setUp(app, agent)
          const call = yield* app.carrier.placeInbound({ from: theirs, to: ours })
          const word = talk(400, 0x30)
          const { start, visit } = yield* takeCall(server, word)
          assert.isUndefined((yield* visit.nextOf("mark")).cleared)
          assert.deepStrictEqual(
            Buffer.from((yield* call.now).heard.played).subarray(0, word.length),
            Buffer.from(word)
          )
          const kinds = (yield* eventsOf(app, start.call.id)).map(({ kind }) => kind)
          assert.lengthOf(
            kinds.filter((kind) => kind === "agent.prepared"),
            1
          )
          yield* visit.say({ type: "hangup" })
          assert.strictEqual((yield* visit.nextOf("call.end")).reason, "agent_ended")
          yield* call.settled
          assert.strictEqual(yield* Queue.size(server.visits), 0)
          yield* until(() => server.connections() === 0)
        }).pipe(Effect.scoped)
    )

    it.effect("that we place has it connected while the phone rings, and plays what it said meanwhile", () =>
      Effect.gen(function* () {
        const { agentId, server } = yield* outboundAgent()
        const { call } = yield* dialWith(agentId, destination(40), { outcome: "answer", afterMs: 700 })
        const word = talk(400, 0x50)
        const { visit } = yield* takeCall(server, word)
        assert.strictEqual((yield* call.now).state, "ringing")
        assert.isUndefined((yield* visit.nextOf("mark")).cleared)
        assert.deepStrictEqual(Buffer.from((yield* call.now).heard.played).subarray(0, word.length), Buffer.from(word))
        yield* call.hangUp
        assert.strictEqual((yield* visit.nextOf("call.end")).reason, "callee_hung_up")
        yield* call.settled
        assert.strictEqual(yield* Queue.size(server.visits), 0)
        yield* until(() => server.connections() === 0)
      }).pipe(Effect.scoped)
    )

    it.effect("tells it why the call ended while the phone rang, and leaves nothing", () =>
      Effect.gen(function* () {
        const { agentId, app, server } = yield* outboundAgent()
        const canceled = yield* dialWith(agentId, destination(41), { outcome: "no-answer" })
        const first = yield* takeCall(server, talk(20, 0x10))
        yield* app.request("POST", `/api/v1/telephony/calls/${canceled.id}/hangup`, {})
        const reason = yield* first.visit.nextOf("call.end")
        assert.deepStrictEqual(reason, { type: "call.end", reason: "operator_ended", owner: "operator" })

        yield* dialWith(agentId, destination(42), { outcome: "busy", afterMs: 300 })
        const second = yield* takeCall(server, talk(20, 0x10))
        assert.deepInclude(yield* second.visit.nextOf("call.end"), { reason: "busy", owner: "callee" })
        yield* until(() => server.connections() === 0)
      }).pipe(Effect.scoped)
    )

    it.effect("connects it with the audio where its settings say so", () =>
      Effect.gen(function* () {
        const { agentId, app, server } = yield* outboundAgent({ connect_early: false })
        const { id, call } = yield* dialWith(agentId, destination(43), { outcome: "answer", afterMs: 300 })
        const { visit } = yield* takeCall(server, talk(20, 0x10))
        assert.strictEqual((yield* call.now).state, "in-progress")
        assert.notInclude(
          (yield* eventsOf(app, id)).map(({ kind }) => kind),
          "agent.prepared"
        )
        yield* visit.say({ type: "hangup" })
        yield* call.settled
      }).pipe(Effect.scoped)
    )
  }
)
