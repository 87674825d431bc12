import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FiberSet, Queue, Random } from "effect"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { Pacer } from "../../src/transport/pacer.ts"
import { agentServer, type Visit } from "../agents/support/agentServer.ts"
import { secret, until } from "../agents/support/legs.ts"
import { stop } from "../transport/support/protocol.ts"
import { frame } from "../transport/support/rig.ts"
import { mediaWorld, openCall, TestAgent } from "./mediaWorld.ts"
import { callOf, liveCalls } from "./support/place.ts"
import { makeTenant, type Tenant } from "./support/world.ts"

const kills = ["caller", "carrier", "agent", "agent-hangup", "operator", "node", "nobody-starts"] as const

const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length

/** The agent takes every call, speaks at once, and plays back what it hears. */
const answer = Effect.fnUntraced(function* (visit: Visit, visits: Map<string, Visit>) {
  const { call } = yield* visit.nextOf("call.start")
  visits.set(call.id, visit)
  visit.socket.on("message", (data, binary) => {
    if (binary && Buffer.isBuffer(data)) visit.socket.send(data)
  })
  yield* visit.say({ type: "call.accept", audio: { encoding: "mulaw", sample_rate: 8000 } })
  yield* visit.speak(new Uint8Array(1600))
  yield* visit.say({ type: "mark", name: "hello" })
})

layer(mediaWorld, { excludeTestServices: true })("media sessions that are killed", (it) => {
  it.effect(
    "leave no fiber, socket, timer, listener or slot behind, 200 times at random points",
    () =>
      Effect.gen(function* () {
        const sessions = yield* MediaSessions
        const calls = yield* Calls
        const commands = yield* CallCommands
        const pacer = yield* Pacer
        const agent = yield* TestAgent
        const server = yield* agentServer()
        const visits = new Map<string, Visit>()
        const fork = yield* FiberSet.makeRuntime<never, void, never>()
        yield* Queue.take(server.visits).pipe(
          Effect.tap((visit) => Effect.sync(() => fork(answer(visit, visits)))),
          Effect.forever,
          Effect.forkScoped
        )
        agent.kind = "websocket"
        agent.settings = { line: { redial_s: 0 }, url: server.url, secret }
        const tenant = yield* makeTenant({ concurrent: 1000, perSecond: 1000 })
        const before = sockets()

        const completed = (id: string) =>
          calls.report(id, {
            providerCallId: `CA-${id}`,
            status: "completed",
            rawStatus: "completed",
            dedupeKey: "completed"
          })

        const one = Effect.fnUntraced(function* (owner: Tenant) {
          const kill = yield* Random.choice(kills)
          const { fake, id, running } = yield* openCall({ tenant: owner, silent: kill === "nobody-starts" })
          for (let n = 0; n < 5; n++) fake.audio(frame(n))
          yield* Effect.sleep(yield* Random.nextIntBetween(0, 40))
          if (kill === "caller") fake.text(stop)
          if (kill === "carrier") fake.drop(1006)
          if (kill === "agent") visits.get(id)?.socket.terminate()
          if (kill === "agent-hangup") yield* visits.get(id)?.say({ type: "hangup", now: true }) ?? Effect.void
          if (kill === "operator") yield* Effect.ignore(commands.send(id, { _tag: "HangUp", drain: false }))
          if (kill === "node" || visits.get(id) === undefined) yield* Fiber.interrupt(running)
          if (kill === "caller" || kill === "carrier" || kill === "nobody-starts") yield* completed(id)
          yield* Fiber.await(running)
          return { id, fake, kill }
        }, Effect.scoped)

        const done = yield* Effect.all(
          Array.from({ length: 200 }, () => one(tenant)),
          { concurrency: 25 }
        )
        assert.strictEqual(yield* sessions.live, 0)
        assert.strictEqual(yield* liveCalls(tenant), 0)
        yield* until(() => server.connections() === 0)
        yield* until(() => sockets() <= before)
        assert.deepInclude(pacer.counts(), { registered: 0, awake: 0, timers: 0 })
        for (const { fake, id } of done) {
          assert.isDefined((yield* callOf(id)).endReason)
          assert.isTrue(fake.closedWith !== undefined || fake.terminated || fake.frames.length === 0)
          assert.strictEqual(
            (yield* Effect.flip(commands.send(id, { _tag: "HangUp", drain: false })))._tag,
            "CallNotHeld"
          )
        }
        assert.isAbove(new Set(done.map(({ kill }) => kill)).size, 4)
      }),
    60_000
  )
})
