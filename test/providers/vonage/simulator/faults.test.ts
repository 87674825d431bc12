import { assert, describe, it } from "@effect/vitest"
import { verifySignature } from "@vonage/jwt"
import { Effect, Exit, Fiber, Scope } from "effect"
import { simulator } from "../../../../src/providers/vonage/simulator.ts"
import { connect, credential, eventually, ncco, peer, rest, statuses } from "./peer.ts"

const caller = "+442071838750"
const own = "+14155550123"

const start = Effect.gen(function* () {
  const carrier = yield* simulator.start()
  const ours = yield* peer
  yield* carrier.ownNumber(own)
  const talk = { action: "talk", text: "Hello" }
  const dial = rest(carrier, "POST", "/v1/calls", {
    json: {
      to: [{ type: "phone", number: caller.slice(1) }],
      from: { type: "phone", number: own.slice(1) },
      ncco: [talk],
      event_url: [`${ours.url}/events/42`]
    }
  })
  const placeInbound = carrier.placeInbound({ from: caller, to: own, webhook: `${ours.url}/answer` })
  const isGood = (authorization: string | undefined) =>
    verifySignature(String(authorization).slice(7), credential(carrier, "signature_secret"))
  return { carrier, ours, dial, placeInbound, isGood, talk }
})

describe("faults of webhooks", () => {
  it.effect("events come twice with the same token, in another order, late, or never", () =>
    Effect.gen(function* () {
      const { carrier, dial, ours } = yield* start
      const run = Effect.andThen(
        dial,
        Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      )
      yield* carrier.faults.on("callbacks-duplicated", { only: /^status:ringing$/ })
      yield* run
      assert.deepStrictEqual(statuses(ours), ["started", "ringing", "ringing", "answered", "completed"])
      assert.strictEqual(ours.arrived[1]?.headers.authorization, ours.arrived[2]?.headers.authorization)
      yield* carrier.faults.allOff
      ours.arrived.splice(0)
      yield* carrier.faults.on("callbacks-reordered", { times: 1, only: /^status:answered$/ })
      yield* run
      assert.deepStrictEqual(statuses(ours), ["started", "ringing", "completed", "answered"])
      ours.arrived.splice(0)
      yield* carrier.faults.on("callbacks-lost", { only: /^status:(started|completed)$/ })
      const end = yield* run
      assert.deepStrictEqual(statuses(ours), ["ringing", "answered"])
      assert.lengthOf(
        end.callbacks.filter(({ lost }) => lost),
        2
      )
      yield* carrier.faults.allOff
      ours.arrived.splice(0)
      yield* carrier.faults.on("callbacks-late", { delayMs: 300, only: /^status:completed$/ })
      yield* run
      assert.lengthOf(statuses(ours), 4)
    }).pipe(Effect.scoped)
  )

  it.effect("an event is repeated once after 429, 502, 503, 504, signed anew, then goes to the fallback URL", () =>
    Effect.gen(function* () {
      const { carrier, dial, isGood, ours } = yield* start
      const answer_url = { address: `${ours.url}/answer`, http_method: "POST" }
      const voice = {
        signed_callbacks: true,
        webhooks: { answer_url, fallback_answer_url: { ...answer_url, address: `${ours.url}/spare` } }
      }
      const application = `/v2/applications/${credential(carrier, "application_id")}`
      yield* rest(carrier, "PUT", application, { json: { name: "ours", capabilities: { voice } } })
      ours.answer = ({ said, target }) => ({ status: target !== "/spare" && said["status"] === "answered" ? 502 : 200 })
      yield* dial
      const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      const answered = ours.arrived.filter(({ said }) => said["status"] === "answered")
      assert.deepStrictEqual(
        answered.map(({ target }) => target),
        ["/events/42", "/events/42", "/spare"]
      )
      assert.isTrue(answered.every(({ headers }) => isGood(headers.authorization)))
      assert.strictEqual(new Set(answered.map(({ headers }) => headers.authorization)).size, 3)
      assert.strictEqual(answered[2]?.said["reason"], "HTTP status 502.")
      assert.deepStrictEqual(end.errors, ["status:answered event: HTTP status 502."])
      ours.arrived.splice(0)
      ours.answer = ({ said }) => ({ status: said["status"] === "answered" ? 500 : 204 })
      yield* dial
      yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.lengthOf(
        ours.arrived.filter(({ said, target }) => said["status"] === "answered" && target === "/events/42"),
        1
      )
    }).pipe(Effect.scoped)
  )

  it.effect("an event that takes no NCCO passes one over, and says so", () =>
    Effect.gen(function* () {
      const { carrier, dial, ours, talk } = yield* start
      ours.answer = ({ said }) => (said["status"] === "ringing" ? ncco(talk) : { status: 204 })
      yield* dial
      const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.deepStrictEqual(end.errors, ["status:ringing was answered with a JSON array: passed over"])
    }).pipe(Effect.scoped)
  )

  it.effect("the answer webhook comes twice at once; signatures are wrong or missing", () =>
    Effect.gen(function* () {
      const { carrier, isGood, ours, placeInbound, talk } = yield* start
      ours.answer = ({ target }) => (target === "/answer" ? ncco(talk) : { status: 204 })
      yield* carrier.faults.on("webhook-duplicated", { times: 1 })
      yield* Effect.flatMap(placeInbound, (call) => call.settled)
      assert.lengthOf(ours.arrived, 2)
      ours.arrived.splice(0)
      yield* carrier.faults.on("signature-wrong", { times: 1, only: /^voice$/ })
      yield* Effect.flatMap(placeInbound, (call) => call.settled)
      assert.isFalse(isGood(ours.arrived[0]?.headers.authorization))
      ours.arrived.splice(0)
      // A missing signature is answered with 503, and the webhook comes again, signed.
      yield* carrier.faults.on("signature-missing", { times: 1 })
      ours.answer = ({ headers }) => (headers.authorization === undefined ? { status: 503 } : ncco(talk))
      const end = yield* Effect.flatMap(placeInbound, (call) => call.settled)
      assert.deepStrictEqual(end.notes, ["said: Hello"])
      assert.isUndefined(ours.arrived[0]?.headers.authorization)
      assert.isTrue(isGood(ours.arrived[1]?.headers.authorization))
      yield* carrier.faults.on("signature-wrong", { only: /^upgrade$/ })
      ours.answer = ({ target }) => (target === "/answer" ? ncco(connect(ours)) : { status: 204 })
      const call = yield* placeInbound
      yield* call.until((now) => now.media === "streaming")
      assert.isFalse(isGood(ours.lines[0]?.headers.authorization))
    }).pipe(Effect.scoped)
  )
})

