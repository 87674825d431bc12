import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, type Scope } from "effect"
import { Pacer } from "../../../src/transport/pacer.ts"
import { house, human, idOf, ours, theirs } from "./house.ts"

/** Half a second of something that is not silence: 16 kHz, two bytes per sample. */
const speech = Uint8Array.from({ length: 16_000 }, (_, index) => (index % 2 === 0 ? index % 251 : 0x10 + (index % 61)))
const audio = { format: { encoding: "pcm_s16le", sampleRate: 16_000 }, bytes: speech } as const

const within = <A, E>(use: Effect.Effect<A, E, Scope.Scope | Pacer>) =>
  use.pipe(Effect.scoped, Effect.provide(Pacer.layer))

/** Looks until it is so. */
const eventually = (isSo: () => boolean) =>
  Effect.asVoid(Effect.repeat(Effect.sync(isSo), { until: (so) => so, schedule: Schedule.spaced("10 millis") }))

const includes = (heard: Uint8Array, wanted: Uint8Array) => Buffer.from(heard).includes(Buffer.from(wanted))

describe("with a Vonage that was written from its documents alone", () => {
  it.live("a call that we place is answered, heard, reported, hung up, and paid for", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, links, reports, notes, reference } = yield* house
        yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20, audio })
        const placed = yield* provider.placeCall({
          callId: "run-42",
          from: ours,
          to: theirs,
          links,
          mediaUrl: Effect.die("not asked for"),
          ringTimeoutSeconds: 30,
          maxDurationSeconds: 60
        })
        const call = yield* carrier.nextOutbound
        assert.strictEqual(placed.providerCallId, idOf(call))
        const heard = yield* call.until(({ heard }) => heard.played.length >= speech.length)
        assert.isTrue(includes(heard.heard.played, speech.subarray(0, 640)))
        assert.strictEqual((yield* provider.callStatus(reference))?.providerCallId, idOf(call))
        const known = { ...reference, providerCallId: placed.providerCallId, memory: placed.memory ?? {} }
        yield* provider.sendDigits?.(known, "12w3") ?? Effect.die("no capability")
        yield* provider.hangUp(known)
        const end = yield* call.settled
        assert.deepStrictEqual(end.errors, [])
        yield* provider.hangUp(known)
        assert.deepStrictEqual(
          reports.flatMap(({ status }) => status ?? []),
          ["initiated", "ringing", "in-progress", "completed"]
        )
        assert.isTrue(reports.every(({ providerCallId }) => providerCallId === idOf(call)))
        assert.strictEqual(
          reports.find(({ rawStatus }) => rawStatus === "answer")?.memory?.["region_url"],
          "https://api-us-3.vonage.com"
        )
        yield* eventually(() => notes.includes("media-leg.completed"))
        assert.strictEqual((yield* provider.callStatus(known))?.status, "completed")
        const cost = yield* Effect.repeat(provider.callCost?.(known) ?? Effect.die("no capability"), {
          until: (known) => known !== undefined,
          schedule: Schedule.spaced("50 millis")
        })
        assert.strictEqual(cost?.currency, "EUR")
      })
    )
  )

  it.live("a number is set up, takes a call, tells of its end; marks and digits pass the media socket", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, base, inbound, reports, events, transports, connected, change } = yield* house
        assert.isTrue((yield* provider.testConnection).ok)
        assert.strictEqual(yield* provider.ownsNumber?.(ours) ?? Effect.void, "owned")
        yield* connected
        assert.strictEqual(yield* carrier.inboundWebhook(ours), `${base}/inbound`)
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio })
        yield* call.until(({ heard }) => heard.played.length >= speech.length)
        yield* call.pressDigits("7")
        yield* eventually(() => events.some((event) => event._tag === "Digit" && event.digit === "7"))
        yield* transports[0]?.mark("said") ?? assert.fail("no media")
        yield* eventually(() => events.some((event) => event._tag === "Mark" && !event.cleared))
        yield* transports[0]?.clear ?? assert.fail("no media")
        yield* call.until(({ mediaMessages }) => mediaMessages.some(({ kind }) => kind === "clear"))
        yield* call.hangUp
        const end = yield* call.settled
        assert.deepStrictEqual(end.errors, [])
        assert.isTrue(end.mediaMessages.every(({ kind, detail }) => kind !== "audio" || detail === "640"))
        assert.deepStrictEqual(
          inbound.map(({ providerCallId, from, to }) => ({ providerCallId, from, to })),
          [{ providerCallId: idOf(call), from: theirs, to: ours }]
        )
        yield* eventually(() => reports.some(({ status }) => status === "completed"))
        assert.isTrue(reports.every(({ providerCallId }) => providerCallId === idOf(call)))
        yield* provider.configureInbound?.({ ...change, webhookUrl: undefined }) ?? Effect.void
        assert.strictEqual(yield* carrier.inboundWebhook(ours), `${base}/inbound`)
      })
    )
  )

  it.live("a caller is moved to somebody else; the media leg that is left behind is hung up by its own uuid", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, plan, legs, inbound, notes, connected, reference } = yield* house
        const strategy = provider.transfer ?? assert.fail("no capability")
        yield* connected
        yield* carrier.whenDialed(human, { outcome: "answer", afterMs: 20 })
        const caller = yield* carrier.placeInbound({ from: theirs, to: ours, audio })
        yield* caller.until(({ media }) => media === "streaming")
        const [announced] = inbound
        const call = {
          ...reference,
          providerCallId: announced?.providerCallId,
          memory: announced?.memory ?? {}
        }
        const wanted = { ...plan, call, announcement: "A call for you." }
        const placed = yield* strategy.dial(wanted)
        const destination = yield* carrier.nextOutbound
        assert.strictEqual(placed.providerCallId, idOf(destination))
        yield* eventually(() => legs.some(({ state }) => state === "answered"))
        const dialled = {
          ...wanted,
          destinationCallId: placed.providerCallId,
          destinationMemory: placed.memory ?? {}
        }
        assert.strictEqual((yield* strategy.status(dialled))?.status, "in-progress")
        yield* strategy.join(dialled)
        const joined = yield* caller.until(({ togetherWith, media }) => togetherWith.length > 0 && media === "ended")
        assert.deepStrictEqual(joined.togetherWith, [destination.id])
        yield* destination.until(({ togetherWith }) => togetherWith.includes(caller.id))
        assert.include((yield* destination.now).notes, "said: A call for you.")
        assert.notInclude(notes, "media-leg.disconnected")
        // Once more changes nothing: the caller leaves and comes back, and the destination stays.
        yield* strategy.join(dialled)
        yield* caller.until(({ togetherWith }) => togetherWith.includes(destination.id))
        assert.strictEqual((yield* destination.now).state, "in-progress")
        yield* strategy.drop(dialled)
        yield* destination.settled
        assert.deepStrictEqual((yield* caller.settled).errors, [])
        yield* strategy.drop(dialled)
        yield* eventually(() => legs.some(({ state, failure }) => state === "ended" && failure === undefined))
      })
    )
  )

  for (const [outcome, failure] of [
    ["busy", "busy"],
    ["no-answer", "no_answer"],
    ["failed", "unreachable"]
  ] as const) {
    it.live(`a destination that is ${outcome} leaves the caller where it was`, () =>
      within(
        Effect.gen(function* () {
          const { carrier, provider, plan, legs, connected } = yield* house
          yield* connected
          yield* carrier.whenDialed(human, { outcome, afterMs: 20 })
          const caller = yield* carrier.placeInbound({ from: theirs, to: ours })
          yield* caller.until(({ media }) => media === "streaming")
          yield* provider.transfer?.dial(plan) ?? assert.fail("no capability")
          yield* eventually(() => legs.some(({ state }) => state === "ended"))
          assert.strictEqual(legs.at(-1)?.failure, failure)
          assert.strictEqual((yield* caller.now).media, "streaming")
          yield* caller.hangUp
          yield* caller.settled
        })
      )
    )
  }

  it.live("a destination is dropped while it rings", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, plan, legs } = yield* house
        yield* carrier.whenDialed(human, { outcome: "no-answer" })
        const strategy = provider.transfer ?? assert.fail("no capability")
        const placed = yield* strategy.dial(plan)
        yield* eventually(() => legs.some(({ state }) => state === "ringing"))
        yield* strategy.drop({ ...plan, destinationCallId: placed.providerCallId, destinationMemory: {} })
        yield* (yield* carrier.nextOutbound).settled
        yield* eventually(() => legs.some(({ failure }) => failure === "canceled"))
      })
    )
  )

  it.live("a media socket that is refused is told as media that failed, and the call ends", () =>
    within(
      Effect.gen(function* () {
        const { carrier, mediaFailures, connected, refuseMedia } = yield* house
        yield* connected
        yield* refuseMedia
        const call = yield* carrier.placeInbound({ from: theirs, to: ours })
        yield* call.settled
        yield* eventually(() => mediaFailures.length === 1)
      })
    )
  )

  it.live("a forged signature gets nowhere", () =>
    within(
      Effect.gen(function* () {
        const { carrier, base, inbound, refused, connected } = yield* house
        yield* connected
        const webhook = `${base}/inbound`
        const forged = yield* carrier.placeInbound({ from: theirs, to: ours, webhook, faults: ["signature-wrong"] })
        yield* forged.settled
        assert.deepStrictEqual(inbound, [])
        const unproved = yield* carrier.placeInbound({
          from: theirs,
          to: ours,
          webhook,
          faults: [["signature-wrong", { only: /upgrade/ }]]
        })
        yield* unproved.settled
        assert.strictEqual(inbound.length, 1)
        assert.strictEqual(refused.length, 1)
      })
    )
  )
})
