import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SimulatedCall } from "../../../../src/simulator/SimulatorModule.ts"
import { answered, command, eventsOf, namesOf, ours, rest, start, textOf, theirs, third } from "./peer.ts"

const named = (call: SimulatedCall, subject: string) =>
  call.until(({ callbacks }) => callbacks.some((sent) => sent.subject === subject))
const together = (call: SimulatedCall, ids: ReadonlyArray<string>) =>
  call.until(({ togetherWith }) => JSON.stringify(togetherWith) === JSON.stringify(ids))

/** A caller with a stream, and a destination that has been dialled and has answered. */
const both = Effect.fnUntraced(function* () {
  const setting = yield* start()
  const { carrier, dialBody, peer } = setting
  const caller = yield* answered(setting)
  const webhook_url = `${peer.url}/transfer-result/7`
  yield* rest(carrier, "POST", "/calls", { ...dialBody, to: third, webhook_url })
  const destination = yield* carrier.nextOutbound
  yield* named(destination, "status:answered")
  return { ...setting, caller, destination }
})

/** The destination seeds a conference, the caller joins it and ends it when leaving. */
const conference = Effect.fnUntraced(function* () {
  const setting = yield* both()
  const { caller, carrier, destination } = setting
  const created = yield* rest(carrier, "POST", "/conferences", {
    call_control_id: destination.id,
    name: `transfer-${caller.id}`,
    start_conference_on_create: true,
    command_id: "seed"
  })
  assert.deepInclude(created.data, { record_type: "conference", status: "init", name: `transfer-${caller.id}` })
  const path = `/conferences/${textOf(created.data["id"])}`
  const join = (body: Readonly<Record<string, unknown>> = {}) =>
    rest(carrier, "POST", `${path}/actions/join`, {
      call_control_id: caller.id,
      end_conference_on_exit: true,
      ...body
    })
  return { ...setting, created, join, path }
})

