import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, type Scope } from "effect"
import { isFinal } from "../../../src/carrier/CallStatus.ts"
import type { PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import type { SimulatedCall } from "../../../src/simulator/SimulatorModule.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { has } from "./account.ts"
import { house, ours, reference, speech, theirs, third } from "./house.ts"

const audio = { format: { encoding: "mulaw", sampleRate: 8000 }, bytes: speech } as const
const alaw = { format: { encoding: "alaw", sampleRate: 8000 }, bytes: speech } as const

type House = Effect.Success<typeof house>

const within = (use: (setting: House) => Effect.Effect<void, unknown, Scope.Scope | Pacer>) =>
  house.pipe(Effect.flatMap(use), Effect.scoped, Effect.provide(Pacer.layer))

const dialOf = ({ links, mediaUrl }: House): PlaceCall => ({
  callId: "run-42",
  from: ours,
  to: theirs,
  links,
  mediaUrl: Effect.succeed(mediaUrl),
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 120
})

/** Waits for a condition that is not the call's, on the real clock. */
const eventually = (condition: () => boolean) =>
  Effect.repeat(Effect.sync(condition), { until: (holds) => holds, schedule: Schedule.spaced("10 millis") })

const heardAll = (call: SimulatedCall) =>
  call.until(({ heard }) => Buffer.from(heard.played).includes(Buffer.from(speech)))

const setUp = ({ provider, base }: House) =>
  has(provider.configureInbound)({
    address: ours,
    addressType: "pstn",
    webhookUrl: `${base}/inbound/telnyx/token`,
    statusUrl: `${base}/telnyx/number-status/token`,
    ownUrlPrefix: `${base}/`
  })

describe("with a Telnyx that was written from its documents alone", () => {
  it.live("a call that we place is connected while it rings, heard, reported, hung up, and paid for", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { carrier, provider, told } = setting
        yield* setUp(setting)
        yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 200, audio })
        const placed = yield* provider.placeCall(dialOf(setting))
        const call = yield* carrier.nextOutbound
        assert.strictEqual(placed.providerCallId, call.id)
        yield* heardAll(call)
        const lost = yield* provider.callStatus(reference(undefined))
        assert.strictEqual(lost?.providerCallId, call.id)
        yield* has(provider.sendDigits)(reference(call.id), "12#")
        yield* provider.hangUp(reference(call.id))
        const end = yield* call.settled
        assert.deepStrictEqual(end.errors, [])
        yield* provider.hangUp(reference(call.id))
        assert.deepStrictEqual(
          told.reports.map(({ status }) => status),
          ["initiated", "in-progress", "completed", undefined]
        )
        assert.deepStrictEqual(told.notes, ["streaming.started", "streaming.stopped"])
        assert.strictEqual(told.reports.at(-1)?.cost?.currency, "USD")
        assert.deepStrictEqual(told.refused, [])
        const memory = { answered_at: "2025-11-23T03:30:00Z" }
        const last = yield* provider.callStatus({ ...reference(call.id), memory })
        assert.strictEqual(last?.status, "completed")
        assert.isUndefined(yield* provider.callStatus(reference(undefined)))
      })
    )
  )

  for (const [behaviour, status] of [
    [{ outcome: "busy", afterMs: 20 }, "busy"],
    [{ outcome: "no-answer", afterMs: 20 }, "no-answer"],
    [{ outcome: "failed", afterMs: 20, sipCode: 480 }, "no-answer"],
    [{ outcome: "failed", afterMs: 20, sipCode: 603 }, "failed"]
  ] as const) {
    it.live(`a destination that is ${JSON.stringify(behaviour)} is reported as ${status}`, () =>
      within(
        Effect.fnUntraced(function* (setting) {
          const { carrier, provider, told } = setting
          yield* carrier.whenDialed(theirs, behaviour)
          yield* provider.placeCall(dialOf(setting))
          yield* (yield* carrier.nextOutbound).settled
          assert.strictEqual(told.reports.at(-1)?.status, status)
          // The socket was open, and went without a word.
          yield* eventually(() => told.media.length === 1)
          assert.deepStrictEqual(told.media, ["closed"])
        })
      )
    )
  }

  it.live("a number is set up, takes calls in the caller's codec, and stays with its application", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { carrier, provider, base, told } = setting
        assert.isTrue((yield* provider.testConnection).ok)
        assert.strictEqual(yield* has(provider.ownsNumber)(ours), "owned")
        assert.strictEqual(yield* has(provider.ownsNumber)(theirs), "not-owned")
        assert.deepStrictEqual(yield* setUp(setting), { ok: true, message: "Calls to the number arrive here." })
        assert.deepStrictEqual(yield* setUp(setting), { ok: true, message: "Calls to the number arrive here." })
        assert.strictEqual(yield* carrier.inboundWebhook(ours), `${base}/inbound/telnyx/token`)
        for (const said of [audio, alaw]) {
          const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio: said })
          yield* call.until(({ heard }) => heard.played.length >= speech.length)
          yield* call.hangUp
          assert.deepStrictEqual((yield* call.settled).errors, [])
          assert.strictEqual(told.inbound.at(-1)?.providerCallId, call.id)
          assert.strictEqual(told.inbound.at(-1)?.from, theirs)
        }
        assert.isFalse(told.reports.some(({ status }) => status === "failed" || status === "canceled"))
        const detached = yield* has(provider.configureInbound)({
          address: ours,
          addressType: "pstn",
          webhookUrl: undefined,
          statusUrl: "",
          ownUrlPrefix: base
        })
        assert.isTrue(detached.ok)
      })
    )
  )

  it.live("a call is turned away before it is answered", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { carrier, doors, told } = setting
        yield* setUp(setting)
        doors.isOpen = false
        const call = yield* carrier.placeInbound({ from: theirs, to: ours })
        const end = yield* call.settled
        assert.strictEqual(end.media, "none")
        assert.notStrictEqual(end.state, "completed")
        assert.isTrue(told.reports[0]?.status !== undefined && isFinal(told.reports[0].status))
      })
    )
  )

  it.live("a caller who gives up before we answer has canceled the call", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { carrier, told } = setting
        yield* setUp(setting)
        yield* carrier.faults.use("rest-dead", { only: /answer/ })
        const call = yield* carrier.placeInbound({ from: theirs, to: ours })
        yield* eventually(() => told.inbound.length === 1)
        yield* call.hangUp
        yield* call.ended
        yield* eventually(() => told.reports.length > 0)
        assert.strictEqual(told.reports[0]?.status, "canceled")
      })
    )
  )

  it.live("a forged, missing or old signature gets nowhere", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { carrier, told } = setting
        yield* setUp(setting)
        for (const fault of ["signature-wrong", "signature-missing", "signature-stale"] as const) {
          const call = yield* carrier.placeInbound({ from: theirs, to: ours, faults: [fault] })
          yield* call.until(({ callbacks }) => callbacks.length > 0)
          yield* call.hangUp
          yield* call.settled
        }
        assert.deepStrictEqual(told.inbound, [])
        assert.deepStrictEqual(told.reports, [])
        assert.isAtLeast(told.refused.length, 3)
      })
    )
  )

  it.live("an announcement that comes twice is answered once: the command is the same", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { carrier, told } = setting
        yield* setUp(setting)
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio, faults: ["webhook-duplicated"] })
        yield* heardAll(call)
        yield* eventually(() => told.inbound.length === 2)
        yield* call.hangUp
        assert.deepStrictEqual((yield* call.settled).errors, [])
        assert.deepStrictEqual(told.notes, ["streaming.started", "streaming.stopped"])
      })
    )
  )

  it.live("audio that comes out of order is heard in order, and one event that comes twice has one key", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { carrier, told } = setting
        yield* setUp(setting)
        const faults = ["media-reordered", "callbacks-duplicated"] as const
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio, faults })
        yield* heardAll(call)
        yield* call.hangUp
        yield* call.settled
        const keys = told.reports.map(({ dedupeKey }) => dedupeKey)
        assert.isAbove(keys.length, new Set(keys).size)
      })
    )
  )

  it.live("a media socket that announces another call is given up", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { carrier, told } = setting
        yield* setUp(setting)
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, faults: ["media-wrong-call"] })
        yield* eventually(() => told.media.length === 1)
        assert.deepStrictEqual(told.media, ["wrong-call"])
        yield* call.hangUp
        yield* call.settled
      })
    )
  )
})

