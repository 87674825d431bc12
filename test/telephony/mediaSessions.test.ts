import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Metric, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { HeldCalls } from "../../src/telephony/HeldCalls.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { Operating } from "../../src/telephony/Operating.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { until } from "../agents/support/legs.ts"
import { frame } from "../transport/support/rig.ts"
import { stop } from "../transport/support/protocol.ts"
import { admit, carrierSocket, legThat, mediaWorld, openCall, reasonOf, upgrade, use } from "./mediaWorld.ts"
import { Carrier } from "./support/fakeCarrier.ts"
import { begin, callOf, eventually, kindsOf, payloadOf } from "./support/place.ts"
import { makeTenant } from "./support/world.ts"

const refusal = <E extends { readonly _tag: string }, R>(effect: Effect.Effect<unknown, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => ("status" in error ? error.status : error._tag))

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

  it.effect("fall silent at an operator's hang-up, however long the carrier takes", () =>
    Effect.gen(function* () {
      yield* use("echo")
      const operating = yield* Operating
      const { script } = yield* Carrier
      const { hangUp } = script
      const { fake, id, running, tenant } = yield* openCall()
      yield* eventually(callOf(id), ({ mediaState }) => mediaState === "streaming")
      const answered = yield* Deferred.make<void>()
      script.hangUp = () => Deferred.await(answered)
      const asking = yield* Effect.forkChild(operating.hangUp(tenant.organizationId, id))
      yield* until(() => fake.closedWith !== undefined)
      assert.isUndefined(asking.pollUnsafe())
      assert.deepInclude(yield* callOf(id), { endReason: "operator_ended" })
      yield* Deferred.succeed(answered, undefined)
      yield* Fiber.joinAll([asking, running])
      script.hangUp = hangUp
    })
  )

  it.effect("hold their call until its end is settled, and no longer", () =>
    Effect.gen(function* () {
      yield* use("echo")
      const held = yield* HeldCalls
      const { script } = yield* Carrier
      const { hangUp } = script
      const asked = yield* Deferred.make<void>()
      const answered = yield* Deferred.make<void>()
      script.hangUp = () => Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(answered))
      const { id, running } = yield* openCall({ silent: true, call: { providerCallId: "CA-held" } })
      yield* eventually(held.ids, (ids) => ids.includes(id))
      yield* Deferred.await(asked)
      assert.include(yield* held.ids, id)
      yield* Deferred.succeed(answered, undefined)
      yield* eventually(held.ids, (ids) => !ids.includes(id))
      yield* Fiber.join(running)
      script.hangUp = hangUp
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
