import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, type Scope } from "effect"
import type { CallReference } from "../../../src/carrier/TelephonyProvider.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { house, ours, theirs } from "./serving.ts"

/** Half a second of something that is not silence. */
const speech = Uint8Array.from({ length: 4000 }, (_, index) => 0x10 + (index % 97))
const audio = { format: { encoding: "mulaw", sampleRate: 8000 }, bytes: speech } as const

const within = <A, E>(use: Effect.Effect<A, E, Scope.Scope | Pacer>) =>
  use.pipe(Effect.scoped, Effect.provide(Pacer.layer))

const reference = (providerCallId: string): CallReference => ({
  callId: "run-42",
  providerCallId,
  from: ours,
  to: theirs,
  createdAtMs: 0,
  memory: {}
})

/** Looks until it is so. */
const eventually = <A>(look: () => A | undefined) =>
  Effect.repeat(Effect.sync(look), { until: (found) => found !== undefined, schedule: Schedule.spaced("20 millis") })

type House = Effect.Success<ReturnType<typeof house>>

const attach = ({ base, provider }: House, address = ours) => {
  const change = {
    address,
    addressType: "pstn",
    webhookUrl: `${base}/inbound`,
    statusUrl: `${base}/vobiz/number-status/token`,
    ownUrlPrefix: `${base}/`
  } as const
  return {
    change,
    set: (webhookUrl: string | undefined) =>
      provider.configureInbound?.({ ...change, webhookUrl }) ?? Effect.die("no capability")
  }
}

describe("with a Vobiz that was written from its documents alone", () => {
  it.live("a call that we place is answered, heard, reported, hung up, and paid for", () =>
    within(
      Effect.gen(function* () {
        const { carrier, links, provider, reports } = yield* house()
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
        assert.strictEqual(placed.providerCallId, call.id)
        const { heard } = yield* call.until((now) => now.heard.played.length >= speech.length)
        assert.include(Buffer.from(heard.played).toString("latin1"), Buffer.from(speech).toString("latin1"))
        assert.strictEqual((yield* provider.callStatus(reference(call.id)))?.status, "in-progress")
        yield* provider.hangUp(reference(call.id))
        const end = yield* call.settled
        assert.deepStrictEqual(end.errors, [])
        yield* provider.hangUp(reference(call.id))
        assert.deepStrictEqual(
          reports.map(({ status }) => status),
          ["ringing", "in-progress", "completed"]
        )
        const cost = provider.callCost?.(reference(call.id)) ?? Effect.die("no capability")
        const rated = yield* Effect.repeat(cost, {
          until: (known) => known !== undefined,
          schedule: Schedule.spaced("50 millis")
        })
        assert.strictEqual(rated?.currency, "INR")
        assert.strictEqual((yield* provider.callStatus(reference(call.id)))?.status, "completed")
      })
    )
  )

  for (const [outcome, status] of [
    ["busy", "busy"],
    ["no-answer", "no-answer"],
    ["failed", "failed"]
  ] as const) {
    it.live(`a call that is ${outcome} ends as ${status}`, () =>
      within(
        Effect.gen(function* () {
          const { carrier, links, provider, reports } = yield* house()
          yield* carrier.whenDialed(theirs, { outcome, afterMs: 20 })
          yield* provider.placeCall({
            callId: "run-42",
            from: ours,
            to: theirs,
            links,
            mediaUrl: Effect.die("not asked for"),
            ringTimeoutSeconds: 1,
            maxDurationSeconds: 60
          })
          yield* (yield* carrier.nextOutbound).settled
          assert.strictEqual(reports.at(-1)?.status, status)
        })
      )
    )
  }

  it.live("a number is set up, takes calls however the numbers are written, and is given back", () =>
    within(
      Effect.gen(function* () {
        const options = { inboundNumbers: "rotate", account: "sub", signatures: "all" } as const
        const service = yield* house(options)
        const { carrier, inbound, provider, reports } = service
        const { change, set } = attach(service)
        assert.isTrue((yield* provider.testConnection).ok)
        assert.strictEqual(yield* provider.ownsNumber?.(ours) ?? Effect.void, "owned")
        assert.isTrue((yield* set(change.webhookUrl)).ok)
        assert.isTrue((yield* set(change.webhookUrl)).ok)
        assert.strictEqual(yield* carrier.inboundWebhook(ours), change.webhookUrl)
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio })
        yield* call.until(({ heard }) => heard.played.length >= speech.length)
        yield* call.hangUp
        assert.deepStrictEqual((yield* call.settled).errors, [])
        assert.deepInclude(reports.at(-1), { providerCallId: call.id, status: "completed" })
        for (let more = 0; more < 5; more++) {
          const next = yield* carrier.placeInbound({ from: theirs, to: ours })
          yield* eventually(() => inbound.find(({ providerCallId }) => providerCallId === next.id))
          yield* next.hangUp
          yield* next.settled
        }
        assert.deepStrictEqual(
          inbound.map(({ from, to }) => [from, to]),
          Array.from({ length: 6 }, () => [theirs, ours])
        )
        assert.isTrue((yield* set(undefined)).ok)
        assert.isUndefined(yield* carrier.inboundWebhook(ours))
      })
    )
  )

  it.live("callbacks without any signature arrive at our own URLs", () =>
    within(
      Effect.gen(function* () {
        const service = yield* house({ signatures: "unsigned" })
        const call = yield* service.carrier.placeInbound({
          from: theirs,
          to: ours,
          webhook: `${service.base}/inbound`,
          audio
        })
        yield* call.until(({ heard }) => heard.played.length > 0)
        yield* call.hangUp
        assert.deepStrictEqual((yield* call.settled).errors, [])
        assert.deepStrictEqual(service.refused, [])
      })
    )
  )

  it.live("a forged signature gets nowhere, nor does a good one under another body", () =>
    within(
      Effect.gen(function* () {
        const forged = yield* house()
        const call = yield* forged.carrier.placeInbound({
          from: theirs,
          to: ours,
          webhook: `${forged.base}/inbound`,
          faults: ["signature-wrong"]
        })
        yield* call.settled
        assert.deepStrictEqual(forged.inbound, [])
        assert.isAbove(forged.refused.length, 0)

        const replayed = yield* house({ replays: true })
        const { carrier, provider, reports } = replayed
        assert.isTrue((yield* attach(replayed).set(attach(replayed).change.webhookUrl)).ok)
        const good = yield* carrier.placeInbound({ from: theirs, to: ours, audio })
        yield* good.until(({ heard }) => heard.played.length > 0)
        yield* provider.hangUp(reference(good.id))
        yield* good.settled
        yield* eventually(() => replayed.refused[0])
        assert.deepStrictEqual(
          reports.map(({ failureCode, status }) => [status, failureCode]),
          [["completed", undefined]]
        )
      })
    )
  )
})

