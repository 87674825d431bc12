import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { VobizOptions } from "../../../../src/providers/vobiz/simulator/settings.ts"
import type { Service } from "../../../simulator/service.ts"
import { dialBody, markup, ours, person, rest, start, streamTo } from "./support.ts"

const target = "+919800000002"

const conference = (at: Service, attributes = 'stayAlone="true" endConferenceOnExit="true"') =>
  markup(`<Conference ${attributes} callbackUrl="${at.url}/status/room">transfer-1</Conference>`)

/** A caller whose stream is up, and a way to send the call elsewhere. */
const talking = Effect.fnUntraced(function* (options: VobizOptions = {}) {
  const { at, carrier } = yield* start(options)
  const answers = new Map<string, ReturnType<typeof markup>>()
  at.answer = ({ target: path }) => answers.get(path.split("?")[0] ?? "") ?? streamTo(at)
  const caller = yield* carrier.placeInbound({ from: person, to: ours })
  yield* caller.until((now) => now.media === "streaming")
  const redirect = (id: string, body: object = {}) =>
    rest(carrier, "POST", `/Call/${id}/`, {
      legs: "aleg",
      aleg_url: `${at.url}/transfer/1`,
      aleg_method: "POST",
      ...body
    })
  const dialTarget = Effect.gen(function* () {
    yield* rest(carrier, "POST", "/Call/", {
      ...dialBody(at),
      to: "919800000002",
      answer_url: `${at.url}/target/1`,
      hangup_url: `${at.url}/status/target`
    })
    return yield* carrier.nextOutbound
  })
  return { answers, at, caller, carrier, dialTarget, redirect }
})

const arrivedAt = (at: Service, path: string) =>
  at.arrived.filter(({ target: each }) => each === path).map(({ fields }) => fields)

const dial = (at: Service, more = "", after = "") =>
  markup(
    `<Speak>Connecting you.</Speak><Dial callerId="911140000001" timeout="0.4" action="${at.url}/action" ` +
      `callbackUrl="${at.url}/status/dial" ${more}><Number>919800000002</Number></Dial>${after}`
  )

describe("a transfer into a conference", () => {
  const both = Effect.fnUntraced(function* (attributes?: string) {
    const { answers, at, caller, carrier, dialTarget, redirect } = yield* talking()
    answers.set("/target/1", conference(at, attributes))
    answers.set("/transfer/1", conference(at, attributes))
    const second = yield* dialTarget
    yield* second.until((now) => now.callbacks.some(({ subject }) => subject === "conference:ConferenceEnter"))
    const moved = yield* redirect(caller.id)
    assert.strictEqual(moved.status, 202)
    assert.deepStrictEqual([moved.body["message"], moved.body["call_uuid"]], ["call transferred", caller.id])
    const now = yield* caller.until(({ togetherWith }) => togetherWith.length === 1)
    assert.deepStrictEqual(now.togetherWith, [second.id])
    assert.deepStrictEqual((yield* second.now).togetherWith, [caller.id])
    return { at, caller, carrier, second }
  })

  it.effect("stops the caller's stream, asks for markup and joins both; when one leaves it ends for all", () =>
    Effect.gen(function* () {
      const { at, caller, second } = yield* both()
      assert.strictEqual((yield* caller.now).media, "ended")
      assert.strictEqual((yield* caller.now).state, "in-progress")
      const [asked] = arrivedAt(at, "/transfer/1")
      assert.deepInclude(asked, { CallUUID: caller.id, CallStatus: "in-progress", Event: "Redirect" })
      yield* second.hangUp
      const end = yield* caller.settled
      yield* second.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.togetherWith, [])
      assert.deepInclude(end.callbacks.at(-1)?.fields, { HangupCauseCode: "4010" })
      assert.deepInclude(arrivedAt(at, "/status/target").at(-1), {
        HangupCauseCode: "4000",
        HangupSource: "Call recipient"
      })
      const room = arrivedAt(at, "/status/room")
      const enters = room.filter(({ Event }) => Event === "ConferenceEnter")
      assert.deepStrictEqual(
        enters.map((fields) => [fields["CallUUID"], fields["ConferenceFirstMember"], fields["CallStatus"]]),
        [
          [second.id, "true", "in-progress"],
          [caller.id, "false", "in-progress"]
        ]
      )
      assert.deepStrictEqual(new Set(room.map(({ ConferenceUUID }) => ConferenceUUID)).size, 1)
      const exits = room.filter(({ Event }) => Event === "ConferenceExit")
      assert.deepStrictEqual(new Set(exits.map(({ CallUUID }) => CallUUID)), new Set([caller.id, second.id]))
      assert.deepStrictEqual(
        new Set(exits.map(({ ConferenceLastMember }) => ConferenceLastMember)),
        new Set(["false", "true"])
      )
      assert.isTrue(exits.every((fields) => !("From" in fields)))
    }).pipe(Effect.scoped)
  )

  it.effect("keeps the other where nobody ends the conference and staying alone is allowed", () =>
    Effect.gen(function* () {
      const { caller, second } = yield* both('stayAlone="true"')
      yield* caller.hangUp
      yield* caller.settled
      const now = yield* second.until(({ togetherWith }) => togetherWith.length === 0)
      assert.strictEqual(now.state, "in-progress")
      yield* second.hangUp
      yield* second.settled
    }).pipe(Effect.scoped)
  )

  it.effect("drops a lone first member unless stayAlone is set", () =>
    Effect.gen(function* () {
      const { answers, at, dialTarget } = yield* talking()
      answers.set("/target/1", conference(at, ""))
      const second = yield* dialTarget
      const end = yield* second.settled
      assert.include(end.notes, "left the conference transfer-1: alone")
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], "4010")
    }).pipe(Effect.scoped)
  )

  it.effect("fails where the call is not up, the URL is missing or cannot be reached", () =>
    Effect.gen(function* () {
      const { answers, caller, redirect } = yield* talking()
      assert.strictEqual((yield* redirect("unknown")).status, 404)
      assert.strictEqual((yield* redirect(caller.id, { aleg_url: "" })).status, 400)
      assert.strictEqual((yield* redirect(caller.id, { legs: "cleg" })).status, 400)
      assert.strictEqual((yield* redirect(caller.id, { legs: "both" })).status, 400)
      assert.strictEqual((yield* caller.now).media, "streaming")
      answers.set("/transfer/1", { type: "application/xml", body: "<Response><Say>x</Say></Response>" })
      yield* redirect(caller.id)
      assert.strictEqual((yield* caller.settled).callbacks.at(-1)?.fields["HangupCauseCode"], "8013")
      assert.strictEqual((yield* redirect(caller.id)).status, 404)
    }).pipe(Effect.scoped)
  )
})

