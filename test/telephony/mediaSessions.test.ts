import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Logger, Metric, Queue, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { AgentLost, AgentUnreachable, type AgentLeg } from "../../src/agents/AgentSpec.ts"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { agentServer } from "../agents/support/agentServer.ts"
import { secret, until } from "../agents/support/legs.ts"
import { frame } from "../transport/support/rig.ts"
import { start, stop } from "../transport/support/protocol.ts"
import { admit, carrierSocket, mediaWorld, openCall, reasonOf, TestAgent, upgrade } from "./mediaWorld.ts"
import { Carrier } from "./support/fakeCarrier.ts"
import { begin, callOf, eventsOf, eventually, kindsOf, payloadOf } from "./support/place.ts"
import { makeTenant } from "./support/world.ts"

const refusal = <E extends { readonly _tag: string }, R>(effect: Effect.Effect<unknown, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => ("status" in error ? error.status : error._tag))

const use = Effect.fnUntraced(function* (kind: string, connect?: Effect.Effect<AgentLeg, AgentUnreachable>) {
  const agent = yield* TestAgent
  agent.kind = kind
  agent.exists = true
  agent.settings = {}
  agent.farewells.splice(0)
  if (connect !== undefined) agent.connect = connect
  return agent
})

const legThat = (run: AgentLeg["run"]): Effect.Effect<AgentLeg> => Effect.succeed({ run, ended: () => Effect.void })