describe("a transfer by a conference", () => {
  it.effect("joins both legs, keeps the caller's stream, and ends with the caller", () =>
    Effect.gen(function* () {
      const { caller, carrier, destination, join, path, peer } = yield* conference()
      assert.strictEqual((yield* join({ command_id: "join" })).status, 200)
      yield* together(caller, [destination.id])
      yield* together(destination, [caller.id])
      assert.strictEqual((yield* caller.now).media, "streaming")
      assert.strictEqual((yield* rest(carrier, "GET", path)).data["status"], "in_progress")
      assert.strictEqual((yield* join({ command_id: "join" })).status, 200)
      const twice = yield* join({ command_id: "another" })
      assert.deepStrictEqual([twice.status, twice.codes], [422, ["90044"]])
      assert.strictEqual((yield* command(carrier, caller.id, "streaming_stop", {})).status, 200)
      yield* named(caller, "stream:stopped")

      yield* caller.hangUp
      const [one, other] = [yield* caller.settled, yield* destination.settled]
      assert.deepStrictEqual([one.togetherWith, other.togetherWith], [[], []])
      assert.strictEqual(other.state, "completed")
      assert.strictEqual(other.callbacks.at(-1)?.fields["hangup_cause"], "normal_clearing")
      assert.deepInclude((yield* rest(carrier, "GET", path)).data, { status: "completed", end_reason: "host_left" })
      assert.deepStrictEqual((yield* join()).codes, ["90019"])
      const targets = eventsOf(peer).filter(({ payload }) => payload["call_control_id"] === destination.id)
      assert.isTrue(targets.every(({ target }) => target === "/transfer-result/7"))
      assert.deepStrictEqual(
        targets.map(({ event_type }) => event_type),
        [
          "call.initiated",
          "call.answered",
          "conference.created",
          "conference.participant.joined",
          "conference.participant.left",
          "call.hangup"
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("leaves the caller alone when the destination hangs up: the seed ends nothing", () =>
    Effect.gen(function* () {
      const { caller, carrier, destination, join, path } = yield* conference()
      yield* join()
      yield* together(caller, [destination.id])
      yield* destination.hangUp
      yield* destination.settled
      yield* together(caller, [])
      assert.strictEqual((yield* caller.now).state, "in-progress")
      yield* command(carrier, caller.id, "hangup", {})
      assert.strictEqual((yield* caller.settled).state, "completed")
      assert.strictEqual((yield* rest(carrier, "GET", path)).data["end_reason"], "host_left")
    }).pipe(Effect.scoped)
  )

  it.effect("is made once with one command, waits while it is not started, and holds people apart", () =>
    Effect.gen(function* () {
      const { caller, carrier, created, destination, join, path } = yield* conference()
      const again = yield* rest(carrier, "POST", "/conferences", {
        call_control_id: destination.id,
        name: "x",
        command_id: "seed"
      })
      assert.strictEqual(again.data["id"], created.data["id"])
      yield* join()
      yield* together(caller, [destination.id])
      yield* rest(carrier, "POST", `${path}/actions/hold`, { call_control_ids: [caller.id] })
      yield* together(destination, [])
      yield* rest(carrier, "POST", `${path}/actions/unhold`, {})
      yield* together(destination, [caller.id])
      yield* rest(carrier, "POST", `${path}/actions/leave`, { call_control_id: destination.id })
      yield* together(caller, [])
      assert.strictEqual((yield* destination.now).state, "in-progress")

      const later = yield* rest(carrier, "POST", "/conferences", {
        call_control_id: destination.id,
        name: "later",
        start_conference_on_create: false
      })
      const other = `/conferences/${textOf(later.data["id"])}/actions`
      yield* rest(carrier, "POST", `${other}/join`, { call_control_id: caller.id })
      assert.deepStrictEqual((yield* caller.now).togetherWith, [])
      yield* rest(carrier, "POST", `${other}/leave`, { call_control_id: caller.id })
      yield* rest(carrier, "POST", `${other}/join`, { call_control_id: caller.id, start_conference_on_enter: true })
      yield* together(caller, [destination.id])
      yield* rest(carrier, "POST", `${other}/end`, {})
      assert.strictEqual((yield* caller.settled).state, "completed")
      assert.strictEqual((yield* destination.settled).state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("refuses legs that are unknown, unanswered or over, and conferences that do not exist", () =>
    Effect.gen(function* () {
      const { caller, carrier, destination, dialBody, join } = yield* conference()
      yield* carrier.whenDialed(theirs, { outcome: "no-answer" })
      yield* rest(carrier, "POST", "/calls", dialBody)
      const ringing = yield* carrier.nextOutbound
      assert.deepStrictEqual((yield* join({ call_control_id: ringing.id })).codes, ["90034"])
      assert.deepStrictEqual((yield* join({ call_control_id: "v3:unknown" })).codes, ["90015"])
      yield* caller.hangUp
      yield* caller.settled
      assert.deepStrictEqual((yield* join()).codes, ["90018"])
      const nowhere = yield* rest(carrier, "POST", "/conferences/none/actions/join", {
        call_control_id: destination.id
      })
      assert.deepStrictEqual([nowhere.status, nowhere.codes], [404, ["90058"]])
    }).pipe(Effect.scoped)
  )
})

describe("a transfer by a bridge", () => {
  it.effect("joins two legs by bridge; the end of one is the end of the other", () =>
    Effect.gen(function* () {
      const { caller, carrier, destination, peer } = yield* both()
      const bridged = yield* command(carrier, caller.id, "bridge", { call_control_id: destination.id })
      assert.strictEqual(bridged.status, 200)
      yield* together(caller, [destination.id])
      yield* named(caller, "status:call.bridged")
      yield* destination.hangUp
      assert.strictEqual((yield* caller.settled).state, "completed")
      assert.include(namesOf(peer, destination.id), "call.bridged")
      const over = yield* command(carrier, caller.id, "bridge", { call_control_id: destination.id })
      assert.deepStrictEqual(over.codes, ["90018"])
    }).pipe(Effect.scoped)
  )

  it.effect("parks a leg after the bridge where that is asked for", () =>
    Effect.gen(function* () {
      const { caller, carrier, destination } = yield* both()
      const body = { call_control_id: destination.id, park_after_unbridge: "self" }
      yield* command(carrier, caller.id, "bridge", body)
      yield* together(caller, [destination.id])
      yield* destination.hangUp
      yield* together(caller, [])
      assert.strictEqual((yield* caller.now).state, "in-progress")
    }).pipe(Effect.scoped)
  )

  it.effect("dials and bridges by transfer, in the caller's session, and leaves the caller when it fails", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const { carrier, peer } = setting
      const caller = yield* answered(setting)
      yield* carrier.whenDialed(third, { outcome: "busy" })
      const body = { to: third, webhook_url: `${peer.url}/transfer-result/8`, target_leg_client_state: "eA==" }
      assert.strictEqual((yield* command(carrier, caller.id, "transfer", body)).status, 200)
      const busy = yield* carrier.nextOutbound
      assert.strictEqual((yield* busy.settled).callbacks.at(-1)?.fields["hangup_cause"], "user_busy")
      assert.deepInclude(yield* caller.now, { state: "in-progress", media: "streaming" })

      yield* carrier.whenDialed(third, { outcome: "answer" })
      yield* command(carrier, caller.id, "transfer", body)
      const destination = yield* carrier.nextOutbound
      assert.deepStrictEqual([destination.from, destination.to], [ours, third])
      yield* together(caller, [destination.id])
      yield* named(destination, "status:call.bridged")
      yield* named(caller, "status:call.bridged")
      const events = eventsOf(peer)
      const sessions = new Set(events.map(({ payload }) => payload["call_session_id"]))
      assert.strictEqual(sessions.size, 1)
      const initiated = events.find(({ payload }) => payload["call_control_id"] === destination.id)
      assert.deepInclude(initiated?.payload, { direction: "outgoing", client_state: "eA==" })
      assert.strictEqual(initiated?.target, "/transfer-result/8")
      yield* caller.hangUp
      assert.strictEqual((yield* destination.settled).state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("bridges on answer a leg that was dialled with a link", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const { carrier, dialBody } = setting
      const caller = yield* answered(setting)
      const link = { link_to: caller.id, bridge_intent: true, bridge_on_answer: true }
      yield* rest(carrier, "POST", "/calls", { ...dialBody, to: third, ...link })
      const destination = yield* carrier.nextOutbound
      yield* together(destination, [caller.id])
      yield* destination.hangUp
      assert.strictEqual((yield* caller.settled).state, "completed")
      const stale = yield* rest(carrier, "POST", "/calls", { ...dialBody, link_to: "v3:none" })
      assert.deepStrictEqual(stale.codes, ["90015"])
    }).pipe(Effect.scoped)
  )
})
