import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { simulator } from "../../../../src/providers/vobiz/simulator.ts"
import { signV3 } from "../../../../src/providers/vobiz/simulator/signing.ts"
import type { FaultName, FaultOptions } from "../../../../src/simulator/Faults.ts"
import { arrived, service } from "../../../simulator/service.ts"
import {
  credential,
  dialBody,
  echo,
  listen,
  markup,
  mulaw,
  ours,
  person,
  rest,
  speech,
  start,
  streamTo,
  until,
  untilEffect
} from "./support.ts"

/** One outbound call under a fault; gives the events of the callbacks as they arrived. */
const eventsUnder = Effect.fnUntraced(function* (fault: FaultName, options?: FaultOptions) {
  const { at, carrier } = yield* start()
  at.answer = () => markup("<Hangup/>")
  yield* carrier.faults.use(fault, options)
  yield* rest(carrier, "POST", "/Call/", dialBody(at))
  const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
  const status = at.arrived.filter(({ target }) => target.startsWith("/status"))
  return { end, status, events: status.map(({ fields }) => fields["Event"]).join(" ") }
}, Effect.scoped)

describe("faults of callbacks", () => {
  it.effect("duplicated, late, reordered, lost", () =>
    Effect.gen(function* () {
      const twice = yield* eventsUnder("callbacks-duplicated")
      assert.strictEqual(twice.events, "Ring Ring Hangup Hangup")
      const nonces = twice.status.map(({ headers }) => headers["x-vobiz-signature-v3-nonce"])
      assert.strictEqual(nonces[0], nonces[1])
      assert.notStrictEqual(nonces[1], nonces[2])
      assert.strictEqual((yield* eventsUnder("callbacks-reordered")).events, "Hangup Ring")
      assert.strictEqual((yield* eventsUnder("callbacks-late", { delayMs: 150 })).events, "Ring Hangup")
      const lost = yield* eventsUnder("callbacks-lost", { only: /completed/ })
      assert.strictEqual(lost.events, "Ring")
      assert.isTrue(lost.end.callbacks.some((sent) => sent.lost && sent.subject === "status:completed"))
    })
  )

  it.effect("wrong and missing signatures, a webhook delivered twice", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => markup("<Hangup/>")
      const ring = (fault: FaultName) =>
        Effect.flatMap(carrier.placeInbound({ from: person, to: ours, faults: [fault] }), (call) => call.settled)
      yield* ring("signature-wrong")
      const { headers } = arrived(at, 0)
      const nonce = String(headers["x-vobiz-signature-v3-nonce"])
      assert.notStrictEqual(
        headers["x-vobiz-signature-v3"],
        signV3(credential(carrier, "auth_token"), `${at.url}/voice`, nonce)
      )
      at.arrived.length = 0
      yield* ring("signature-missing")
      assert.isTrue(at.arrived.every((each) => Object.keys(each.headers).every((name) => !name.startsWith("x-vobiz"))))
      at.arrived.length = 0
      yield* ring("webhook-duplicated")
      assert.lengthOf(at.arrived, 3)
      assert.strictEqual(arrived(at, 0).body, arrived(at, 1).body)
    }).pipe(Effect.scoped)
  )

  it.effect("a callback that fails comes three more times, the same each time, and holds nothing up", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start({ retryDelayMs: 20 })
      at.answer = ({ target }) => (target === "/broken" ? { status: 500 } : markup("<Hangup/>"))
      yield* rest(carrier, "POST", "/Call/", { ...dialBody(at), ring_url: `${at.url}/broken` })
      const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      const rings = at.arrived.filter(({ target }) => target === "/broken")
      assert.lengthOf(rings, 4)
      const same = rings.map(({ body, headers }) => body + String(headers["x-vobiz-signature-v3-nonce"]))
      assert.strictEqual(new Set(same).size, 1)
      assert.deepStrictEqual(
        end.callbacks.filter(({ subject }) => subject === "status:ringing").map(({ status }) => status),
        [500, 500, 500, 500]
      )
      at.arrived.length = 0
      at.answer = ({ target }) => (target === "/broken" ? { status: 403 } : markup("<Hangup/>"))
      yield* rest(carrier, "POST", "/Call/", { ...dialBody(at), ring_url: `${at.url}/broken` })
      yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.lengthOf(
        at.arrived.filter(({ target }) => target === "/broken"),
        1
      )
    }).pipe(Effect.scoped)
  )
})

