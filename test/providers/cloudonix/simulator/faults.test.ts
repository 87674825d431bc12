import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { simulator } from "../../../../src/providers/cloudonix/simulator.ts"
import type { FaultName, FaultOptions } from "../../../../src/simulator/Faults.ts"
import { arrived, service, xml } from "../../../simulator/service.ts"
import {
  at,
  credential,
  cxml,
  dial,
  echo,
  events,
  json,
  ours,
  rest,
  start,
  stream,
  theirs,
  until,
  untilEffect
} from "./peer.ts"

/** One outbound call under a fault; gives its updates as they arrived. */
const updatesUnder = Effect.fnUntraced(function* (fault: FaultName, options?: FaultOptions) {
  const { carrier, peer } = yield* start()
  yield* carrier.faults.use(fault, options)
  const call = yield* dial(carrier, { cxml: cxml("<Hangup/>"), callback: `${peer.url}/status/x` })
  const end = yield* call.settled
  return { end, updates: at(peer, "/status/x").map(json) }
}, Effect.scoped)

const word = (updates: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
  updates.map(({ status }) => String(status).slice(0, 1)).join("")

describe("faults of callbacks", () => {
  it.effect("duplicated with the same event id, late, reordered, lost", () =>
    Effect.gen(function* () {
      assert.strictEqual(word((yield* updatesUnder("callbacks-late", { delayMs: 100 })).updates), "npprrrccacc")
      const { updates } = yield* updatesUnder("callbacks-duplicated")
      assert.strictEqual(word(updates), "nnpppprrrrrrccccaacccc")
      assert.strictEqual(updates[0]?.["eventId"], updates[1]?.["eventId"])
      assert.notStrictEqual(updates[1]?.["eventId"], updates[2]?.["eventId"])
      assert.strictEqual(word((yield* updatesUnder("callbacks-reordered")).updates), "pnrprrcccac")
      const lost = yield* updatesUnder("callbacks-lost", { only: /^status:(ringing|connected)$/ })
      assert.strictEqual(word(lost.updates), "nppa")
      assert.isTrue(lost.end.callbacks.some((sent) => sent.lost && sent.subject === "status:ringing"))
    })
  )

  it.effect("another key, no key, a voice request delivered twice", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      yield* rest(carrier, "PUT", "/domains/~", { profile: { "authorization-api-key": "request-key" } })
      const ring = (fault: FaultName) =>
        Effect.flatMap(carrier.placeInbound({ from: theirs, to: ours, faults: [fault] }), (call) => call.settled)
      const keys = (index: number) => {
        const { headers } = arrived(peer, index)
        return [headers["x-cx-apikey"], headers["authorization"]]
      }
      yield* ring("signature-wrong")
      const right = [credential(carrier, "bearer_token"), "Bearer request-key"]
      assert.match(String(keys(0)[0]), /^XI[0-9a-f]{32}$/)
      assert.isTrue(keys(0).every((key, index) => key !== right[index]))
      yield* ring("signature-missing")
      assert.deepStrictEqual(keys(1), [undefined, undefined])
      yield* ring("webhook-duplicated")
      assert.lengthOf(peer.arrived, 4)
      assert.deepStrictEqual(keys(3), right)
      assert.strictEqual(arrived(peer, 2).body, arrived(peer, 3).body)
    }).pipe(Effect.scoped)
  )
})

