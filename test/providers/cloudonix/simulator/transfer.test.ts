import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { arrived, xml } from "../../../simulator/service.ts"
import {
  at,
  conference,
  credential,
  cxml,
  dial,
  json,
  ours,
  rest,
  start,
  statuses,
  stream,
  theirs,
  until
} from "./peer.ts"

const desk = "+442071838751"
const room = "transfer-1"
const path = (session: string) => `/calls/~/sessions/${session}/application`

/** A caller who talks to the agent, and how a destination is dialled into a room whose events are told. */
const talking = Effect.gen(function* () {
  const { carrier, peer } = yield* start()
  yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
  peer.answer = () => xml(stream(peer))
  const caller = yield* carrier.placeInbound({ from: theirs, to: ours })
  yield* caller.until((now) => now.media === "streaming")
  yield* until(() => JSON.stringify(peer.messages).includes('"start"'))
  const callback = `${peer.url}/status/transfer`
  const attributes = `endConferenceOnExit="true" statusCallback="${callback}" statusCallbackEvent="join leave" holdMusic="false"`
  const dialRoom = dial(carrier, {
    destination: desk,
    callback,
    cxml: cxml(`<Say>Connecting you now.</Say>${conference(room, attributes)}`)
  })
  const moveCaller = (after = "<Hangup/>") =>
    rest(carrier, "POST", path(caller.id), {
      cxml: cxml(conference(room, 'endConferenceOnExit="true" beep="false" holdMusic="false"') + after)
    })
  /** The conference events of a session, as they arrived. */
  const told = (session: string) =>
    at(peer, "/status/transfer")
      .map(json)
      .filter((event) => event["StatusCallbackEvent"] !== undefined && event["Session"] === session)
      .map((event) => event["StatusCallbackEvent"])
  return { carrier, peer, caller, dialRoom, moveCaller, told }
})