describe("faults of the media socket", () => {
  it.effect("never opens, never starts, names a wrong call, is opened twice, drops, floods, litters", () =>
    Effect.gen(function* () {
      const { carrier, ours, placeInbound } = yield* start
      ours.answer = ({ target }) => (target === "/answer" ? ncco(connect(ours, { timeout: 1 })) : { status: 204 })
      yield* carrier.faults.on("media-never-opens", { times: 1 })
      const unopened = yield* Effect.flatMap(placeInbound, (call) => call.settled)
      assert.lengthOf(ours.lines, 0)
      assert.include(statuses(ours), "unanswered")
      assert.strictEqual(unopened.state, "completed")

      yield* carrier.faults.on("media-never-starts", { times: 1 })
      yield* Effect.flatMap(placeInbound, (call) => call.settled)
      assert.lengthOf(ours.lines, 1)
      assert.deepStrictEqual([ours.lines[0]?.texts, ours.lines[0]?.frames], [[], []])

      yield* carrier.faults.on("media-wrong-call", { times: 1 })
      yield* carrier.faults.on("media-twice", { times: 1 })
      yield* carrier.faults.on("media-garbage", { times: 1 })
      const odd = yield* placeInbound
      yield* odd.until((now) => now.notes.includes("second socket: opened"))
      yield* eventually(() => ours.lines.some(({ frames }) => frames.some(({ length }) => length === 4)))
      assert.notStrictEqual(ours.lines[1]?.texts[0]?.["run"], "42")
      yield* odd.hangUp
      yield* odd.settled

      const { length } = ours.lines
      yield* carrier.faults.on("media-drops", { times: 1, afterMs: 100 })
      yield* Effect.flatMap(placeInbound, (call) => call.settled)
      yield* eventually(() => ours.lines[length]?.closed === 1006)
      assert.include(statuses(ours), "disconnected")

      yield* carrier.faults.on("media-flood", { times: 1 })
      const flood = yield* placeInbound
      yield* flood.until(() => (ours.lines[length + 1]?.frames.length ?? 0) > 500)
      assert.isBelow((yield* flood.now).heard.timeline.length, 32 * 5000)
    }).pipe(Effect.scoped)
  )
})

