import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { simulator } from "../../../../src/providers/telnyx/simulator.ts"
import type { FaultName, FaultOptions } from "../../../../src/simulator/Faults.ts"
import { arrived, service } from "../../../simulator/service.ts"
import {
  accepts,
  answered,
  command,
  credential,
  echo,
  eventOf,
  eventsOf,
  messagesOf,
  ours,
  rest,
  start,
  streamParameters,
  theirs,
  until
} from "./peer.ts"

/** An outbound call that is answered and ends; gives the events as they arrived. */
const eventsUnder = Effect.fnUntraced(function* (fault: FaultName, options?: FaultOptions) {
  const { carrier, dialBody, peer } = yield* start()
  yield* carrier.faults.use(fault, options)
  yield* carrier.whenDialed("*", { outcome: "answer", hangUpAfterMs: 30 })
  yield* rest(carrier, "POST", "/calls", dialBody)
  const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
  const events = eventsOf(peer)
  return { end, events, names: events.map(({ event_type }) => event_type.replace("call.", "")).join(" ") }
}, Effect.scoped)

const deliveries = (of: ReadonlyArray<ReturnType<typeof eventOf>>) =>
  of.map(({ attempt, target }) => `${target} ${attempt}`)

describe("deliveries of an event", () => {
  it.effect("are repeated after 5xx, 408 and 429 with the same id, at the failover as well, and signed anew", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const path = `/call_control_applications/${credential(carrier, "connection_id")}`
      yield* rest(carrier, "PATCH", path, {
        application_name: "x",
        webhook_event_url: `${peer.url}/first`,
        webhook_event_failover_url: `${peer.url}/failover`
      })
      const statuses = [500, 408, 429, 503, 200]
      peer.answer = () => ({ status: statuses[peer.arrived.length - 1] ?? 200 })
      const call = yield* carrier.placeInbound({ from: theirs, to: ours })
      yield* call.until(({ callbacks }) => callbacks.length === 5)
      const events = eventsOf(peer)
      assert.deepStrictEqual(deliveries(events), ["/first 1", "/first 2", "/first 3", "/failover 4", "/failover 5"])
      assert.strictEqual(new Set(events.map(({ id }) => id)).size, 1)
      for (const request of peer.arrived) assert.isTrue(yield* accepts(carrier, request))
      assert.strictEqual((yield* call.now).state, "ringing")
    }).pipe(Effect.scoped)
  )

  it.effect("are not repeated after another 4xx or a redirect", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      for (const status of [403, 404, 302]) {
        peer.answer = () => ({ status })
        const call = yield* carrier.placeInbound({ from: theirs, to: ours })
        yield* call.until(({ errors }) => errors.length > 0)
        yield* call.hangUp
        const { callbacks } = yield* call.settled
        assert.strictEqual(callbacks.filter(({ subject }) => subject === "voice").length, 1)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("follow the policy of the call, and do not hold the next events back", () =>
    Effect.gen(function* () {
      const { carrier, dialBody, peer } = yield* start()
      peer.answer = ({ body }) => ({ status: body.includes("call.initiated") ? 503 : 200 })
      yield* carrier.whenDialed("*", { outcome: "answer", hangUpAfterMs: 30 })
      const webhook_retries_policies = { "call.initiated": { retries_ms: [2500] } }
      yield* rest(carrier, "POST", "/calls", { ...dialBody, webhook_retries_policies })
      yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.deepStrictEqual(
        eventsOf(peer).map(({ attempt, event_type }) => `${event_type} ${attempt}`),
        ["call.initiated 1", "call.answered 1", "call.hangup 1", "call.initiated 2"]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("are given up and repeated when there is no answer in time, two seconds or the application's figure", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const path = `/call_control_applications/${credential(carrier, "connection_id")}`
      const change = { application_name: "x", webhook_event_url: `${peer.url}/slow`, webhook_timeout_secs: 1 }
      yield* rest(carrier, "PATCH", path, change)
      peer.answer = () => (peer.arrived.length === 1 ? { delayMs: 1500 } : {})
      const call = yield* carrier.placeInbound({ from: theirs, to: ours })
      const { errors } = yield* call.until(({ callbacks }) => callbacks.length === 2)
      assert.deepStrictEqual(errors, ["webhook call.initiated: No reply within 1000 ms."])
      assert.deepStrictEqual(deliveries(eventsOf(peer)), ["/slow 1", "/slow 2"])
    }).pipe(Effect.scoped)
  )

  it.effect("have names with underscores where the application wants version 1", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const path = `/call_control_applications/${credential(carrier, "connection_id")}`
      const change = { application_name: "x", webhook_event_url: `${peer.url}/in`, webhook_api_version: "1" }
      yield* rest(carrier, "PATCH", path, change)
      const call = yield* carrier.placeInbound({ from: theirs, to: ours })
      yield* call.hangUp
      yield* call.settled
      assert.sameMembers(
        eventsOf(peer).map(({ event_type }) => event_type),
        ["call_initiated", "call_hangup"]
      )
    }).pipe(Effect.scoped)
  )
})