const transferred = Effect.fnUntraced(function* (destination: string, announcement: string | undefined) {
  const service = yield* house()
  const { base, carrier, links, plans, provider } = service
  const { transfer } = provider
  if (transfer === undefined) return yield* Effect.die("no capability")
  const caller = yield* carrier.placeInbound({ from: theirs, to: ours, webhook: `${base}/inbound`, audio })
  yield* caller.until(({ media }) => media === "streaming")
  const plan = {
    transferId: "transfer-7",
    call: reference(caller.id),
    destination,
    callerId: ours,
    ringTimeoutSeconds: 30,
    maxDurationSeconds: 60,
    announcement,
    room: "transfer-7",
    links,
    destinationCallId: undefined,
    destinationMemory: {}
  }
  plans.push(plan)
  const dial = Effect.map(transfer.dial(plan), ({ providerCallId }) => ({ ...plan, destinationCallId: providerCallId }))
  return { ...service, caller, dial, transfer }
})

describe("a transfer", () => {
  const destination = "+919800000002"

  for (const announcement of [undefined, "A caller for you."]) {
    it.live(
      `joins the two, ${announcement === undefined ? "at once" : "after an announcement"}, also when asked twice`,
      () =>
        within(
          Effect.gen(function* () {
            const { caller, carrier, dial, legs, provider, transfer } = yield* transferred(destination, announcement)
            yield* carrier.whenDialed(destination, { outcome: "answer", afterMs: 20 })
            const dialled = yield* dial
            const leg = yield* carrier.nextOutbound
            yield* eventually(() => legs.find(({ state }) => state === "answered"))
            assert.strictEqual((yield* transfer.status(dialled))?.status, "in-progress")
            yield* transfer.join(dialled)
            yield* caller.until(({ togetherWith }) => togetherWith.includes(leg.id))
            yield* leg.until(({ togetherWith }) => togetherWith.includes(caller.id))
            const before = (yield* caller.now).answers.length
            yield* transfer.join(dialled)
            yield* caller.until(({ answers, togetherWith }) => answers.length > before && togetherWith.includes(leg.id))
            assert.strictEqual((yield* leg.now).state, "in-progress")
            yield* provider.hangUp(reference(caller.id))
            yield* transfer.drop(dialled)
            yield* transfer.drop(dialled)
            yield* leg.settled
            const end = yield* caller.settled
            assert.deepStrictEqual(end.errors, [])
            assert.strictEqual(legs.at(-1)?.state, "ended")
          })
        )
    )
  }

  it.live("to somebody who is busy says so, and leaves the caller with the agent", () =>
    within(
      Effect.gen(function* () {
        const { caller, carrier, dial, legs } = yield* transferred(destination, undefined)
        yield* carrier.whenDialed(destination, { outcome: "busy", afterMs: 20 })
        yield* dial
        const end = yield* eventually(() => legs.find(({ state }) => state === "ended"))
        assert.strictEqual(end?.failure, "busy")
        assert.strictEqual((yield* caller.now).media, "streaming")
        yield* caller.hangUp
        yield* caller.settled
      })
    )
  )

  it.live("can be dropped while it rings", () =>
    within(
      Effect.gen(function* () {
        const { caller, carrier, dial, legs, transfer } = yield* transferred(destination, undefined)
        yield* carrier.whenDialed(destination, { outcome: "no-answer", afterMs: 60_000 })
        const dialled = yield* dial
        yield* eventually(() => legs.find(({ state }) => state === "ringing"))
        yield* transfer.drop(dialled)
        yield* (yield* carrier.nextOutbound).settled
        assert.isUndefined(legs.find(({ state }) => state === "answered"))
        yield* caller.hangUp
        yield* caller.settled
      })
    )
  )
})