describe("faults of the REST APIs", () => {
  it.effect("act and keep silent, throttle, break, are slow; and everything can be forgotten", () =>
    Effect.gen(function* () {
      const { carrier, dial } = yield* start
      yield* carrier.faults.on("rest-silent", { times: 1, only: /^POST \/v1\/calls$/ })
      const silent = yield* Effect.forkChild(dial)
      yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      yield* Fiber.interrupt(silent)
      yield* carrier.faults.on("rest-throttled", { times: 1, retryAfterSeconds: 7 })
      const throttled = yield* dial
      assert.deepStrictEqual([throttled.status, throttled.body["title"]], [429, "Rate Limit Hit"])
      assert.strictEqual(throttled.headers.get("retry-after"), "7")
      yield* carrier.faults.on("rest-broken", { times: 1 })
      const broken = yield* dial
      assert.strictEqual(broken.status, 500)
      assert.match(broken.text, /^<html>/)
      assert.lengthOf(yield* carrier.calls, 1)
      yield* carrier.faults.on("rest-slow", { times: 1, delayMs: 200 })
      assert.strictEqual((yield* dial).status, 201)
      const call = yield* carrier.nextOutbound
      yield* call.settled
      yield* carrier.forget
      assert.lengthOf(yield* carrier.calls, 0)
      assert.lengthOf(yield* carrier.restExchanges, 0)
      assert.strictEqual((yield* rest(carrier, "GET", `/v1/calls/${call.id}`)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.live("leave nothing behind when the carrier closes in the middle of everything", () =>
    Effect.gen(function* () {
      const ours = yield* peer
      ours.answer = ({ target }) => (target === "/answer" ? ncco(connect(ours)) : { status: 204 })
      const before = process.getActiveResourcesInfo().length
      const scope = yield* Scope.make()
      const carrier = yield* Scope.provide(simulator.start(), scope)
      yield* carrier.ownNumber(own, { webhook: `${ours.url}/answer` })
      const place = carrier.placeInbound({ from: caller, to: own })
      const calls = yield* Effect.forEach(Array.from({ length: 5 }), () => place)
      yield* Effect.forEach(calls, (call) => call.until((now) => now.media === "streaming"))
      const [moved] = calls
      const hold = { action: "conversation", name: "hold" }
      yield* rest(carrier, "PUT", `/v1/calls/${moved?.id}`, {
        json: { action: "transfer", destination: { type: "ncco", ncco: [hold] } }
      })
      yield* eventually(() => statuses(ours).length > 0)
      ours.answer = () => ({ ...ncco(), delayMs: 60_000 })
      const { length } = ours.arrived
      yield* place
      yield* eventually(() => ours.arrived.slice(length).some(({ target }) => target === "/answer"))
      yield* Scope.close(scope, Exit.void)
      yield* eventually(() => ours.lines.every(({ socket }) => socket.readyState !== socket.OPEN))
      yield* eventually(() => process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length <= before)
    }).pipe(Effect.scoped)
  )
})