describe("a transfer by <Dial>", () => {
  it.effect("bridges, and ends in the documented order: the action comes after the hangup", () =>
    Effect.gen(function* () {
      const { answers, at, caller, carrier, redirect } = yield* talking()
      answers.set("/transfer/1", dial(at, "", "<Speak>Nobody is available.</Speak>"))
      yield* redirect(caller.id)
      const second = yield* carrier.nextOutbound
      assert.deepStrictEqual([second.from, second.to], [ours, target])
      yield* caller.until(({ togetherWith }) => togetherWith[0] === second.id)
      assert.deepStrictEqual((yield* second.now).togetherWith, [caller.id])
      yield* second.hangUp
      const end = yield* caller.settled
      assert.notInclude(end.notes, "said: Nobody is available.")
      const order = end.callbacks.map(({ fields }) => fields["Event"]).slice(-5)
      assert.deepStrictEqual(order, ["DialAnswer", "DialConnected", "DialHangup", "Hangup", "Redirect"])
      assert.deepInclude(arrivedAt(at, "/status/dial").at(-1), {
        DialAction: "hangup",
        DialALegUUID: caller.id,
        DialBLegUUID: second.id,
        DialBLegHangupCauseCode: "4000",
        DialBLegHangupSource: "Call recipient"
      })
      assert.deepInclude(arrivedAt(at, "/action").at(-1), { DialStatus: "completed", DialBLegUUID: second.id })
      assert.deepStrictEqual((yield* second.settled).callbacks, [])
    }).pipe(Effect.scoped)
  )

  it.effect("takes the dialled leg down when the caller hangs up, while it rings or talks", () =>
    Effect.gen(function* () {
      const { answers, at, caller, carrier, redirect } = yield* talking()
      answers.set("/transfer/1", dial(at))
      yield* redirect(caller.id)
      const second = yield* carrier.nextOutbound
      yield* caller.until(({ togetherWith }) => togetherWith.length > 0)
      yield* caller.hangUp
      const end = yield* caller.settled
      assert.strictEqual((yield* second.settled).state, "completed")
      const events = end.callbacks.map(({ fields }) => fields["Event"]).slice(-3)
      assert.deepStrictEqual(events, ["DialHangup", "Hangup", "Redirect"])

      yield* carrier.whenDialed(target, { outcome: "no-answer" })
      const again = yield* carrier.placeInbound({ from: person, to: ours })
      yield* again.until((now) => now.media === "streaming")
      yield* redirect(again.id)
      const ringing = yield* carrier.nextOutbound
      yield* again.hangUp
      assert.strictEqual((yield* ringing.settled).state, "canceled")
      yield* again.settled
    }).pipe(Effect.scoped)
  )

  it.effect("asks the action when nobody answers, or runs what follows the element", () =>
    Effect.gen(function* () {
      const { answers, at, caller, carrier, redirect } = yield* talking()
      yield* carrier.whenDialed(target, { outcome: "no-answer" })
      answers.set("/transfer/1", dial(at))
      answers.set("/action", streamTo(at))
      const streams = () => at.upgrades.length
      const before = streams()
      yield* redirect(caller.id)
      yield* caller.until((now) => now.media === "streaming" && streams() > before)
      assert.deepInclude(arrivedAt(at, "/action").at(-1), {
        DialStatus: "timeout",
        Event: "Redirect",
        CallUUID: caller.id
      })
      const [told, ...others] = arrivedAt(at, "/status/dial")
      assert.deepInclude(told, { Event: "DialHangup", DialBLegHangupCauseCode: "6010" })
      assert.lengthOf(others, 0)

      yield* carrier.whenDialed(target, { outcome: "busy" })
      answers.set("/transfer/1", dial(at, 'redirect="false"', "<Speak>Nobody is available.</Speak><Hangup/>"))
      yield* redirect(caller.id)
      const end = yield* caller.settled
      assert.include(end.notes, "said: Nobody is available.")
      assert.deepInclude(arrivedAt(at, "/action").at(-1), { DialStatus: "busy" })
    }).pipe(Effect.scoped)
  )

  it.effect("refuses a callerId that is not owned, and lets the first to answer win", () =>
    Effect.gen(function* () {
      const { answers, at, caller, carrier, redirect } = yield* talking()
      answers.set(
        "/transfer/1",
        markup('<Dial callerId="912222222222"><Number>919800000002</Number></Dial><Wait length="60"/>')
      )
      yield* redirect(caller.id)
      const refused = yield* caller.until(({ errors }) => errors.length > 0)
      assert.match(refused.errors[0] ?? "", /^3030/)

      yield* carrier.whenDialed("+919800000003", { outcome: "no-answer" })
      const two = "<Number>919800000003</Number><Number>919800000002</Number>"
      answers.set("/transfer/1", markup(`<Dial>${two}</Dial>`))
      yield* redirect(caller.id)
      const loser = yield* carrier.nextOutbound
      const winner = yield* carrier.nextOutbound
      yield* caller.until(({ togetherWith }) => togetherWith[0] === winner.id)
      assert.strictEqual((yield* loser.settled).state, "canceled")
      yield* caller.hangUp
      yield* caller.settled
      assert.lengthOf(arrivedAt(at, "/status/dial"), 0)
    }).pipe(Effect.scoped)
  )

  it.effect("lets the call go on when the dialled leg is sent elsewhere", () =>
    Effect.gen(function* () {
      const { answers, at, caller, carrier, redirect } = yield* talking()
      answers.set("/transfer/1", dial(at, "", '<Speak>Alone again.</Speak><Wait length="60"/>'))
      answers.set("/b", markup('<Wait length="60"/>'))
      for (const kind of ["by the call", "by the leg"]) {
        yield* redirect(caller.id)
        const second = yield* carrier.nextOutbound
        yield* caller.until(({ togetherWith }) => togetherWith.length > 0)
        if (kind === "by the call") yield* redirect(caller.id, { legs: "bleg", bleg_url: `${at.url}/b` })
        else yield* redirect(second.id, { aleg_url: `${at.url}/b` })
        yield* caller.until(
          ({ notes, togetherWith }) => togetherWith.length === 0 && notes.at(-1) === "said: Alone again."
        )
        assert.strictEqual((yield* second.now).state, "in-progress")
        yield* second.hangUp
        yield* second.settled
      }
      yield* caller.hangUp
      yield* caller.settled
    }).pipe(Effect.scoped)
  )

  it.effect("sends both legs elsewhere", () =>
    Effect.gen(function* () {
      const { answers, at, caller, carrier, redirect } = yield* talking()
      answers.set("/transfer/1", dial(at))
      answers.set("/b", conference(at))
      answers.set("/a", conference(at))
      yield* redirect(caller.id)
      const second = yield* carrier.nextOutbound
      yield* caller.until(({ togetherWith }) => togetherWith.length > 0)
      yield* redirect(caller.id, { legs: "both", aleg_url: `${at.url}/a`, bleg_url: `${at.url}/b` })
      yield* second.until(({ callbacks }) => callbacks.some(({ fields }) => fields["Event"] === "ConferenceEnter"))
      const now = yield* caller.until(
        ({ callbacks, togetherWith }) =>
          togetherWith.length > 0 && callbacks.some(({ fields }) => fields["Event"] === "ConferenceEnter")
      )
      assert.deepStrictEqual(now.togetherWith, [second.id])
      yield* caller.hangUp
      yield* second.settled
      yield* caller.settled
    }).pipe(Effect.scoped)
  )
})