layer(mediaWorld, { excludeTestServices: true })("media sessions", (it) => {
  it.effect("join a call to its agent: audio, events, states, and the reason when the caller hangs up", () =>
    Effect.gen(function* () {
      yield* use("echo")
      const sessions = yield* MediaSessions
      const { fake, id, running } = yield* openCall()
      fake.audio(frame(7))
      fake.text(JSON.stringify({ e: "digit", digit: "5" }))
      yield* until(() => fake.values.includes(7))
      assert.strictEqual(yield* sessions.live, 1)
      yield* eventually(callOf(id), ({ mediaState }) => mediaState === "streaming")
      assert.deepInclude(yield* callOf(id), { providerCallId: `CA-${id}` })
      fake.text(stop)
      yield* Fiber.join(running)
      assert.deepInclude(yield* callOf(id), { endReason: "caller_hung_up", endOwner: "caller", mediaState: "ended" })
      assert.deepStrictEqual(yield* payloadOf(id, "digit"), { digit: "5" })
      assert.strictEqual(yield* sessions.live, 0)
      assert.isDefined(fake.closedWith)
    })
  )

  it.effect("open with a good ticket only, and refuse before anything is spent", () =>
    Effect.gen(function* () {
      const tickets = yield* Tickets
      const sessions = yield* MediaSessions
      const calls = yield* Calls
      const tenant = yield* makeTenant()
      assert.strictEqual(yield* refusal(sessions.admit(Redacted.make("x".repeat(22)), upgrade)), 404)
      const { id } = yield* begin(tenant)
      assert.strictEqual(yield* refusal(sessions.admit(yield* tickets.issue(id, 0), upgrade)), 401)

      const ticket = yield* tickets.issue(id)
      const forged = { ...upgrade, headers: { "x-signature": "wrong" } }
      assert.strictEqual(yield* refusal(sessions.admit(ticket, forged)), 403)
      yield* sessions.admit(ticket, upgrade)
      assert.strictEqual(yield* refusal(sessions.admit(ticket, upgrade)), 409)

      const over = yield* begin(tenant)
      const late = yield* tickets.issue(over.id)
      yield* calls.end(over.id, "no_answer")
      assert.strictEqual(yield* refusal(sessions.admit(late, upgrade)), 409)
    })
  )

  it.effect("let one of two simultaneous upgrades in", () =>
    Effect.gen(function* () {
      const tickets = yield* Tickets
      const sessions = yield* MediaSessions
      const { id } = yield* begin(yield* makeTenant())
      const ticket = yield* tickets.issue(id)
      const results = yield* Effect.all(
        Array.from({ length: 4 }, () => Effect.result(sessions.admit(ticket, upgrade))),
        { concurrency: 4 }
      )
      assert.lengthOf(
        results.filter(({ _tag }) => _tag === "Success"),
        1
      )
    })
  )

  it.effect("name what became of a carrier's socket that never started, broke, or was hung up on", () =>
    Effect.gen(function* () {
      yield* use("echo")
      const silent = yield* openCall({ silent: true })
      const wrong = yield* openCall({ call: { providerCallId: "CA-other" } })
      const broken = yield* openCall()
      const outbound = yield* openCall({ call: { direction: "outbound" } })
      yield* eventually(callOf(broken.id), ({ mediaState }) => mediaState === "streaming")
      yield* eventually(callOf(outbound.id), ({ mediaState }) => mediaState === "streaming")
      broken.fake.drop(1006)
      outbound.fake.text(stop)
      assert.strictEqual(yield* reasonOf(silent.id), "media_never_started")
      assert.strictEqual(yield* reasonOf(wrong.id), "media_never_started")
      assert.strictEqual(yield* reasonOf(broken.id), "media_lost")
      assert.strictEqual(yield* reasonOf(outbound.id), "callee_hung_up")
      assert.include(yield* kindsOf(broken.id), "media.failed")
      yield* Fiber.joinAll([silent, wrong, broken, outbound].map(({ running }) => running))
    })
  )

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

  it.effect("end at the longest allowed duration", () =>
    Effect.gen(function* () {
      yield* use("echo")
      const sql = yield* SqlClient.SqlClient
      const long = yield* begin(yield* makeTenant())
      yield* sql`UPDATE calls SET answered_at = clock_timestamp() - interval '3599.95 seconds' WHERE id = ${long.id}`
      const runLong = yield* admit(long.id)
      const running = yield* Effect.forkScoped(runLong(carrierSocket().socket))
      assert.strictEqual(yield* reasonOf(long.id), "max_duration")
      yield* Fiber.join(running)
    })
  )

  it.effect("obey operators", () =>
    Effect.gen(function* () {
      yield* use("echo")
      const commands = yield* CallCommands
      const { fake, id, running } = yield* openCall()
      yield* eventually(callOf(id), ({ mediaState }) => mediaState === "streaming")
      assert.deepStrictEqual(yield* commands.send(id, { _tag: "SendDigits", digits: "42" }), {
        ok: true,
        detail: "sent"
      })
      assert.deepStrictEqual((yield* Carrier).script.digits, ["42"])
      fake.audio(frame(3))
      assert.isTrue((yield* commands.send(id, { _tag: "HangUp", drain: true })).ok)
      yield* Fiber.join(running)
      assert.deepInclude(yield* callOf(id), { endReason: "operator_ended", endOwner: "operator" })
      const error = yield* Effect.flip(commands.send(id, { _tag: "HangUp", drain: false }))
      assert.strictEqual(error._tag, "CallNotHeld")
    })
  )

  it.effect("answer an operator's hang-up at once, however much is still to be heard", () =>
    Effect.gen(function* () {
      yield* use(
        "scripted",
        legThat((transport) => Effect.andThen(transport.play(new Uint8Array(8000 * 50)), Effect.never))
      )
      const commands = yield* CallCommands
      const { fake, id, running } = yield* openCall()
      yield* until(() => fake.frames.length > 0)
      assert.deepStrictEqual(yield* commands.send(id, { _tag: "HangUp", drain: true }), {
        ok: true,
        detail: "hanging up"
      })
      assert.isUndefined(running.pollUnsafe())
      yield* commands.send(id, { _tag: "HangUp", drain: false })
      assert.strictEqual(yield* reasonOf(id), "operator_ended")
      yield* Fiber.join(running)
    })
  )

  it.effect("keep secrets and tickets out of the log, and name the call and its organization in every line", () =>
    Effect.gen(function* () {
      const server = yield* agentServer({ refuseWith: 401 })
      const agent = yield* use("websocket")
      agent.settings = { url: `${server.url}?key=in-the-query`, secret }
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
      agent.settings = { url: server.url, secret, encoding: "mulaw" }
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

  it.effect("end a call as drained, agent told, when they are interrupted", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const agent = yield* use(
        "scripted",
        legThat(() => Effect.andThen(Deferred.succeed(started, undefined), Effect.never))
      )
      const sessions = yield* MediaSessions
      const { fake, id, running } = yield* openCall()
      yield* Deferred.await(started)
      yield* Fiber.interrupt(running)
      assert.deepInclude(yield* callOf(id), { endReason: "drained", endOwner: "gateway" })
      assert.deepStrictEqual(agent.farewells, [{ reason: "drained", owner: "gateway" }])
      assert.isDefined(fake.closedWith)
      assert.strictEqual(yield* sessions.live, 0)
      const gauge = yield* Metric.value(
        Metric.gauge("switchboard_media_sessions", { description: "Calls whose media this node holds now" })
      )
      assert.strictEqual(gauge.value, 0)
    })
  )

  it.effect("drain: refuse new sockets, let calls finish, then end the rest", () =>
    Effect.gen(function* () {
      yield* use("echo")
      const sessions = yield* MediaSessions
      const tenant = yield* makeTenant()
      const early = yield* openCall({ tenant })
      const late = yield* openCall({ tenant })
      const waiting = yield* begin(tenant)
      yield* eventually(sessions.live, (count) => count === 2)
      const draining = yield* Effect.forkScoped(sessions.drain(300))
      yield* eventually(Effect.result(admit(waiting.id)), ({ _tag }) => _tag === "Failure")
      assert.strictEqual(yield* refusal(admit(waiting.id)), 503)
      early.fake.text(stop)
      assert.strictEqual(yield* Effect.timeout(reasonOf(late.id), "5 seconds"), "drained")
      yield* Fiber.join(draining)
      assert.strictEqual(yield* reasonOf(early.id), "caller_hung_up")
      assert.strictEqual(yield* sessions.live, 0)
    })
  )
})
