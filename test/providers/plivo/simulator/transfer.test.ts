import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { xml } from "../../../simulator/service.ts"
import { dialBody, ours, person, rest, start, streaming, until } from "./peer.ts"

const colleague = "+14155550111"

const conference = (url: string, extra = 'endConferenceOnExit="true"') =>
  xml(
    `<Speak>You are being connected.</Speak>` +
      `<Conference ${extra} callbackUrl="${url}/status/conference">transfer-1</Conference>`
  )

/** A caller who talks to the service's stream, and a colleague who has answered in the conference. */
const transferring = Effect.fnUntraced(function* (extra?: string) {
  const { carrier, peer } = yield* start()
  peer.answer = ({ target }) =>
    target.startsWith("/transfer-xml")
      ? conference(peer.url, extra)
      : streaming(peer, `statusCallbackUrl="${peer.url}/status/s"`)
  const caller = yield* carrier.placeInbound({ from: person, to: ours })
  yield* caller.until((now) => now.media === "streaming")
  const placed = yield* rest(carrier, "POST", "Call/", {
    ...dialBody(peer),
    to: colleague,
    answer_url: `${peer.url}/transfer-xml/1`,
    hangup_url: `${peer.url}/status/transfer-result/1`,
    ring_timeout: 30
  })
  const other = yield* carrier.nextOutbound
  assert.strictEqual(placed.body["request_uuid"], other.id)
  yield* until(() => peer.arrived.some(({ fields }) => fields["ConferenceAction"] === "enter"))
  const move = rest(carrier, "POST", `Call/${caller.id}/`, {
    legs: "aleg",
    aleg_url: `${peer.url}/transfer-xml/1?leg=aleg`,
    aleg_method: "POST"
  })
  return { carrier, peer, caller, other, move }
})

