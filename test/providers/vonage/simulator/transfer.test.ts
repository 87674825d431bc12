import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../../../src/providers/vonage/simulator.ts"
import type { SimulatedCall } from "../../../../src/simulator/SimulatorModule.ts"
import { connect, eventually, ncco, peer, rest, speech, statuses, wide, bareUuid } from "./peer.ts"

const callerNumber = "+442071838750"
const own = "+14155550123"
const human = "+14155550777"

/** An inbound caller who talks to our media socket, and what moves legs about. */
const start = Effect.gen(function* () {
  const carrier = yield* simulator.start()
  const ours = yield* peer
  yield* carrier.ownNumber(own)
  ours.answer = ({ target }) =>
    target === "/answer" ? ncco(connect(ours), { action: "talk", text: "Still here" }) : { status: 204 }
  const caller = yield* carrier.placeInbound({ from: callerNumber, to: own, webhook: `${ours.url}/answer` })
  yield* caller.until((now) => now.media === "streaming")
  yield* eventually(() => statuses(ours).includes("answered"))
  const socketUuid = () => String(ours.arrived.find(({ said }) => String(said["to"]).startsWith("ws:"))?.said["uuid"])
  const put = (uuid: string, json: object) => rest(carrier, "PUT", `/v1/calls/${uuid}`, { json })
  const move = (call: SimulatedCall, ...actions: ReadonlyArray<object>) =>
    put(call.id, { action: "transfer", destination: { type: "ncco", ncco: actions } })
  const room = { action: "conversation", name: `transfer-${caller.id}`, startOnEnter: true, endOnExit: true }
  const dial = (more: object = {}) =>
    Effect.andThen(
      rest(carrier, "POST", "/v1/calls", {
        json: {
          to: [{ type: "phone", number: human.slice(1) }],
          from: { type: "phone", number: own.slice(1) },
          ncco: [room],
          event_url: [`${ours.url}/events/transfer`],
          ringing_timer: 30,
          ...more
        }
      }),
      carrier.nextOutbound
    )
  return { carrier, ours, caller, socketUuid, put, move, room, dial }
})