describe("faults of events", () => {
  it.effect("duplicated, reordered, late, lost", () =>
    Effect.gen(function* () {
      const twice = yield* eventsUnder("callbacks-duplicated")
      assert.strictEqual(twice.names, "initiated initiated answered answered hangup hangup")
      assert.strictEqual(new Set(twice.events.map(({ id }) => id)).size, 3)
      assert.strictEqual((yield* eventsUnder("callbacks-reordered", { times: 1 })).names, "answered initiated hangup")
      const late = yield* eventsUnder("callbacks-late", { delayMs: 200, only: /initiated/ })
      assert.strictEqual(late.names, "initiated answered hangup")
      const lost = yield* eventsUnder("callbacks-lost", { only: /completed/ })
      assert.strictEqual(lost.names, "initiated answered")
      assert.isTrue(lost.end.callbacks.some((sent) => sent.lost && sent.subject === "status:completed"))
    })
  )

  it.effect("wrong, missing and stale signatures, an announcement delivered twice at once", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const ring = Effect.fnUntraced(function* (fault: FaultName) {
        const before = peer.arrived.length
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, faults: [fault] })
        yield* call.until(({ answers }) => answers.length > 0)
        yield* call.hangUp
        yield* call.settled
        return peer.arrived.slice(before)
      })
      for (const fault of ["signature-wrong", "signature-missing", "signature-stale"] as const) {
        for (const request of yield* ring(fault)) assert.isFalse(yield* accepts(carrier, request), fault)
      }
      const missing = (yield* ring("signature-missing"))[0]
      assert.isUndefined(missing?.headers["telnyx-signature-ed25519"])
      const twice = yield* ring("webhook-duplicated")
      assert.lengthOf(twice, 3)
      assert.strictEqual(twice[0]?.body, twice[1]?.body)
      assert.isTrue(yield* accepts(carrier, arrived(peer, -1)))
    }).pipe(Effect.scoped)
  )
})

describe("faults of the media socket", () => {
  const call = Effect.fnUntraced(function* (fault: FaultName, options: FaultOptions = {}) {
    const setting = yield* start()
    const { carrier, peer } = setting
    peer.onMessage = echo
    yield* carrier.faults.on(fault, options)
    const placed = yield* answered(setting, {})
    yield* command(carrier, placed.id, "streaming_start", streamParameters(peer))
    return { carrier, peer, placed }
  })

  it.effect("never opens, never starts, drops", () =>
    Effect.gen(function* () {
      const never = yield* call("media-never-opens")
      yield* never.placed.until((now) => now.media === "opening")
      yield* never.placed.hangUp
      yield* never.placed.settled
      assert.lengthOf(never.peer.upgrades, 0)

      const silent = yield* call("media-never-starts")
      yield* until(() => silent.peer.messages.length > 0)
      yield* silent.placed.hangUp
      yield* silent.placed.settled
      assert.deepStrictEqual(messagesOf(silent.peer), [{ event: "connected", version: "1.0.0" }])

      const dropped = yield* call("media-drops", { afterMs: 100 })
      const now = yield* dropped.placed.until(({ callbacks }) =>
        callbacks.some(({ subject }) => subject === "stream:stopped")
      )
      assert.strictEqual(now.state, "in-progress")
      assert.notInclude(
        messagesOf(dropped.peer).map(({ event }) => event),
        "stop"
      )
    }).pipe(Effect.scoped)
  )

  it.effect("names a wrong call, is opened twice, reorders", () =>
    Effect.gen(function* () {
      const wrong = yield* call("media-wrong-call")
      yield* until(() => wrong.peer.messages.length > 1)
      assert.include(JSON.stringify(wrong.peer.messages[1]), `"call_control_id":"v3:${"0".repeat(54)}"`)
      // Whoever dialled the other call gave it another state, or none.
      assert.include(JSON.stringify(wrong.peer.messages[1]), '"client_state":null')

      const twice = yield* call("media-twice")
      yield* twice.placed.until((now) => now.notes.includes("second socket: opened"))

      const shuffled = yield* call("media-reordered")
      const chunks = () =>
        shuffled.peer.messages.flatMap((message) => /"chunk":"(\d+)"/.exec(JSON.stringify(message))?.[1] ?? [])
      yield* until(() => chunks().length >= 8)
      assert.strictEqual(chunks().slice(0, 8).join(" "), "1 2 3 5 4 6 7 9")
    }).pipe(Effect.scoped)
  )
})

