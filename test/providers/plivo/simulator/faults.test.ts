import { validateSignature } from "plivo/dist/utils/security.js"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import type { FaultName, FaultOptions } from "../../../../src/simulator/Faults.ts"
import { arrived, type Service, xml } from "../../../simulator/service.ts"
import { accepts, dialBody, ours, person, rest, start, starts, streaming, until } from "./peer.ts"

const call = { from: person, to: ours }

const events = (peer: Service) => peer.arrived.map(({ fields }) => fields["Event"])

describe("faults of webhooks", () => {
  it.effect("deliver twice, in the wrong order, not at all", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const dial = Effect.andThen(
        rest(carrier, "POST", "Call/", dialBody(peer)),
        Effect.flatMap(carrier.nextOutbound, (placed) => placed.settled)
      )
      yield* carrier.whenDialed("*", { outcome: "busy" })
      for (const [fault, seen] of [
        ["callbacks-duplicated", ["Ring", "Ring", "Hangup", "Hangup"]],
        ["callbacks-reordered", ["Hangup", "Ring"]],
        ["callbacks-lost", []]
      ] as const) {
        peer.arrived.length = 0
        yield* carrier.faults.on(fault)
        yield* dial
        yield* carrier.faults.allOff
        assert.deepStrictEqual(events(peer), [...seen], fault)
      }
      peer.arrived.length = 0
      yield* Effect.flatMap(
        carrier.placeInbound({ ...call, faults: ["webhook-duplicated"] }),
        (placed) => placed.settled
      )
      assert.deepStrictEqual(events(peer), ["StartApp", "StartApp", "Hangup"])
      assert.strictEqual(arrived(peer, 0).body, arrived(peer, 1).body)
    }).pipe(Effect.scoped)
  )

  it.effect("sign with another token while the older scheme is still right, or not at all", () =>
    Effect.gen(function* () {
      const { carrier, peer, token } = yield* start()
      peer.answer = () => streaming(peer)
      peer.onMessage = (socket) => socket.close(1000)
      yield* Effect.flatMap(carrier.placeInbound({ ...call, faults: ["signature-wrong"] }), (placed) => placed.settled)
      const { headers, target } = arrived(peer, 0)
      assert.isFalse(accepts(token, peer.url, arrived(peer, 0)))
      const nonce = String(headers["x-plivo-signature-v2-nonce"])
      assert.isTrue(validateSignature(peer.url + target, nonce, String(headers["x-plivo-signature-v2"]), token))
      const upgrade = peer.upgrades[0] ?? assert.fail("there was no upgrade")
      assert.isFalse(accepts(token, peer.url, { ...upgrade, method: "GET", fields: {} }))

      peer.arrived.length = 0
      yield* Effect.flatMap(
        carrier.placeInbound({ ...call, faults: ["signature-missing"] }),
        (placed) => placed.settled
      )
      for (const each of [arrived(peer, 0), peer.upgrades[1]]) {
        const names = Object.keys(each?.headers ?? {})
        assert.deepStrictEqual(
          names.filter((name) => name.startsWith("x-plivo")),
          []
        )
      }
    }).pipe(Effect.scoped)
  )
})

describe("faults of the media socket", () => {
  const placed = Effect.fnUntraced(function* (fault: FaultName, options: FaultOptions = {}) {
    const { carrier, peer } = yield* start()
    peer.answer = () => streaming(peer)
    return { peer, call: yield* carrier.placeInbound({ ...call, faults: [[fault, options]] }) }
  })

  it.live("drops are redialled, a wrong call is named, garbage is sent, nothing opens", () =>
    Effect.gen(function* () {
      const dropped = yield* placed("media-drops", { afterMs: 60, times: 1 })
      yield* until(() => starts(dropped.peer).length === 2)
      yield* dropped.call.hangUp
      assert.strictEqual((yield* dropped.call.settled).callbacks.at(-1)?.fields["HangupCauseCode"], "4000")

      const wrong = yield* placed("media-wrong-call")
      yield* until(() => starts(wrong.peer).length === 1)
      assert.strictEqual(starts(wrong.peer)[0]?.callId, "00000000-0000-4000-8000-000000000000")

      const littered = yield* placed("media-garbage")
      let texts = 0
      littered.peer.onMessage = (_, text) => {
        if (!text.startsWith("{")) texts += 1
      }
      yield* until(() => texts > 1)

      const twice = yield* placed("media-twice")
      twice.peer.refuse = () => (twice.peer.sockets.length > 0 ? 409 : undefined)
      yield* twice.call.until((now) => now.notes.includes("second socket: HTTP 409"))

      const never = yield* placed("media-never-opens")
      yield* never.call.until((now) => now.media === "opening")
      yield* never.call.hangUp
      yield* never.call.settled
      assert.lengthOf(never.peer.upgrades, 0)
    }).pipe(Effect.scoped)
  )
})

describe("faults of the REST API", () => {
  it.effect("acts and keeps silent, throttles, breaks, in the carrier's words", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const dial = rest(carrier, "POST", "Call/", dialBody(peer))
      yield* carrier.faults.on("rest-silent", { times: 1, only: /^POST .*\/Call\/$/ })
      const silent = yield* Effect.forkChild(dial)
      yield* Effect.flatMap(carrier.nextOutbound, (placed) => placed.settled)
      yield* Fiber.interrupt(silent)
      yield* carrier.faults.on("rest-throttled", { times: 1, retryAfterSeconds: 7 })
      const throttled = yield* dial
      assert.deepStrictEqual([throttled.status, throttled.body["error"]], [429, "Too many requests"])
      yield* carrier.faults.on("rest-broken", { times: 1 })
      assert.strictEqual((yield* dial).status, 500)
      assert.lengthOf(yield* carrier.calls, 1)
      yield* carrier.forget
      assert.lengthOf(yield* carrier.calls, 0)
      assert.lengthOf(yield* carrier.restExchanges, 0)
    }).pipe(Effect.scoped)
  )
})

describe("the scope", () => {
  it.live("leaves nothing behind when it closes in the middle of everything", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { carrier, peer } = yield* Scope.provide(start(), scope)
      const own = yield* start()
      const before = process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length
      own.peer.answer = ({ target }) =>
        target.startsWith("/answer") ? xml("<Conference>room</Conference>") : streaming(own.peer)
      const url = `${own.peer.url}/voice`
      const calls = yield* Effect.forEach(Array.from({ length: 3 }), () =>
        carrier.placeInbound({ ...call, webhook: url })
      )
      yield* Effect.forEach(calls, (each) => each.until((now) => now.media === "streaming"))
      yield* rest(carrier, "POST", "Call/", { ...dialBody(own.peer), hangup_url: `${own.peer.url}/status/hangup` })
      yield* Effect.flatMap(carrier.nextOutbound, (each) => each.until((now) => now.state === "in-progress"))
      own.peer.answer = () => ({ ...xml(""), delayMs: 60_000 })
      yield* carrier.placeInbound({ ...call, webhook: url })
      yield* until(() => own.peer.arrived.some(({ target }) => target === "/voice"))
      yield* Scope.close(scope, Exit.void)
      yield* until(() => own.peer.sockets.every((socket) => socket.readyState === socket.CLOSED))
      assert.lengthOf(peer.sockets, 0)
      yield* until(() => process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length <= before)
    }).pipe(Effect.scoped)
  )
})
