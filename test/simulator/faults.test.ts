import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import webhooks from "twilio/lib/webhooks/webhooks.js"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { FaultName, FaultOptions } from "../../src/simulator/Faults.ts"
import { credential, rest } from "./rest.ts"
import { arrived, connectStream, echo, service, xml } from "./service.ts"

const from = "+14155550123"
const to = "+442071838750"

const start = Effect.gen(function* () {
  const carrier = yield* simulator.start()
  const ours = yield* service
  yield* carrier.ownNumber(from, { webhook: `${ours.url}/voice` })
  const form: ReadonlyArray<readonly [string, string]> = [
    ["To", to],
    ["From", from],
    ["Url", `${ours.url}/answer`],
    ["StatusCallback", `${ours.url}/status/x`],
    ...["initiated", "ringing", "answered", "completed"].map((event) => ["StatusCallbackEvent", event] as const)
  ]
  return { carrier, ours, form }
})

/** One outbound call under a fault; gives the sequence numbers of the status callbacks as they arrived. */
const sequenceUnder = Effect.fnUntraced(function* (fault: FaultName, options?: FaultOptions) {
  const { carrier, form, ours } = yield* start
  yield* carrier.faults.use(fault, options)
  yield* rest(carrier, "POST", "Calls.json", form)
  const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
  const status = ours.arrived.filter(({ target }) => target === "/status/x")
  return { end, status, sequence: status.map(({ fields }) => fields["SequenceNumber"]).join("") }
}, Effect.scoped)

describe("faults of callbacks", () => {
  it.effect("duplicated, late, reordered, lost", () =>
    Effect.gen(function* () {
      const twice = yield* sequenceUnder("callbacks-duplicated")
      assert.strictEqual(twice.sequence, "00112233")
      const tokens = twice.status.map(({ headers }) => headers["i-twilio-idempotency-token"])
      assert.strictEqual(tokens[0], tokens[1])
      assert.notStrictEqual(tokens[1], tokens[2])
      assert.strictEqual((yield* sequenceUnder("callbacks-reordered")).sequence, "1032")
      assert.strictEqual((yield* sequenceUnder("callbacks-late", { delayMs: 150 })).sequence, "0123")
      const late = yield* sequenceUnder("callbacks-late", { delayMs: 300, only: /initiated/ })
      const voice = late.end.callbacks.findIndex((sent) => sent.subject === "voice")
      assert.isAbove(
        late.end.callbacks.findIndex((sent) => sent.subject === "status:initiated"),
        voice
      )
      const lost = yield* sequenceUnder("callbacks-lost", { only: /completed/ })
      assert.strictEqual(lost.sequence, "012")
      assert.isTrue(lost.end.callbacks.some((sent) => sent.lost && sent.subject === "status:completed"))
      assert.strictEqual((yield* sequenceUnder("callbacks-lost", { times: 2 })).sequence, "23")
    })
  )

  it.effect("wrong and missing signatures, a webhook delivered twice", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start
      const token = credential(carrier, "auth_token")
      const valid = (index: number) => {
        const { fields, headers, target } = arrived(ours, index)
        return webhooks.validateRequest(token, String(headers["x-twilio-signature"]), ours.url + target, fields)
      }
      const ring = (fault: FaultName) =>
        Effect.flatMap(carrier.placeInbound({ from: to, to: from, faults: [fault] }), (call) => call.settled)
      yield* ring("signature-wrong")
      yield* ring("signature-missing")
      assert.isFalse(valid(0))
      assert.isUndefined(arrived(ours, 1).headers["x-twilio-signature"])
      yield* ring("webhook-duplicated")
      assert.lengthOf(ours.arrived, 4)
      assert.strictEqual(arrived(ours, 2).body, arrived(ours, 3).body)
      assert.isTrue(valid(2))
    }).pipe(Effect.scoped)
  )
})