describe("a warm transfer", () => {
  it.effect("stops the caller's stream and joins both in the conference, until one of them leaves", () =>
    Effect.gen(function* () {
      const { caller, move, other, peer } = yield* transferring()
      assert.deepStrictEqual((yield* other.now).togetherWith, [])
      const moved = yield* move
      assert.deepStrictEqual([moved.status, moved.body["message"]], [202, "call transferred"])
      const joined = yield* caller.until((now) => now.togetherWith.length > 0)
      assert.deepStrictEqual([joined.togetherWith, joined.media], [[other.id], "ended"])
      assert.deepStrictEqual((yield* other.now).togetherWith, [caller.id])
      yield* until(() => peer.sockets.every((socket) => socket.readyState === socket.CLOSED))
      const asked = joined.callbacks.findLast(({ subject }) => subject === "voice")
      assert.strictEqual(asked?.url, `${peer.url}/transfer-xml/1?leg=aleg`)
      assert.deepInclude(asked?.fields ?? {}, { CallUUID: caller.id, Event: "Redirect", CallStatus: "in-progress" })
      yield* other.hangUp
      const end = yield* caller.settled
      assert.deepStrictEqual([end.state, end.togetherWith], ["completed", []])
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], "4010")
      assert.strictEqual((yield* other.settled).callbacks.at(-1)?.fields["HangupSource"], "Callee")
      const subjects = end.callbacks.map(({ subject }) => subject).filter((subject) => subject !== "voice")
      assert.deepStrictEqual(subjects, [
        "stream:StartStream",
        "stream:StopStream",
        "conference:enter",
        "conference:exit",
        "status:Hangup"
      ])
      const events = peer.arrived.filter(({ target }) => target === "/status/conference").map(({ fields }) => fields)
      assert.deepInclude(events[0] ?? {}, {
        ConferenceName: "transfer-1",
        ConferenceMemberID: "1",
        ConferenceFirstMember: "true",
        CallUUID: other.id
      })
      assert.deepInclude(events[1] ?? {}, { ConferenceFirstMember: "false", CallUUID: caller.id })
      assert.strictEqual(new Set(events.map((fields) => fields["ConferenceUUID"])).size, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("leaves the other one alone where the conference does not end with the member who goes", () =>
    Effect.gen(function* () {
      const { caller, move, other } = yield* transferring("")
      yield* move
      yield* caller.until((now) => now.togetherWith.length > 0)
      yield* other.hangUp
      yield* other.settled
      const alone = yield* caller.now
      assert.deepStrictEqual([alone.state, alone.togetherWith], ["in-progress", []])
      yield* caller.hangUp
      yield* caller.settled
    }).pipe(Effect.scoped)
  )

  it.effect("ends a conference for who may not stay alone, and starts one only with who may start it", () =>
    Effect.gen(function* () {
      const { caller, move, other, peer } = yield* transferring('stayAlone="false" startConferenceOnEnter="false"')
      yield* move
      yield* until(() => peer.arrived.filter(({ fields }) => fields["ConferenceAction"] === "enter").length === 2)
      assert.deepStrictEqual((yield* caller.now).togetherWith, [])
      yield* other.hangUp
      assert.strictEqual((yield* caller.settled).state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("is refused for a call that is over or rings, and without a URL", () =>
    Effect.gen(function* () {
      const { caller, carrier, move, other, peer } = yield* transferring()
      const post = (id: string, body: unknown) => rest(carrier, "POST", `Call/${id}/`, body)
      assert.strictEqual((yield* post(caller.id, { legs: "aleg" })).status, 400)
      assert.strictEqual((yield* post(caller.id, { legs: "cleg", aleg_url: peer.url })).status, 400)
      assert.strictEqual((yield* post(caller.id, { legs: "bleg", bleg_url: peer.url })).status, 404)
      yield* caller.hangUp
      yield* caller.settled
      assert.strictEqual((yield* move).status, 404)
      yield* other.hangUp
      yield* carrier.whenDialed("*", { outcome: "no-answer" })
      yield* rest(carrier, "POST", "Call/", dialBody(peer))
      const ringing = yield* carrier.nextOutbound
      yield* ringing.until((now) => now.state === "ringing")
      assert.strictEqual((yield* post(ringing.id, { aleg_url: `${peer.url}/x` })).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("to a URL that fails ends the call with 7013, to markup that does with 8013", () =>
    Effect.gen(function* () {
      for (const [reply, code] of [
        [{ status: 500 }, "7013"],
        [xml("<Gather/>"), "8013"]
      ] as const) {
        const { caller, move, peer } = yield* transferring()
        peer.answer = () => reply
        yield* move
        assert.strictEqual((yield* caller.settled).callbacks.at(-1)?.fields["HangupCauseCode"], code)
      }
    }).pipe(Effect.scoped)
  )
})

describe("a cold transfer", () => {
  const dialling = Effect.fnUntraced(function* (attributes = "", number = colleague.slice(1)) {
    const { carrier, peer } = yield* start()
    const action = `action="${peer.url}/dial-result/1" callbackUrl="${peer.url}/status/dial"`
    const dial = `<Dial callerId="14155550100" timeout="1" ${action} ${attributes}><Number>${number}</Number></Dial>`
    peer.answer = ({ target }) =>
      target === "/dial-result/1"
        ? xml("<Speak>Back again</Speak>")
        : xml(`<Speak>Connecting you.</Speak>${dial}<Speak>After</Speak>`)
    return { carrier, peer }
  })

  it.effect("bridges with the dialled leg, and tells the action when that one has gone", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* dialling()
      const caller = yield* carrier.placeInbound({ from: person, to: ours })
      const other = yield* carrier.nextOutbound
      assert.deepStrictEqual([other.from, other.to], [ours, colleague])
      const joined = yield* caller.until((now) => now.togetherWith.length > 0)
      assert.deepStrictEqual(joined.togetherWith, [other.id])
      yield* other.hangUp
      const end = yield* caller.settled
      assert.deepStrictEqual(end.notes, ["said: Connecting you.", "said: Back again"])
      const told = peer.arrived.find(({ target }) => target === "/dial-result/1")?.fields ?? {}
      assert.deepInclude(told, { DialStatus: "completed", DialRingStatus: "true", DialBLegUUID: other.id })
      assert.deepInclude(told, { CallUUID: caller.id, DialALegUUID: caller.id, DialHangupCause: "NORMAL_CLEARING" })
      const actions = peer.arrived.filter(({ target }) => target === "/status/dial").map(({ fields }) => fields)
      assert.deepStrictEqual(
        actions.map((fields) => [fields["DialAction"], fields["DialBLegUUID"]]),
        [
          ["answer", other.id],
          ["connected", other.id],
          ["hangup", other.id]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("tells the action why nobody came, and goes on in the document without redirect", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* dialling('redirect="false"')
      const outcomes = [
        [{ outcome: "busy" }, "busy"],
        [{ outcome: "no-answer" }, "timeout"],
        [{ outcome: "failed" }, "failed"]
      ] as const
      for (const [behaviour, status] of outcomes) {
        yield* carrier.whenDialed(colleague, behaviour)
        const end = yield* Effect.flatMap(carrier.placeInbound({ from: person, to: ours }), (call) => call.settled)
        assert.deepStrictEqual(end.notes, ["said: Connecting you.", "said: After"])
        const told = peer.arrived.findLast(({ target }) => target === "/dial-result/1")?.fields ?? {}
        assert.strictEqual(told["DialStatus"], status)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("releases the dialled leg when the caller goes, while it rings and while they talk", () =>
    Effect.gen(function* () {
      const { carrier } = yield* dialling()
      const caller = yield* carrier.placeInbound({ from: person, to: ours })
      const other = yield* carrier.nextOutbound
      yield* caller.until((now) => now.togetherWith.length > 0)
      yield* caller.hangUp
      assert.deepStrictEqual([(yield* other.settled).state, (yield* caller.settled).state], ["completed", "completed"])

      yield* carrier.whenDialed(colleague, { outcome: "no-answer" })
      const second = yield* carrier.placeInbound({ from: person, to: ours })
      const ringing = yield* carrier.nextOutbound
      yield* ringing.until((now) => now.state === "ringing")
      yield* second.hangUp
      assert.strictEqual((yield* ringing.settled).state, "canceled")
    }).pipe(Effect.scoped)
  )

  it.effect("moves the dialled leg, or both, by the API", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* dialling()
      const caller = yield* carrier.placeInbound({ from: person, to: ours })
      const other = yield* carrier.nextOutbound
      yield* caller.until((now) => now.togetherWith.length > 0)
      peer.answer = ({ target }) => (target.startsWith("/move") ? conference(peer.url) : xml(""))
      const moved = yield* rest(carrier, "POST", `Call/${caller.id}/`, {
        legs: "both",
        aleg_url: `${peer.url}/move/a`,
        bleg_url: `${peer.url}/move/b`
      })
      assert.strictEqual(moved.status, 202)
      const conferenceOf = (id: string) =>
        peer.arrived.some(({ fields }) => fields["ConferenceAction"] === "enter" && fields["CallUUID"] === id)
      yield* until(() => conferenceOf(caller.id) && conferenceOf(other.id))
      yield* caller.until((now) => now.togetherWith.includes(other.id))
      yield* caller.hangUp
      assert.strictEqual((yield* other.settled).state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("lets the first who answers stay; the others have lost the race", () =>
    Effect.gen(function* () {
      const { carrier } = yield* dialling("", `${colleague.slice(1)}</Number><Number>14155550112`)
      yield* carrier.whenDialed("14155550112", { outcome: "answer", afterMs: 800 })
      const caller = yield* carrier.placeInbound({ from: person, to: ours })
      const [first, second] = [yield* carrier.nextOutbound, yield* carrier.nextOutbound]
      yield* caller.until((now) => now.togetherWith.includes(first.id))
      assert.strictEqual((yield* second.settled).state, "canceled")
      yield* caller.hangUp
      yield* first.settled
    }).pipe(Effect.scoped)
  )
})
