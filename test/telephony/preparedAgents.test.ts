import { assert, layer } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Queue, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { AgentLost, AgentUnreachable } from "../../src/agents/AgentSpec.ts"
import type { NewCall } from "../../src/telephony/Admission.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { PreparedAgents } from "../../src/telephony/PreparedAgents.ts"
import type { MediaEvent } from "../../src/Transport.ts"
import { agentServer } from "../agents/support/agentServer.ts"
import { secret, until } from "../agents/support/legs.ts"
import { start, stop } from "../transport/support/protocol.ts"
import { frame } from "../transport/support/rig.ts"
import { admit, carrierSocket, legThat, mediaWorld, reasonOf, use } from "./mediaWorld.ts"
import { begin, callOf, kindsOf } from "./support/place.ts"
import { makeTenant } from "./support/world.ts"

/** An agent that stays and keeps what the caller says. */
const listening = () => {
  const heard: Array<MediaEvent> = []
  const leg = legThat((transport) =>
    Effect.as(
      transport.receive((event) => void heard.push(event)),
      { _tag: "MediaEnded" } as const
    )
  )
  return { heard, leg }
}

/** A call that has just come in. */
const arrive = Effect.fnUntraced(function* (changes: Partial<NewCall> = {}) {
  const tenant = yield* makeTenant()
  const call = yield* begin(tenant, { direction: "inbound", ...changes })
  return { call, tenant }
})

/** Opens the media of a call. */
const open = Effect.fnUntraced(function* ({ call, tenant }: Effect.Success<ReturnType<typeof arrive>>) {
  const run = yield* admit(call.id)
  const { fake, socket } = carrierSocket()
  const running = yield* Effect.forkScoped(run(socket))
  fake.text(start(`CA-${call.id}`, tenant.accountId))
  return { fake, running }
})

const webSocket = Effect.fnUntraced(function* () {
  const server = yield* agentServer()
  const agent = yield* use("websocket")
  agent.settings = { line: { redial_s: 0 }, url: server.url, secret }
  const take = Effect.gen(function* () {
    const visit = yield* Queue.take(server.visits)
    const first = yield* visit.nextOf("call.start")
    yield* visit.say({ type: "call.accept" })
    yield* visit.understood
    return { visit, first }
  })
  return { server, take }
})