describe("faults of the media socket", () => {
  const call = Effect.fnUntraced(function* (fault: FaultName, options: FaultOptions = {}) {
    const { carrier, ours } = yield* start
    ours.answer = () => connectStream(ours)
    ours.onMessage = echo
    const audio = { format: { encoding: "mulaw", sampleRate: 8000 }, bytes: new Uint8Array(1600).fill(7) } as const
    const placed = yield* carrier.placeInbound({ from: to, to: from, audio, faults: [[fault, options]] })
    return { carrier, ours, placed }
  })

  it.effect("never opens, never starts", () =>
    Effect.gen(function* () {
      const never = yield* call("media-never-opens")
      yield* never.placed.until((now) => now.media === "opening")
      yield* never.placed.hangUp
      yield* never.placed.settled
      assert.lengthOf(never.ours.upgrades, 0)

      const silent = yield* call("media-never-starts")
      yield* until(() => silent.ours.messages.length > 0)
      silent.ours.sockets[0]?.close(4408)
      const end = yield* silent.placed.settled
      assert.deepStrictEqual(silent.ours.messages, [{ event: "connected", protocol: "Call", version: "1.0.0" }])
      assert.match(end.errors[0] ?? "", /^31921.*4408/)
    }).pipe(Effect.scoped)
  )

  it.effect("dies half-open, drops, is opened twice, names a wrong call", () =>
    Effect.gen(function* () {
      const half = yield* call("media-half-open", { afterMs: 100 })
      yield* half.placed.until((now) => now.notes.length > 0)
      let ponged = false
      const [socket] = half.ours.sockets
      socket?.on("pong", () => (ponged = true)).ping()
      const before = half.ours.messages.length
      yield* pause(150)
      assert.isAtMost(half.ours.messages.length, before + 1)
      assert.isFalse(ponged)
      assert.strictEqual(socket?.readyState, socket?.OPEN)
      yield* half.placed.hangUp
      yield* half.placed.settled

      const dropped = yield* call("media-drops", { afterMs: 100 })
      const end = yield* dropped.placed.settled
      assert.strictEqual(end.state, "completed")
      assert.isFalse(dropped.ours.messages.some((message) => JSON.stringify(message).includes('"stop"')))

      const twice = yield* call("media-twice")
      twice.ours.refuse = () => (twice.ours.sockets.length > 0 ? 409 : undefined)
      yield* twice.placed.until((now) => now.notes.includes("second socket: HTTP 409"))

      const wrong = yield* call("media-wrong-call")
      yield* until(() => wrong.ours.messages.some((message) => JSON.stringify(message).includes(`CA${"0".repeat(32)}`)))
    }).pipe(Effect.scoped)
  )

  it.effect("sends garbage between good messages, or floods", () =>
    Effect.gen(function* () {
      const littered = yield* call("media-garbage")
      let texts = 0
      littered.ours.onMessage = (_, text) => {
        texts += 1
        if (!text.startsWith("{")) texts += 1000
      }
      yield* until(() => texts > 1000)
      const flooded = yield* call("media-flood")
      const heard = yield* flooded.placed.until((now) => now.media === "streaming")
      assert.strictEqual(heard.state, "in-progress")
      yield* until(() => flooded.ours.messages.length > 600)
    }).pipe(Effect.scoped)
  )
})

describe("faults of the REST API", () => {
  it.effect("acts and keeps silent, stays dead, throttles, breaks", () =>
    Effect.gen(function* () {
      const { carrier, form } = yield* start
      const dial = rest(carrier, "POST", "Calls.json", form)
      yield* carrier.faults.on("rest-silent", { times: 1, only: /^POST .*Calls\.json$/ })
      const silent = yield* Effect.forkChild(dial)
      const call = yield* carrier.nextOutbound
      yield* call.settled
      yield* Fiber.interrupt(silent)

      yield* carrier.faults.on("rest-dead", { times: 1 })
      const dead = yield* Effect.forkChild(dial)
      yield* untilEffect(Effect.map(carrier.restExchanges, (log) => log.length === 2))
      assert.lengthOf(yield* carrier.calls, 1)
      yield* Fiber.interrupt(dead)

      yield* carrier.faults.on("rest-throttled", { times: 1, retryAfterSeconds: 7 })
      const throttled = yield* dial
      assert.deepStrictEqual([throttled.status, throttled.body["code"]], [429, 20429])
      assert.strictEqual(throttled.headers.get("retry-after"), "7")
      yield* carrier.faults.on("rest-broken", { times: 1 })
      assert.strictEqual((yield* dial).status, 500)
      assert.lengthOf(yield* carrier.calls, 1)
      yield* carrier.faults.on("rest-slow", { delayMs: 200 })
      const slow = yield* Effect.forkChild(dial)
      const second = yield* carrier.nextOutbound
      yield* second.until((now) => now.callbacks.length > 0)
      assert.isUndefined((yield* carrier.restExchanges).at(-1)?.status)
      assert.strictEqual((yield* Fiber.join(slow)).status, 201)
      assert.deepStrictEqual(
        (yield* carrier.restExchanges).map(({ status }) => status),
        [undefined, undefined, 429, 500, 201]
      )
      yield* Effect.flatMap(carrier.calls, (calls) => Effect.forEach(calls, (each) => each.settled))
      yield* carrier.forget
      assert.lengthOf(yield* carrier.calls, 0)
      assert.lengthOf(yield* carrier.restExchanges, 0)
    }).pipe(Effect.scoped)
  )

  it.live("leaves nothing behind when it closes in the middle of everything", () =>
    Effect.gen(function* () {
      const ours = yield* service
      ours.answer = () => connectStream(ours)
      const before = process.getActiveResourcesInfo().length
      const scope = yield* Scope.make()
      const carrier = yield* Scope.provide(simulator.start(), scope)
      yield* carrier.ownNumber(from, { webhook: `${ours.url}/voice` })
      const calls = yield* Effect.forEach(Array.from({ length: 5 }), () => carrier.placeInbound({ from: to, to: from }))
      yield* Effect.forEach(calls, (call) => call.until((now) => now.media === "streaming"))
      ours.answer = () => ({ ...xml(""), delayMs: 60_000 })
      yield* carrier.placeInbound({ from: to, to: from })
      yield* until(() => ours.arrived.length === 6)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(ours.sockets.every((socket) => socket.readyState !== socket.OPEN))
      yield* until(() => process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length <= before)
    }).pipe(Effect.scoped)
  )
})

/** Waits for the other side of a socket, on the real clock. */
const pause = (ms: number) => Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, ms)))
const untilEffect = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(Effect.andThen(pause(5), condition), { until: (holds) => holds })
const until = (condition: () => boolean) => untilEffect(Effect.sync(condition))