describe("a warm transfer", () => {
  it.effect("joins caller and destination in a named conversation, and leaves the websocket leg behind", () =>
    Effect.gen(function* () {
      const { caller, dial, move, ours, put, room, socketUuid } = yield* start
      const destination = yield* dial()
      yield* eventually(() => statuses(ours, destination.id).includes("answered"))
      assert.deepStrictEqual((yield* caller.now).togetherWith, [])
      const reply = yield* move(caller, room)
      assert.strictEqual(reply.status, 204)
      const joined = yield* caller.until((now) => now.togetherWith.length > 0)
      assert.deepStrictEqual(joined.togetherWith, [destination.id])
      assert.deepStrictEqual((yield* destination.now).togetherWith, [caller.id])

      // The socket is alone in its conversation: it hears silence and the caller hears nothing of it.
      assert.strictEqual(joined.media, "streaming")
      const heardBefore = joined.heard.timeline.length
      yield* caller.say({ format: wide, bytes: speech(200) })
      const [line] = ours.lines
      const count = line?.frames.length ?? 0
      for (let i = 0; i < 10; i++) line?.socket.send(Buffer.alloc(640, 7))
      yield* eventually(() => (line?.frames.length ?? 0) > count + 5)
      assert.isTrue(line?.frames.slice(count + 1).every((frame) => frame.every((byte) => byte === 0)))
      const now = yield* caller.now
      assert.strictEqual(now.heard.timeline.length, heardBefore)
      assert.strictEqual(now.heard.played.length, 0)
      assert.strictEqual(now.said.length, 0)

      const moves = ours.arrived.filter(
        ({ said }) => said["type"] === "transfer" && said["uuid"] === bareUuid(caller.id)
      )
      assert.lengthOf(moves, 2)
      assert.strictEqual(moves[0]?.said["conversation_uuid_to"], moves[1]?.said["conversation_uuid_from"])

      assert.strictEqual((yield* put(socketUuid(), { action: "hangup" })).status, 204)
      yield* caller.until((now) => now.media === "ended")
      yield* eventually(() => statuses(ours, socketUuid()).includes("completed"))
      assert.notInclude(statuses(ours), "disconnected")
      assert.strictEqual((yield* caller.now).state, "in-progress")

      // `endOnExit`: whoever leaves ends it for the other.
      yield* destination.hangUp
      const end = yield* caller.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.togetherWith, [])
      const last = ours.arrived.findLast(({ said }) => said["uuid"] === bareUuid(caller.id))?.said
      assert.deepStrictEqual([last?.["status"], last?.["disconnected_by"]], ["completed", "platform"])
      yield* destination.settled
      // Nothing of the NCCO that was dropped has run.
      assert.notInclude(end.notes, "said: Still here")
    }).pipe(Effect.scoped)
  )

  it.effect("ends for the destination when the caller hangs up", () =>
    Effect.gen(function* () {
      const { caller, dial, move, ours, room } = yield* start
      const destination = yield* dial()
      yield* destination.until((now) => now.state === "in-progress")
      yield* move(caller, room)
      yield* destination.until((now) => now.togetherWith.includes(caller.id))
      ours.lines[0]?.socket.close(1000)
      yield* caller.hangUp
      assert.strictEqual((yield* destination.settled).state, "completed")
      const end = yield* caller.settled
      assert.strictEqual(end.callbacks.filter((sent) => sent.subject === "stream:disconnected").length, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("does not end without `endOnExit`, and does not begin before somebody starts it", () =>
    Effect.gen(function* () {
      const { caller, dial, move, ours, put, room, socketUuid } = yield* start
      const waiting = { ...room, startOnEnter: false, endOnExit: false }
      yield* move(caller, waiting)
      yield* put(socketUuid(), { action: "hangup" })
      const first = yield* dial({ ncco: [waiting] })
      yield* eventually(() => statuses(ours, first.id).includes("transfer"))
      assert.deepStrictEqual((yield* first.now).togetherWith, [])
      const second = yield* dial({ ncco: [{ ...room, endOnExit: false }] })
      const joined = yield* caller.until((now) => now.togetherWith.length === 2)
      assert.deepStrictEqual(joined.togetherWith, [first.id, second.id])
      yield* second.hangUp
      yield* second.settled
      assert.deepStrictEqual((yield* caller.now).togetherWith, [first.id])
      assert.strictEqual((yield* caller.now).state, "in-progress")
      yield* caller.hangUp
      yield* caller.settled
      assert.deepStrictEqual((yield* first.now).togetherWith, [])
    }).pipe(Effect.scoped)
  )

  it.effect("that the destination does not take leaves the caller where it was", () =>
    Effect.gen(function* () {
      const { caller, carrier, dial, ours } = yield* start
      const outcomes = [
        [{ outcome: "busy" }, "busy"],
        [{ outcome: "no-answer", afterMs: 30 }, "unanswered"],
        [{ outcome: "failed", sipCode: 603 }, "rejected"]
      ] as const
      for (const [behaviour, status] of outcomes) {
        yield* carrier.whenDialed(human, behaviour)
        const destination = yield* dial()
        yield* destination.settled
        assert.strictEqual(ours.arrived.findLast(({ said }) => said["uuid"] === destination.id)?.said["status"], status)
      }
      const now = yield* caller.now
      assert.deepStrictEqual([now.state, now.media], ["in-progress", "streaming"])
    }).pipe(Effect.scoped)
  )
})

describe("a transfer of a live call", () => {
  it.effect("asks the URL that it is given, by GET", () =>
    Effect.gen(function* () {
      const { caller, ours, put } = yield* start
      ours.answer = ({ target }) =>
        target.startsWith("/moved") ? ncco({ action: "talk", text: "Moved" }) : { status: 204 }
      yield* put(caller.id, { action: "transfer", destination: { type: "ncco", url: [`${ours.url}/moved`] } })
      yield* caller.ended
      ours.lines[0]?.socket.close(1000)
      assert.include((yield* caller.settled).notes, "said: Moved")
      assert.strictEqual(ours.arrived.find(({ target }) => target.startsWith("/moved"))?.method, "GET")
    }).pipe(Effect.scoped)
  )

  it.effect("dials a phone, tells the caller when nobody takes it, and joins the two otherwise", () =>
    Effect.gen(function* () {
      const { caller, carrier, move, ours, put, socketUuid } = yield* start
      const blind = (number: string) => ({
        action: "connect",
        from: own.slice(1),
        timeout: 30,
        eventUrl: [`${ours.url}/events/blind`],
        endpoint: [{ type: "phone", number }]
      })
      yield* carrier.whenDialed(human, { outcome: "busy" })
      const failed = { action: "talk", text: "The transfer failed." }
      yield* move(caller, blind(human.slice(1)), failed, blind("14155550888"))
      yield* put(socketUuid(), { action: "hangup" })
      const busy = yield* carrier.nextOutbound
      assert.strictEqual((yield* busy.settled).state, "busy")
      const taken = yield* carrier.nextOutbound
      assert.include((yield* caller.now).notes, "said: The transfer failed.")
      yield* caller.until((now) => now.togetherWith.includes(taken.id))
      yield* caller.hangUp
      assert.strictEqual((yield* taken.settled).state, "completed")
      assert.deepStrictEqual(statuses(ours, taken.id), ["started", "ringing", "answered", "completed"])
      yield* caller.settled
    }).pipe(Effect.scoped)
  )

  it.effect("is refused for a socket, for a call that rings, and for one that is over", () =>
    Effect.gen(function* () {
      const { caller, carrier, dial, move, put, room, socketUuid } = yield* start
      const transfer = { action: "transfer", destination: { type: "ncco", ncco: [room] } }
      assert.strictEqual((yield* put(socketUuid(), transfer)).status, 400)
      yield* carrier.whenDialed(human, { outcome: "no-answer" })
      const ringing = yield* dial()
      yield* ringing.until((now) => now.state === "ringing")
      assert.strictEqual((yield* move(ringing, room)).status, 400)
      assert.strictEqual((yield* put(caller.id, { action: "transfer" })).status, 400)
      assert.strictEqual((yield* put(caller.id, { action: "dance" })).status, 400)
      yield* caller.hangUp
      yield* caller.settled
      assert.strictEqual((yield* move(caller, room)).status, 404)
    }).pipe(Effect.scoped)
  )
})