describe("faults of the media socket", () => {
  const call = Effect.fnUntraced(function* (fault: FaultName, options: FaultOptions = {}) {
    const { at, carrier } = yield* start()
    at.answer = () => streamTo(at)
    const texts = listen(at, echo)
    const audio = { format: mulaw, bytes: speech(200) }
    const placed = yield* carrier.placeInbound({ from: person, to: ours, audio, faults: [[fault, options]] })
    return { at, carrier, placed, texts }
  })

  it.effect("never opens, never starts", () =>
    Effect.gen(function* () {
      const never = yield* call("media-never-opens")
      yield* never.placed.until((now) => now.media === "opening")
      yield* never.placed.hangUp
      yield* never.placed.settled
      assert.lengthOf(never.at.upgrades, 0)

      const silent = yield* call("media-never-starts")
      yield* until(() => silent.at.sockets.length > 0)
      silent.at.sockets[0]?.close(4400)
      const end = yield* silent.placed.settled
      assert.deepStrictEqual(silent.texts, [])
      assert.match(end.errors[0] ?? "", /4400/)
    }).pipe(Effect.scoped)
  )

  it.effect("drops, is opened twice, names a wrong call, floods, litters", () =>
    Effect.gen(function* () {
      const dropped = yield* call("media-drops", { afterMs: 100 })
      const end = yield* dropped.placed.settled
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], "4010")

      const twice = yield* call("media-twice")
      twice.at.refuse = () => (twice.at.sockets.length > 0 ? 409 : undefined)
      yield* twice.placed.until((now) => now.notes.includes("second socket: HTTP 409"))

      const wrong = yield* call("media-wrong-call")
      yield* until(() => wrong.texts.length > 0)
      assert.notInclude(wrong.texts[0] ?? "", wrong.placed.id)

      const flooded = yield* call("media-flood")
      yield* until(() => flooded.texts.length > 500)
      const littered = yield* call("media-garbage")
      yield* until(() => littered.texts.some((text) => !text.startsWith("{")))
    }).pipe(Effect.scoped)
  )
})

describe("faults of the REST API", () => {
  it.effect("acts and keeps silent, stays dead, throttles, breaks; forgets", () =>
    Effect.gen(function* () {
      const { at, carrier } = yield* start()
      at.answer = () => markup("<Hangup/>")
      yield* carrier.forget
      const dial = rest(carrier, "POST", "/Call/", dialBody(at))
      yield* carrier.faults.on("rest-silent", { times: 1, only: /^POST .*\/Call\/$/ })
      const silent = yield* Effect.forkChild(dial)
      yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      yield* Fiber.interrupt(silent)

      yield* carrier.faults.on("rest-dead", { times: 1 })
      const dead = yield* Effect.forkChild(dial)
      yield* untilEffect(Effect.map(carrier.restExchanges, (log) => log.length === 2))
      yield* Fiber.interrupt(dead)

      yield* carrier.faults.on("rest-throttled", { times: 1, retryAfterSeconds: 7 })
      const throttled = yield* dial
      assert.strictEqual(throttled.status, 429)
      assert.match(JSON.stringify(throttled.body), /"code":"RATE_LIMIT_EXCEEDED"/)
      assert.strictEqual(throttled.headers.get("retry-after"), "7")
      yield* carrier.faults.on("rest-broken", { times: 1 })
      assert.strictEqual((yield* dial).status, 500)
      assert.lengthOf(yield* carrier.calls, 1)
      yield* carrier.faults.on("rest-slow", { delayMs: 200 })
      const slow = yield* Effect.forkChild(dial)
      const second = yield* carrier.nextOutbound
      assert.isUndefined((yield* carrier.restExchanges).at(-1)?.status)
      assert.strictEqual((yield* Fiber.join(slow)).status, 200)
      yield* second.settled
      assert.lengthOf(yield* carrier.calls, 2)
      yield* carrier.forget
      assert.lengthOf(yield* carrier.calls, 0)
      assert.lengthOf(yield* carrier.restExchanges, 0)
    }).pipe(Effect.scoped)
  )

  it.live("leaves nothing behind when it closes in the middle of everything", () =>
    Effect.gen(function* () {
      const at = yield* service
      const before = process.getActiveResourcesInfo().length
      const scope = yield* Scope.make()
      const carrier = yield* Scope.provide(simulator.start(), scope)
      yield* carrier.ownNumber(ours, { webhook: `${at.url}/voice` })
      at.answer = ({ target }) =>
        target === "/voice"
          ? streamTo(at)
          : target === "/dial"
            ? markup("<Dial><Number>919800000002</Number></Dial>")
            : markup('<Conference stayAlone="true">room</Conference>')
      const calls = yield* Effect.forEach(Array.from({ length: 4 }), () =>
        carrier.placeInbound({ from: person, to: ours })
      )
      yield* Effect.forEach(calls, (call) => call.until((now) => now.media === "streaming"))
      for (const [index, call] of calls.slice(0, 2).entries()) {
        const aleg_url = `${at.url}/${index === 0 ? "dial" : "room"}`
        yield* rest(carrier, "POST", `/Call/${call.id}/`, { legs: "aleg", aleg_url, aleg_method: "POST" })
      }
      const [dialling] = calls
      yield* dialling?.until((now) => now.togetherWith.length > 0) ?? Effect.void
      at.answer = () => ({ ...markup(""), delayMs: 60_000 })
      const asked = at.arrived.length
      yield* carrier.placeInbound({ from: person, to: ours })
      yield* until(() => at.arrived.length > asked)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(at.sockets.every((socket) => socket.readyState !== socket.OPEN))
      yield* until(() => process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length <= before)
    }).pipe(Effect.scoped)
  )
})