describe("a transfer into a conference", () => {
  it.effect(
    "joins the caller, whose stream stops, with the destination; both joins are told to the destination's address",
    () =>
      Effect.gen(function* () {
        const { caller, carrier, dialRoom, moveCaller, peer, told } = yield* talking
        const destination = yield* dialRoom
        yield* until(() => told(destination.id).length === 1)
        const joined = json(
          at(peer, "/status/transfer").find(({ body }) => body.includes("participant-join")) ?? arrived(peer, -1)
        )
        assert.include(joined, { StatusCallbackEvent: "participant-join", Session: destination.id })
        assert.include(Object.values(joined), room)
        assert.isUndefined(joined["token"])
        assert.deepStrictEqual((yield* destination.now).togetherWith, [])
        const moved = yield* moveCaller()
        assert.deepStrictEqual(moved.body, {
          domainId: 3,
          subscriberId: null,
          callerId: theirs,
          remote: ours,
          token: caller.id
        })
        const together = yield* caller.until((now) => now.togetherWith.length === 1)
        assert.deepStrictEqual(together.togetherWith, [destination.id])
        assert.strictEqual(together.media, "ended")
        assert.deepStrictEqual((yield* destination.now).togetherWith, [caller.id])
        assert.include(JSON.stringify(peer.messages.at(-1)), '"event":"stop"')
        yield* until(() => told(caller.id).length === 1)
        const shown = yield* rest(carrier, "GET", `/calls/~/conferences/${room}`)
        assert.deepStrictEqual(shown.body["members"], [destination.id, caller.id])

        yield* destination.hangUp
        const end = yield* caller.settled
        assert.deepStrictEqual([end.state, end.togetherWith, end.errors], ["completed", [], []])
        yield* destination.settled
        assert.deepStrictEqual(told(destination.id), ["participant-join", "participant-leave"])
        assert.strictEqual((yield* rest(carrier, "GET", `/calls/~/conferences/${room}`)).status, 404)
      }).pipe(Effect.scoped)
  )

  it.effect("ends for the destination when the caller hangs up", () =>
    Effect.gen(function* () {
      const { caller, dialRoom, moveCaller } = yield* talking
      const destination = yield* dialRoom
      yield* moveCaller()
      yield* destination.until((now) => now.togetherWith.length === 1)
      yield* caller.hangUp
      assert.strictEqual((yield* destination.settled).state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("leaves the caller with the agent when the destination is busy or is taken down", () =>
    Effect.gen(function* () {
      const { caller, carrier, dialRoom, peer } = yield* talking
      yield* carrier.whenDialed(desk, { outcome: "busy" })
      yield* Effect.flatMap(dialRoom, (call) => call.settled)
      assert.strictEqual(statuses(peer, "/status/transfer").at(-1), "busy")
      yield* carrier.whenDialed(desk, { outcome: "no-answer" })
      const ringing = yield* dialRoom
      yield* ringing.until((now) => now.state === "ringing")
      yield* rest(carrier, "DELETE", `/customers/self/domains/~/sessions/${ringing.id}`)
      yield* ringing.settled
      assert.strictEqual(statuses(peer, "/status/transfer").at(-1), "cancel")
      assert.strictEqual((yield* caller.now).media, "streaming")
    }).pipe(Effect.scoped)
  )

  it.effect("cannot switch a session that is over, unknown, named by the stream's callSid, or still ringing", () =>
    Effect.gen(function* () {
      const { caller, carrier, moveCaller, peer } = yield* talking
      const callSid = /"callSid":"([^"]+)"/.exec(JSON.stringify(peer.messages))?.[1] ?? assert.fail("no callSid")
      const body = { cxml: cxml("<Hangup/>") }
      assert.strictEqual((yield* rest(carrier, "POST", path(callSid), body)).status, 404)
      assert.strictEqual((yield* rest(carrier, "POST", path(caller.id), {})).status, 400)
      assert.strictEqual((yield* rest(carrier, "POST", path(caller.id), { ...body, url: peer.url })).status, 400)
      yield* carrier.whenDialed(desk, { outcome: "no-answer" })
      const ringing = yield* dial(carrier, { destination: desk, ...body })
      assert.strictEqual((yield* rest(carrier, "POST", path(ringing.id), body)).status, 400)
      yield* caller.hangUp
      assert.strictEqual((yield* moveCaller()).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("switches to an address too, and again from there", () =>
    Effect.gen(function* () {
      const { caller, carrier, moveCaller, peer } = yield* talking
      peer.answer = () => xml("<Say>Moved</Say><Pause length='60'/>")
      yield* rest(carrier, "POST", path(caller.id), { url: `${peer.url}/other` })
      yield* caller.until((now) => now.notes.includes("said: Moved"))
      assert.strictEqual(json(at(peer, "/other")[0] ?? arrived(peer, -1))["Session"], caller.id)
      yield* moveCaller("<Say>Alone again</Say>")
      const list = rest(carrier, "GET", "/calls/~/conferences")
      yield* Effect.repeat(list, { until: ({ text }) => text.includes(caller.id) })
      assert.strictEqual((yield* rest(carrier, "DELETE", `/calls/~/conferences/${room}`)).status, 204)
      const end = yield* caller.settled
      assert.deepStrictEqual(end.notes, ["said: Moved", "said: Alone again"])
    }).pipe(Effect.scoped)
  )

  it.effect("waits for somebody who starts the conference, and turns away who comes too many", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      const enter = (attributes: string) => dial(carrier, { cxml: cxml(conference(room, attributes)) })
      const waiting = yield* enter('startConferenceOnEnter="false" maxParticipants="2"')
      const other = yield* enter('startConferenceOnEnter="false" maxParticipants="2"')
      const list = rest(carrier, "GET", `/calls/~/conferences/${room}`)
      yield* Effect.repeat(list, { until: ({ text }) => text.includes(waiting.id) && text.includes(other.id) })
      assert.deepStrictEqual((yield* waiting.now).togetherWith, [])
      const full = yield* Effect.flatMap(enter('maxParticipants="2"'), (call) => call.settled)
      assert.deepStrictEqual(full.errors, [`conference: ${room} is full`])
      const starter = yield* enter("")
      yield* starter.until((now) => now.togetherWith.length === 2)
      yield* starter.hangUp
      // Nobody said that the conference ends when they leave.
      yield* waiting.until((now) => now.togetherWith.length === 1)
      assert.strictEqual((yield* waiting.now).state, "in-progress")
    }).pipe(Effect.scoped)
  )
})

describe("a blind transfer", () => {
  const run = Effect.fnUntraced(function* (behaviour: "answer" | "busy") {
    const house = yield* talking
    const { caller, carrier, peer } = house
    yield* carrier.whenDialed(desk, { outcome: behaviour })
    peer.answer = () => xml("<Say>done</Say>")
    const attributes = `callerId="${ours}" timeout="30" trunks="carrier" action="${peer.url}/result"`
    yield* rest(carrier, "POST", path(caller.id), {
      cxml: cxml(`<Dial ${attributes}><Number>${desk}</Number></Dial>`)
    })
    const destination = yield* carrier.nextOutbound
    return { ...house, destination }
  })

  it.effect("calls the number and joins the two; the result is asked for when the destination leaves", () =>
    Effect.gen(function* () {
      const { caller, destination, peer } = yield* run("answer")
      assert.deepStrictEqual([destination.from, destination.to], [ours, desk])
      yield* caller.until((now) => now.togetherWith.includes(destination.id))
      assert.deepStrictEqual((yield* destination.now).togetherWith, [caller.id])
      yield* destination.hangUp
      const end = yield* caller.settled
      assert.deepStrictEqual(end.notes, ["said: done"])
      assert.strictEqual(json(at(peer, "/result")[0] ?? arrived(peer, -1))["CallStatus"], "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("takes the destination down with the caller, and tells a busy one", () =>
    Effect.gen(function* () {
      const answered = yield* run("answer")
      yield* answered.caller.until((now) => now.togetherWith.length === 1)
      yield* answered.caller.hangUp
      assert.strictEqual((yield* answered.destination.settled).state, "completed")
      const busy = yield* run("busy")
      yield* busy.caller.settled
      assert.strictEqual(json(at(busy.peer, "/result")[0] ?? arrived(busy.peer, -1))["CallStatus"], "busy")
    }).pipe(Effect.scoped)
  )

  it.effect("does not pick up an inbound call by itself", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      peer.answer = () => xml(`<Dial><Sip>sip:desk@pbx.example</Sip></Dial>`)
      yield* carrier.whenDialed("*", { outcome: "no-answer", afterMs: 30 })
      const call = yield* carrier.placeInbound({ from: theirs, to: ours })
      assert.strictEqual((yield* carrier.nextOutbound).to, "sip:desk@pbx.example")
      assert.strictEqual((yield* call.settled).state, "no-answer")
      assert.strictEqual(credential(carrier, "domain_id"), json(arrived(peer, 0))["Domain"])
    }).pipe(Effect.scoped)
  )
})
