import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Logger, Queue, Redacted, type Schema } from "effect"
import { AgentLost, AgentUnreachable } from "../../src/agents/AgentSpec.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { Operating } from "../../src/telephony/Operating.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { agentServer } from "../agents/support/agentServer.ts"
import { secret, until } from "../agents/support/legs.ts"
import { frame } from "../transport/support/rig.ts"
import { start, stop } from "../transport/support/protocol.ts"
import { carrierSocket, legThat, mediaWorld, openCall, reasonOf, upgrade, use } from "./mediaWorld.ts"
import { Carrier } from "./support/fakeCarrier.ts"
import { begin, callOf, eventsOf, payloadOf } from "./support/place.ts"
import { makeTenant } from "./support/world.ts"

layer(mediaWorld, { excludeTestServices: true })("media sessions and their agents", (it) => {
  it.effect("hang up where the agent cannot be had, and note why", () =>
    Effect.gen(function* () {
      const carrier = yield* Carrier
      const agent = yield* use(
        "scripted",
        Effect.fail(new AgentUnreachable({ reason: "connect-failed", message: "The agent does not answer." }))
      )
      const unreachable = yield* openCall()
      assert.strictEqual(yield* reasonOf(unreachable.id), "agent_unreachable")
      yield* Fiber.join(unreachable.running)
      assert.deepStrictEqual(yield* payloadOf(unreachable.id, "agent.unreachable"), {
        reason: "connect-failed",
        message: "The agent does not answer."
      })
      assert.include(
        carrier.script.hungUp.map(({ callId }) => callId),
        unreachable.id
      )
      agent.connect = Effect.fail(new AgentUnreachable({ reason: "refused-call", message: "No." }))
      assert.strictEqual(yield* reasonOf((yield* openCall()).id), "agent_refused")
      agent.exists = false
      assert.strictEqual(yield* reasonOf((yield* openCall()).id), "agent_unreachable")
      agent.exists = true
      agent.kind = "oracle"
      assert.strictEqual(yield* reasonOf((yield* openCall()).id), "agent_unreachable")
      assert.deepStrictEqual(agent.farewells, [])
    })
  )

  it.effect("end with the agent's part: hang-up, loss, and a defect that stays in its call", () =>
    Effect.gen(function* () {
      const agent = yield* use(
        "scripted",
        legThat(() => Effect.succeed({ _tag: "HangUp", drain: true }))
      )
      const ended = yield* openCall()
      assert.strictEqual(yield* reasonOf(ended.id), "agent_ended")
      yield* Fiber.join(ended.running)
      agent.connect = legThat(() => Effect.fail(new AgentLost({ reason: "closed", message: "gone" })))
      const lost = yield* openCall()
      assert.strictEqual(yield* reasonOf(lost.id), "agent_lost")
      yield* Fiber.join(lost.running)
      agent.connect = legThat(() => Effect.die(new Error("a bug")))
      const broken = yield* openCall()
      assert.strictEqual(yield* reasonOf(broken.id), "internal_error")
      yield* Fiber.join(broken.running)
      assert.deepStrictEqual(agent.farewells, [
        { reason: "agent_ended", owner: "agent" },
        { reason: "agent_lost", owner: "agent" },
        { reason: "internal_error", owner: "gateway" }
      ])
    })
  )

  it.effect("play what is queued before an agent's hang-up reaches the carrier", () =>
    Effect.gen(function* () {
      const carrier = yield* Carrier
      const heardAtHangUp: Array<number> = []
      const agent = yield* use(
        "scripted",
        legThat((transport) =>
          Effect.sync(() => {
            transport.playUnsafe(new Uint8Array(160 * 20).fill(9))
            return { _tag: "HangUp", drain: true } as const
          })
        )
      )
      const { hangUp } = carrier.script
      const call = yield* openCall()
      carrier.script.hangUp = () => Effect.sync(() => void heardAtHangUp.push(call.fake.values.length))
      yield* Fiber.join(call.running)
      carrier.script.hangUp = hangUp
      assert.deepStrictEqual(heardAtHangUp, [20])
      assert.deepStrictEqual(agent.farewells, [{ reason: "agent_ended", owner: "agent" }])
    })
  )

  it.effect("keep secrets and tickets out of the log, and name the call and its organization in every line", () =>
    Effect.gen(function* () {
      const server = yield* agentServer({ refuseWith: 401 })
      const agent = yield* use("websocket")
      agent.settings = { ...agent.settings, url: `${server.url}?key=in-the-query`, secret }
      const tickets = yield* Tickets
      const sessions = yield* MediaSessions
      const tenant = yield* makeTenant()
      const { id } = yield* begin(tenant)
      const ticket = yield* tickets.issue(id)
      const lines: Array<string> = []
      const logger = Logger.map(Logger.formatJson, (line) => void lines.push(line))
      const { fake, socket } = carrierSocket()
      fake.text(start(`CA-${id}`, tenant.accountId))
      yield* Effect.flatMap(sessions.admit(ticket, upgrade), (run) => run(socket)).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      assert.strictEqual(yield* reasonOf(id), "agent_unreachable")
      assert.isAbove(lines.length, 2)
      for (const line of lines) {
        assert.include(line, id)
        assert.include(line, tenant.organizationId)
        for (const hidden of [secret, "in-the-query", Redacted.value(ticket)]) assert.notInclude(line, hidden)
      }
      assert.notInclude(JSON.stringify(yield* eventsOf(id)), secret)
    })
  )

  it.effect("tell a WebSocket agent the final reason, the carrier's where it has one", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const server = yield* agentServer()
      const agent = yield* use("websocket")
      agent.settings = { ...agent.settings, url: server.url, secret, encoding: "mulaw" }
      const { fake, id, running } = yield* openCall()
      const visit = yield* Queue.take(server.visits)
      assert.strictEqual((yield* visit.nextOf("call.start")).call.id, id)
      yield* visit.say({ type: "call.accept" })
      fake.audio(frame(8))
      yield* until(() => visit.heard().length === 160)
      yield* visit.say({ type: "event", name: "noted" })
      yield* visit.speak(frame(6))
      yield* until(() => fake.values.includes(6))
      yield* calls.end(id, "carrier_ended")
      fake.text(stop)
      assert.deepStrictEqual(yield* visit.nextOf("call.end"), {
        type: "call.end",
        reason: "carrier_ended",
        owner: "carrier"
      })
      assert.strictEqual((yield* visit.closed).code, 1000)
      yield* Fiber.join(running)
      assert.deepStrictEqual(yield* payloadOf(id, "agent.event"), { name: "noted", data: null })
    })
  )

  it.effect("let an operator tell a WebSocket agent something, and refuse it where nobody would hear it", () =>
    Effect.gen(function* () {
      const operating = yield* Operating
      const server = yield* agentServer()
      const agent = yield* use("websocket")
      agent.settings = { url: server.url, secret, encoding: "mulaw" }
      const { fake, id, running, tenant } = yield* openCall()
      const tell = (name: string, data: Schema.Json = null) =>
        operating.tellAgent(tenant.organizationId, id, { name, data })
      const visit = yield* Queue.take(server.visits)
      yield* visit.nextOf("call.start")
      assert.deepNestedInclude(yield* Effect.flip(tell("early")), { _tag: "EventRefused", reason: "not-connected" })
      yield* visit.say({ type: "call.accept" })
      fake.audio(frame(8))
      yield* until(() => visit.heard().length === 160)
      yield* tell("order.changed", { order: 7 })
      assert.deepStrictEqual(yield* visit.next, { type: "event", name: "order.changed", data: { order: 7 } })
      assert.deepStrictEqual(yield* payloadOf(id, "operator.event"), { name: "order.changed", data: { order: 7 } })
      fake.text(stop)
      yield* Fiber.join(running)
      assert.deepNestedInclude(yield* Effect.flip(tell("late")), { _tag: "EventRefused", reason: "over" })

      yield* use("echo")
      const deaf = yield* openCall()
      const mediaIsOpen = Effect.map(callOf(deaf.id), ({ mediaState }) => mediaState === "streaming")
      yield* Effect.repeat(Effect.delay(mediaIsOpen, "10 millis"), { until: (open) => open })
      const told = operating.tellAgent(deaf.tenant.organizationId, deaf.id, { name: "note", data: null })
      const connected = Effect.repeat(Effect.delay(Effect.flip(told), "10 millis"), {
        while: (error) => error._tag === "EventRefused" && error.reason === "not-connected"
      })
      assert.deepNestedInclude(yield* connected, { _tag: "EventRefused", reason: "not-supported" })
      deaf.fake.text(stop)
      yield* Fiber.join(deaf.running)
    })
  )
})