describe("faults of the REST API", () => {
  it.effect(
    "acts and keeps silent: the repeated command is the same one; throttles in headers of its own; breaks",
    () =>
      Effect.gen(function* () {
        const { carrier, dialBody } = yield* start()
        const dial = rest(carrier, "POST", "/calls", { ...dialBody, command_id: "one" })
        yield* carrier.faults.on("rest-silent", { times: 1, only: /^POST \/v2\/calls$/ })
        const silent = yield* Effect.forkChild(dial)
        const call = yield* carrier.nextOutbound
        yield* Fiber.interrupt(silent)
        assert.strictEqual((yield* dial).data["call_control_id"], call.id)
        assert.lengthOf(yield* carrier.calls, 1)

        yield* carrier.faults.on("rest-throttled", { times: 1, retryAfterSeconds: 7 })
        const throttled = yield* dial
        assert.deepStrictEqual([throttled.status, throttled.codes], [429, ["10011"]])
        assert.strictEqual(throttled.headers.get("x-ratelimit-reset"), "7")
        assert.strictEqual(throttled.headers.get("x-ratelimit-remaining"), "0")
        assert.isNull(throttled.headers.get("retry-after"))
        yield* carrier.faults.on("rest-broken", { times: 1 })
        const failed = yield* dial
        assert.deepStrictEqual([failed.status, failed.codes], [500, ["10007"]])
        yield* carrier.faults.on("rest-dead", { times: 1 })
        const dead = yield* Effect.forkChild(dial)
        yield* Effect.repeat(carrier.restExchanges, { until: (log) => log.length === 5 })
        yield* Fiber.interrupt(dead)
        const log = yield* carrier.restExchanges
        assert.deepStrictEqual(
          log.map(({ status }) => status),
          [undefined, 200, 429, 500, undefined]
        )
        assert.deepInclude(Object.fromEntries(log[0]?.fields ?? []), { to: theirs, webhook_url: dialBody.webhook_url })
        yield* call.hangUp
        yield* call.settled
        yield* carrier.forget
        assert.lengthOf(yield* carrier.calls, 0)
        assert.lengthOf(yield* carrier.restExchanges, 0)
      }).pipe(Effect.scoped)
  )

  it.live("leaves nothing behind when it closes in the middle of everything", () =>
    Effect.gen(function* () {
      const peer = yield* service
      peer.answer = () => ({ body: "{}" })
      const before = process.getActiveResourcesInfo().length
      const scope = yield* Scope.make()
      const carrier = yield* Scope.provide(simulator.start(), scope)
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/inbound` })
      const dialBody = { connection_id: credential(carrier, "connection_id"), to: theirs, from: ours }
      const setting = { carrier, peer, dialBody: { ...dialBody, webhook_url: "", webhook_url_method: "POST" } }
      for (let n = 0; n < 3; n++) yield* answered(setting)
      yield* carrier.whenDialed("*", { outcome: "no-answer" })
      yield* rest(carrier, "POST", "/calls", { ...dialBody, ...streamParameters(peer) })
      const ringing = yield* carrier.nextOutbound
      yield* ringing.until(({ state }) => state === "ringing")
      yield* until(() => peer.sockets.length === 4)
      peer.answer = () => ({ delayMs: 60_000 })
      const waiting = peer.arrived.length
      yield* carrier.placeInbound({ from: theirs, to: ours })
      yield* until(() => peer.arrived.length > waiting)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(peer.sockets.every((socket) => socket.readyState !== socket.OPEN))
      yield* until(() => process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length <= before)
    }).pipe(Effect.scoped)
  )
})