describe("faults of the media socket", () => {
  const call = Effect.fnUntraced(function* (fault: FaultName, options: FaultOptions = {}) {
    const { carrier, peer } = yield* start()
    yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
    peer.answer = () => xml(stream(peer))
    peer.onMessage = echo
    const audio = { format: { encoding: "mulaw", sampleRate: 8000 }, bytes: new Uint8Array(1600).fill(7) } as const
    const placed = yield* carrier.placeInbound({ from: theirs, to: ours, audio, faults: [[fault, options]] })
    return { carrier, peer, placed }
  })

  it.effect("never opens, never starts", () =>
    Effect.gen(function* () {
      const never = yield* call("media-never-opens")
      yield* never.placed.until((now) => now.media === "opening")
      yield* never.placed.hangUp
      yield* never.placed.settled
      assert.lengthOf(never.peer.upgrades, 0)
      const silent = yield* call("media-never-starts")
      yield* until(() => silent.peer.messages.length > 0)
      silent.peer.sockets[0]?.close(4408)
      const end = yield* silent.placed.settled
      assert.lengthOf(silent.peer.messages, 1)
      assert.match(end.errors[0] ?? "", /closed with 4408/)
    }).pipe(Effect.scoped)
  )

  it.effect("drops without stop, is opened twice, names a wrong session, sends garbage", () =>
    Effect.gen(function* () {
      const dropped = yield* call("media-drops", { afterMs: 100 })
      assert.strictEqual((yield* dropped.placed.settled).state, "completed")
      assert.isFalse(events(dropped.peer).some((event) => event.includes('"stop"')))
      const twice = yield* call("media-twice")
      twice.peer.refuse = () => (twice.peer.sockets.length > 0 ? 409 : undefined)
      yield* twice.placed.until((now) => now.notes.includes("second socket: HTTP 409"))
      const wrong = yield* call("media-wrong-call")
      yield* until(() => events(wrong.peer).some((event) => event.includes(`"session":"${"0".repeat(32)}"`)))
      const littered = yield* call("media-garbage")
      let broken = 0
      littered.peer.onMessage = (_, text) => void (broken += text.startsWith("{") ? 0 : 1)
      yield* until(() => broken > 3)
    }).pipe(Effect.scoped)
  )
})

describe("faults of the REST API", () => {
  it.effect("acts and keeps silent, throttles, breaks one hang-up", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      const body = { destination: theirs, "caller-id": ours, cxml: cxml('<Pause length="60"/>') }
      const place = rest(carrier, "POST", "/calls/~/application", body)
      yield* carrier.faults.on("rest-silent", { times: 1, only: /^POST \/calls\// })
      const silent = yield* Effect.forkChild(place)
      const call = yield* carrier.nextOutbound
      yield* Fiber.interrupt(silent)
      yield* carrier.faults.on("rest-throttled", { times: 1 })
      const throttled = yield* place
      assert.deepStrictEqual([throttled.status, throttled.body["status"]], [429, false])
      yield* carrier.faults.on("rest-broken", { times: 1, only: /^DELETE/ })
      const hangUp = rest(carrier, "DELETE", `/customers/self/domains/~/sessions/${call.id}`)
      assert.strictEqual((yield* hangUp).status, 500)
      assert.strictEqual((yield* hangUp).status, 204)
      assert.lengthOf(yield* carrier.calls, 1)
    }).pipe(Effect.scoped)
  )
})

describe("a fake domain that closes", () => {
  it.live("leaves nothing behind, in the middle of calls, conferences and requests", () =>
    Effect.gen(function* () {
      const peer = yield* service
      peer.answer = () => xml(stream(peer))
      const before = process.getActiveResourcesInfo().length
      const scope = yield* Scope.make()
      const carrier = yield* Scope.provide(simulator.start({ requestLimit: undefined }), scope)
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      const inbound = { from: theirs, to: ours }
      const calls = yield* Effect.forEach(Array.from({ length: 4 }), () => carrier.placeInbound(inbound))
      yield* Effect.forEach(calls, (call) => call.until((now) => now.media === "streaming"))
      const markup = cxml("<Dial><Conference>room</Conference></Dial>")
      const met = yield* dial(carrier, { cxml: markup, timeLimit: 3600 })
      yield* dial(carrier, { cxml: markup })
      yield* met.until((now) => now.togetherWith.length === 1)
      peer.answer = () => ({ ...xml(""), delayMs: 60_000 })
      yield* carrier.placeInbound(inbound)
      yield* until(() => peer.arrived.length === 5)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(peer.sockets.every((socket) => socket.readyState !== socket.OPEN))
      yield* untilEffect(
        Effect.sync(() => process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length <= before)
      )
    }).pipe(Effect.scoped)
  )
})