describe("a transfer at that Telnyx", () => {
  /** A caller who talks to us, and a destination that behaves so and was dialled. */
  const dialled = Effect.fnUntraced(function* (
    setting: House,
    behaviour: Parameters<House["carrier"]["whenDialed"]>[1]
  ) {
    const { carrier, plan, provider } = setting
    yield* setUp(setting)
    yield* carrier.whenDialed(third, behaviour)
    const caller = yield* carrier.placeInbound({ from: theirs, to: ours, audio })
    yield* caller.until(({ media }) => media === "streaming")
    const strategy = has(provider.transfer)
    const transfer = plan(reference(caller.id))
    const placed = yield* strategy.dial(transfer)
    const destination = yield* carrier.nextOutbound
    assert.strictEqual(placed.providerCallId, destination.id)
    return {
      caller,
      destination,
      strategy,
      transfer: { ...transfer, destinationCallId: placed.providerCallId, destinationMemory: {} }
    }
  })

  it.live("joins the caller and the destination, ends the stream, and both end with the caller", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { told } = setting
        const { caller, destination, strategy, transfer } = yield* dialled(setting, { outcome: "answer", afterMs: 50 })
        yield* eventually(() => told.legs.some(({ state }) => state === "answered"))
        yield* strategy.join(transfer)
        yield* caller.until(({ togetherWith }) => togetherWith[0] === destination.id)
        yield* destination.until(({ togetherWith }) => togetherWith[0] === caller.id)
        yield* caller.until(({ media }) => media === "ended")
        yield* strategy.join(transfer)
        assert.deepStrictEqual((yield* caller.now).togetherWith, [destination.id])
        assert.strictEqual((yield* strategy.status(transfer))?.providerCallId, destination.id)
        yield* caller.hangUp
        yield* caller.settled
        yield* destination.settled
        assert.deepStrictEqual(
          told.legs.map(({ state }) => state),
          ["ringing", "answered", "ended"]
        )
        yield* strategy.drop(transfer)
      })
    )
  )

  it.live("drops a destination that is in the conference: the caller is left for us to hang up", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { provider, told } = setting
        const { caller, destination, strategy, transfer } = yield* dialled(setting, { outcome: "answer", afterMs: 50 })
        yield* eventually(() => told.legs.some(({ state }) => state === "answered"))
        yield* strategy.join(transfer)
        yield* strategy.drop(transfer)
        yield* destination.settled
        assert.strictEqual((yield* caller.now).state, "in-progress")
        yield* provider.hangUp(reference(caller.id))
        yield* caller.settled
      })
    )
  )

  it.live("drops a destination that rings, found by our own state if its dial was lost", () =>
    within(
      Effect.fnUntraced(function* (setting) {
        const { told } = setting
        const { caller, destination, strategy, transfer } = yield* dialled(setting, { outcome: "no-answer" })
        assert.strictEqual(
          (yield* strategy.status({ ...transfer, destinationCallId: undefined }))?.providerCallId,
          destination.id
        )
        yield* strategy.drop({ ...transfer, destinationCallId: undefined })
        yield* destination.settled
        assert.strictEqual(told.legs.at(-1)?.state, "ended")
        assert.strictEqual((yield* caller.now).media, "streaming")
      })
    )
  )

  for (const [behaviour, failure] of [
    [{ outcome: "busy", afterMs: 20 }, "busy"],
    [{ outcome: "no-answer", afterMs: 20 }, "no_answer"],
    [{ outcome: "failed", afterMs: 20, sipCode: 404 }, "unreachable"],
    [{ outcome: "failed", afterMs: 20, sipCode: 603 }, "rejected"]
  ] as const) {
    it.live(`leaves the caller with us when the destination is ${JSON.stringify(behaviour)}`, () =>
      within(
        Effect.fnUntraced(function* (setting) {
          const { caller, destination } = yield* dialled(setting, behaviour)
          yield* destination.settled
          assert.strictEqual(setting.told.legs.at(-1)?.failure, failure)
          assert.strictEqual((yield* caller.now).media, "streaming")
        })
      )
    )
  }
})