layer(mediaWorld, { excludeTestServices: true })("an agent that is prepared", (it) => {
  it.effect("is connected once, however often its call is announced, and taken by the media", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const { heard, leg } = listening()
      const agent = yield* use("scripted", leg)
      const arrived = yield* arrive()
      yield* Effect.all([prepare(arrived.call), prepare(arrived.call), prepare(arrived.call)], { concurrency: 3 })
      yield* until(() => agent.connects.length > 0)
      const { fake, running } = yield* open(arrived)
      fake.audio(frame(7))
      yield* until(() => heard.length > 0)
      // A report that comes late.
      yield* prepare(arrived.call)
      fake.text(stop)
      yield* Fiber.join(running)
      yield* prepare(yield* callOf(arrived.call.id))
      assert.lengthOf(agent.connects, 1)
      assert.lengthOf(agent.farewells, 1)
      assert.lengthOf(
        (yield* kindsOf(arrived.call.id)).filter((kind) => kind === "agent.prepared"),
        1
      )
    })
  )

  it.effect("is left to the first node that hears of the call", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const calls = yield* Calls
      const agent = yield* use("scripted", listening().leg)
      const arrived = yield* arrive()
      const other = { source: "gateway", kind: "agent.prepared", payload: {}, dedupeKey: "agent.prepared" } as const
      yield* calls.record(arrived.call.id, other)
      yield* prepare(arrived.call)
      const { fake, running } = yield* open(arrived)
      yield* until(() => agent.connects.length > 0)
      fake.text(stop)
      yield* Fiber.join(running)
      assert.lengthOf(agent.connects, 1)
    })
  )

  it.effect("is not, where its settings say so, or its call is over", () =>
    Effect.gen(function* () {
      const { prepare, take } = yield* PreparedAgents
      const calls = yield* Calls
      const agent = yield* use("scripted", Effect.die("nobody is to be connected"))
      agent.settings = { line: { connect_early: false } }
      const { call } = yield* arrive()
      yield* prepare(call)
      assert.isUndefined(yield* Effect.scoped(Effect.flatten(take(call.id))))
      agent.settings = {}
      const over = (yield* arrive()).call
      yield* prepare((yield* calls.end(over.id, "caller_hung_up")).call)
      assert.isUndefined(yield* Effect.scoped(Effect.flatten(take(over.id))))
      assert.notInclude(yield* kindsOf(call.id), "agent.prepared")
      assert.notInclude(yield* kindsOf(over.id), "agent.prepared")
      assert.isEmpty(agent.connects)
    })
  )

  it.effect("is not asked again when it refused", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const refusal = new AgentUnreachable({ reason: "refused-call", message: "No capacity." })
      const agent = yield* use("scripted", Effect.fail(refusal))
      agent.settings = {}
      const arrived = yield* arrive()
      yield* prepare(arrived.call)
      yield* until(() => agent.connects.length === 1)
      yield* open(arrived)
      assert.strictEqual(yield* reasonOf(arrived.call.id), "agent_refused")
      assert.lengthOf(agent.connects, 1)
    })
  )

  it.effect("is connected anew by the media when it could not be reached before", () =>
    Effect.gen(function* () {
      const { prepare, take } = yield* PreparedAgents
      const { heard, leg } = listening()
      const away = new AgentUnreachable({ reason: "connect-failed", message: "It does not answer." })
      const agent = yield* use("scripted", Effect.fail(away))
      const arrived = yield* arrive()
      yield* prepare(arrived.call)
      yield* until(() => agent.connects.length === 1)
      agent.connect = leg
      const { fake, running } = yield* open(arrived)
      fake.audio(frame(7))
      yield* until(() => heard.length > 0)
      fake.text(stop)
      yield* Fiber.join(running)
      assert.deepStrictEqual(
        agent.connects.map(({ attempt }) => attempt),
        [0, 0]
      )
      const nothing = yield* Effect.flatten(take(arrived.call.id)).pipe(Effect.scoped)
      assert.isUndefined(nothing)
    })
  )

  it.effect("is replaced by the media when it died before: the caller does not hear of it", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const { server, take } = yield* webSocket()
      const arrived = yield* arrive()
      yield* prepare(arrived.call)
      const first = yield* take
      yield* Effect.sync(() => first.visit.socket.terminate())
      yield* until(() => server.connections() === 0)
      const { fake, running } = yield* open(arrived)
      const second = yield* take
      assert.isUndefined(second.first.resumed)
      assert.strictEqual(second.first.resume_token, first.first.resume_token)
      fake.text(stop)
      assert.strictEqual((yield* second.visit.nextOf("call.end")).reason, "caller_hung_up")
      yield* Fiber.join(running)
      assert.strictEqual(server.connections(), 0)
      assert.notInclude(yield* kindsOf(arrived.call.id), "agent.lost")
    })
  )

  it.effect("goes when it answers no pings", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const lost = new AgentLost({ reason: "silent", message: "The agent left 2 pings unanswered." })
      const agent = yield* use("scripted")
      const { leg } = listening()
      agent.connect = Effect.map(leg, (each) => ({ ...each, waiting: Effect.fail(lost) }))
      const arrived = yield* arrive()
      yield* prepare(arrived.call)
      yield* until(() => agent.connects.length === 1)
      agent.connect = Effect.map(leg, (each) => ({ ...each, waiting: Effect.never }))
      const { fake, running } = yield* open(arrived)
      yield* until(() => agent.connects.length === 2)
      fake.text(stop)
      yield* Fiber.join(running)
      assert.deepStrictEqual(
        agent.connects.map(({ attempt }) => attempt),
        [0, 0]
      )
    })
  )

  it.effect("leaves without a word when the media lands on another node", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const sql = yield* SqlClient.SqlClient
      const { server, take } = yield* webSocket()
      const { call } = yield* arrive()
      yield* prepare(call)
      const { visit } = yield* take
      yield* sql`UPDATE calls SET node_id = 'another', media_state = 'connecting' WHERE id = ${call.id}`
      assert.strictEqual((yield* visit.closed).code, 1001)
      assert.notInclude(
        server.sent().map((message) => JSON.stringify(message).includes("call.end")),
        true
      )
      assert.strictEqual(server.connections(), 0)
    })
  )

  it.effect("is told the real reason when the call ends first, also while it is still being connected", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const calls = yield* Calls
      const { server, take } = yield* webSocket()
      const { call } = yield* arrive({ direction: "outbound" })
      yield* prepare(call)
      const { visit } = yield* take
      const unanswered = (yield* arrive({ direction: "outbound" })).call
      yield* prepare(unanswered)
      const connecting = yield* Queue.take(server.visits)
      yield* connecting.nextOf("call.start")
      yield* calls.end(call.id, "no_answer")
      yield* calls.end(unanswered.id, "canceled")
      assert.deepInclude(yield* visit.nextOf("call.end"), { reason: "no_answer", owner: "callee" })
      assert.strictEqual((yield* visit.closed).code, 1000)
      assert.strictEqual((yield* connecting.closed).code, 1001)
      assert.strictEqual(server.connections(), 0)
    })
  )

  it.effect("is let go when nobody takes it in time", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const { server, take } = yield* webSocket()
      const clock = yield* Clock.Clock
      const past = Clock.Clock.of({
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - 59_500,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now - 59_500),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
      const { call } = yield* arrive()
      yield* Effect.provideService(prepare(call), Clock.Clock, past)
      const { visit } = yield* take
      assert.strictEqual((yield* visit.closed).code, 1001)
      assert.strictEqual(server.connections(), 0)
    })
  )

  it.effect("belongs to the scope that takes it", () =>
    Effect.gen(function* () {
      const { prepare, take } = yield* PreparedAgents
      const socket = yield* webSocket()
      const { call } = yield* arrive()
      yield* prepare(call)
      const { visit } = yield* socket.take
      const scope = yield* Scope.make()
      const leg = yield* Effect.flatten(take(call.id)).pipe(Effect.provideService(Scope.Scope, scope))
      assert.isDefined(leg)
      assert.strictEqual(socket.server.connections(), 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* visit.closed).code, 1001)
    })
  )

  it.effect("has the same token on every node, and no other call has it", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const agent = yield* use("scripted", listening().leg)
      const [first, second] = [yield* arrive(), yield* arrive()]
      yield* prepare(first.call)
      yield* prepare(second.call)
      yield* until(() => agent.connects.length === 2)
      const tokens = agent.connects.map(({ resumeToken }) => Redacted.value(resumeToken))
      assert.notStrictEqual(tokens[0], tokens[1])
      assert.match(tokens[0] ?? "", /^[\w-]{22}$/u)
      yield* Effect.forEach([first, second], ({ call }) =>
        Effect.flatMap(Calls, (calls) => calls.end(call.id, "canceled"))
      )
      yield* until(() => agent.farewells.length === 2)
    })
  )

  it.effect("leaves when its node does, and none comes any more", () =>
    Effect.gen(function* () {
      const { prepare } = yield* PreparedAgents
      const sessions = yield* MediaSessions
      const { server, take } = yield* webSocket()
      const { call } = yield* arrive()
      const later = (yield* arrive()).call
      yield* prepare(call)
      const { visit } = yield* take
      yield* sessions.drain(1_000)
      assert.strictEqual((yield* visit.closed).code, 1001)
      yield* prepare(later)
      assert.notInclude(yield* kindsOf(later.id), "agent.prepared")
      assert.strictEqual(server.connections(), 0)
    })
  )
})
