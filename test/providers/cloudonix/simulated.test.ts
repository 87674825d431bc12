import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, type Scope } from "effect"
import type { CallReference } from "../../../src/carrier/TelephonyProvider.ts"
import type { TransferStrategy } from "../../../src/carrier/TransferStrategy.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { house, ours, theirs } from "./house.ts"

/** Half a second of something that is not silence. */
const speech = Uint8Array.from({ length: 4000 }, (_, index) => 0x10 + (index % 97))
const audio = { format: { encoding: "mulaw", sampleRate: 8000 }, bytes: speech } as const

const desk = "+12125550100"

const within = <A, E>(use: Effect.Effect<A, E, Scope.Scope | Pacer>) =>
  use.pipe(Effect.scoped, Effect.provide(Pacer.layer))

const until = (condition: () => boolean) =>
  Effect.repeat(Effect.sync(condition), { until: (holds) => holds, schedule: Schedule.spaced("10 millis") })

const reference = (providerCallId: string | undefined, changes: Partial<CallReference> = {}): CallReference => ({
  callId: "run-42",
  providerCallId,
  from: ours,
  to: theirs,
  createdAtMs: 0,
  memory: {},
  ...changes
})

const strategyOf = ({ transfer }: { readonly transfer?: TransferStrategy }): TransferStrategy =>
  transfer ?? assert.fail("no capability")

describe("with a Cloudonix that was written from its documents alone", () => {
  it.live("a call that we place is answered, heard, reported and hung up", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, place, statuses, refused } = yield* house()
        yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20, audio })
        const placed = yield* place
        const call = yield* carrier.nextOutbound
        assert.strictEqual(placed.providerCallId, call.id)
        const heard = yield* call.until(({ heard }) => heard.played.length >= speech.length)
        assert.include(Buffer.from(heard.heard.played).toString("latin1"), Buffer.from(speech).toString("latin1"))
        assert.strictEqual((yield* provider.callStatus(reference(undefined)))?.providerCallId, call.id)
        assert.strictEqual((yield* provider.callStatus(reference(call.id)))?.status, "in-progress")
        yield* provider.hangUp(reference(call.id))
        const end = yield* call.settled
        assert.deepStrictEqual(end.errors, [])
        assert.deepStrictEqual(
          end.mediaMessages.filter(({ kind }) => kind === "invalid" || kind === "mark"),
          []
        )
        yield* provider.hangUp(reference(call.id))
        assert.deepStrictEqual(statuses(), ["initiated", "ringing", "in-progress"])
        const last = yield* provider.callStatus(reference(call.id))
        assert.strictEqual(last?.status, "completed")
        assert.isAtLeast(last?.durationMs ?? 0, 500)
        assert.deepStrictEqual(refused, [])
      })
    )
  )

  it.live("the end of an answered call that no update tells is in its session: the socket's end makes us ask", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, place, statuses, media } = yield* house({ finalUpdate: "none" })
        yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20 })
        yield* place
        const call = yield* carrier.nextOutbound
        yield* call.until((now) => now.media === "streaming")
        yield* call.hangUp
        yield* call.settled
        yield* until(() => media.includes("Stopped"))
        assert.notInclude(statuses(), "completed")
        assert.strictEqual((yield* provider.callStatus(reference(call.id)))?.status, "completed")
      })
    )
  )

  for (const finalUpdate of ["completed", "end-time"] as const)
    it.live(`the end of a call that an update tells as ${finalUpdate} is reported`, () =>
      within(
        Effect.gen(function* () {
          const { carrier, place, reports } = yield* house({ finalUpdate, updates: "list" })
          yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20, hangUpAfterMs: 200 })
          yield* place
          yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
          assert.strictEqual(reports.at(-1)?.status, "completed")
          assert.isAtLeast(reports.at(-1)?.durationMs ?? 0, 100)
        })
      )
    )

  for (const [outcome, common] of [
    ["busy", "busy"],
    ["failed", "failed"]
  ] as const)
    it.live(`a destination that is ${outcome} is reported as such, by update and when asked`, () =>
      within(
        Effect.gen(function* () {
          const { carrier, provider, place, statuses } = yield* house()
          yield* carrier.whenDialed(theirs, { outcome, afterMs: 20 })
          const { providerCallId } = yield* place
          yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
          assert.strictEqual(statuses().at(-1), common)
          assert.strictEqual((yield* provider.callStatus(reference(providerCallId)))?.status, common)
        })
      )
    )

  it.live("a call that still rings is taken down", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, place } = yield* house()
        yield* carrier.whenDialed(theirs, { outcome: "no-answer" })
        const { providerCallId } = yield* place
        const call = yield* carrier.nextOutbound
        yield* call.until(({ state }) => state === "ringing")
        yield* provider.hangUp(reference(providerCallId))
        assert.strictEqual((yield* call.settled).state, "canceled")
      })
    )
  )

  it.live(
    "a number is set up, takes a call that is confirmed by one request, and stays bound when it is given back",
    () =>
      within(
        Effect.gen(function* () {
          const { carrier, provider, base, inbound, known } = yield* house()
          const change = {
            address: ours,
            addressType: "pstn",
            webhookUrl: `${base}/inbound/token`,
            statusUrl: `${base}/cloudonix/number-status/token`,
            ownUrlPrefix: base
          } as const
          assert.deepInclude(yield* provider.testConnection, { ok: true, warnings: [] })
          assert.strictEqual(yield* provider.ownsNumber?.(ours) ?? Effect.void, "owned")
          const configure = provider.configureInbound ?? assert.fail("no capability")
          const set = yield* configure(change)
          assert.isTrue(set.ok, set.message)
          assert.strictEqual(yield* carrier.inboundWebhook(ours), change.webhookUrl)
          const before = (yield* carrier.restExchanges).length
          const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio })
          known.providerCallId = call.id
          yield* call.until(({ heard }) => heard.played.length >= speech.length)
          assert.strictEqual((yield* carrier.restExchanges).length, before + 1)
          yield* call.hangUp
          assert.deepStrictEqual((yield* call.settled).errors, [])
          assert.deepStrictEqual(
            inbound.map(({ providerCallId, from, to }) => ({ providerCallId, from, to })),
            [{ providerCallId: call.id, from: theirs, to: ours }]
          )
          assert.isTrue((yield* configure({ ...change, webhookUrl: undefined })).ok)
          assert.strictEqual(yield* carrier.inboundWebhook(ours), change.webhookUrl)
        })
      )
  )

  it.live("a number that something else takes is left to it", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, base } = yield* house()
        yield* carrier.ownNumber(desk, { attachedElsewhere: true })
        const change = {
          address: desk,
          addressType: "pstn",
          webhookUrl: `${base}/inbound/token`,
          statusUrl: `${base}/cloudonix/number-status/token`,
          ownUrlPrefix: base
        } as const
        const set = yield* provider.configureInbound?.(change) ?? Effect.die("no capability")
        assert.isFalse(set.ok)
        assert.isUndefined(yield* carrier.inboundWebhook(desk))
      })
    )
  )

  it.live("a wrong key, no key, and a URL without a token get nowhere", () =>
    within(
      Effect.gen(function* () {
        const { carrier, base, inbound, refused } = yield* house()
        for (const fault of ["signature-wrong", "signature-missing"] as const) {
          const webhook = `${base}/inbound/token`
          const call = yield* carrier.placeInbound({ from: theirs, to: ours, webhook, faults: [fault] })
          yield* call.settled
        }
        assert.strictEqual(refused.length, 2)
        assert.deepStrictEqual(inbound, [])
        const shared = yield* carrier.placeInbound({ from: theirs, to: ours, webhook: `${base}/shared` })
        yield* shared.until((now) => now.media === "streaming")
        assert.strictEqual(inbound.length, 1)
      })
    )
  )

  it.live("a call whose session the API does not confirm is not taken", () =>
    within(
      Effect.gen(function* () {
        const { carrier, base, inbound, refused } = yield* house()
        yield* carrier.faults.use("rest-broken")
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, webhook: `${base}/inbound/token` })
        yield* call.settled
        assert.deepStrictEqual(inbound, [])
        assert.match(refused.join(), /could not be confirmed/)
      })
    )
  )

  it.live("a socket that names another session, or another domain, is closed", () =>
    within(
      Effect.gen(function* () {
        const { carrier, place, known } = yield* house({ streamDomain: "full" })
        known.providerCallId = "0f9c7a52-1d"
        yield* place
        const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
        assert.match(end.errors.join(), /4404/)
      })
    )
  )

  it.live("many calls at once stay within the domain's limit, hang-ups first", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, place } = yield* house()
        yield* carrier.whenDialed(theirs, { outcome: "no-answer" })
        const placed = yield* Effect.forEach(Array.from({ length: 12 }), () => place, { concurrency: 12 })
        assert.strictEqual(new Set(placed.map(({ providerCallId }) => providerCallId)).size, 12)
        yield* Effect.forEach(placed.slice(0, 3), ({ providerCallId }) => provider.hangUp(reference(providerCallId)))
        const statuses = (yield* carrier.restExchanges).map(({ status }) => status)
        assert.strictEqual(statuses.filter((status) => status === 200).length, 12)
      })
    )
  )
})

describe("a transfer at that Cloudonix", () => {
  /** A caller who talks to the agent, and the plan that moves him to the desk. */
  const talking = Effect.gen(function* () {
    const all = yield* house()
    const { carrier, base, links, known } = all
    const caller = yield* carrier.placeInbound({ from: theirs, to: ours, webhook: `${base}/inbound/token` })
    yield* caller.until((now) => now.media === "streaming")
    const plan = {
      transferId: "transfer-1",
      call: reference(caller.id, { from: theirs, to: ours }),
      destination: desk,
      callerId: ours,
      ringTimeoutSeconds: 30,
      maxDurationSeconds: 600,
      announcement: "A caller for you.",
      room: "transfer-room-1",
      links: { route: links.route }
    }
    known.plan = plan
    const strategy = strategyOf(all.provider)
    const dial = Effect.gen(function* () {
      const { providerCallId } = yield* strategy.dial(plan)
      const destination = yield* carrier.nextOutbound
      assert.strictEqual(destination.id, providerCallId)
      return { destination, dialled: { ...plan, destinationCallId: providerCallId, destinationMemory: {} } }
    })
    return { ...all, caller, strategy, dial, plan }
  })

  it.live("brings the two together, once, and ends for the caller when the destination goes", () =>
    within(
      Effect.gen(function* () {
        const { caller, strategy, dial, legs, media, statuses } = yield* talking
        const { destination, dialled } = yield* dial
        yield* until(() => legs.some(({ state }) => state === "answered"))
        assert.deepStrictEqual(
          legs.filter(({ state }) => state !== "ringing").map(({ providerCallId, state }) => [providerCallId, state]),
          [[destination.id, "answered"]]
        )
        assert.include((yield* destination.now).notes.join(), "A caller for you.")
        yield* strategy.join(dialled)
        const together = yield* caller.until((now) => now.togetherWith.length === 1)
        assert.deepStrictEqual(together.togetherWith, [destination.id])
        assert.deepStrictEqual((yield* destination.now).togetherWith, [caller.id])
        yield* until(() => media.includes("Stopped"))
        yield* strategy.join(dialled)
        assert.deepStrictEqual((yield* caller.now).togetherWith, [destination.id])
        assert.strictEqual((yield* strategy.status(dialled))?.status, "in-progress")

        yield* destination.hangUp
        yield* until(() => legs.some(({ state }) => state === "ended"))
        const end = yield* caller.settled
        assert.deepStrictEqual([end.state, end.errors], ["completed", []])
        yield* until(() => statuses().includes("completed"))
        assert.strictEqual((yield* strategy.status(dialled))?.status, "completed")
        yield* strategy.drop(dialled)
      })
    )
  )

  it.live("tells when the caller leaves, and ends for the destination", () =>
    within(
      Effect.gen(function* () {
        const { caller, strategy, dial, legs, reports } = yield* talking
        const { destination, dialled } = yield* dial
        yield* until(() => legs.some(({ state }) => state === "answered"))
        yield* strategy.join(dialled)
        yield* destination.until((now) => now.togetherWith.length === 1)
        yield* caller.hangUp
        yield* until(() =>
          reports.some(({ providerCallId, status }) => providerCallId === caller.id && status === "completed")
        )
        assert.strictEqual((yield* destination.settled).state, "completed")
      })
    )
  )

  for (const [outcome, failure] of [
    ["busy", "busy"],
    ["failed", "unreachable"]
  ] as const)
    it.live(`to a destination that is ${outcome} leaves the caller with the agent`, () =>
      within(
        Effect.gen(function* () {
          const { caller, carrier, dial, legs } = yield* talking
          yield* carrier.whenDialed(desk, { outcome, afterMs: 20 })
          const { destination } = yield* dial
          yield* destination.settled
          const ended = legs.filter(({ state }) => state === "ended")
          assert.deepStrictEqual(
            new Set(ended.map((leg) => `${leg.providerCallId} ${leg.failure}`)),
            new Set([`${destination.id} ${failure}`])
          )
          assert.strictEqual((yield* caller.now).media, "streaming")
        })
      )
    )

  it.live("drops a destination that still rings, also one whose dial was lost", () =>
    within(
      Effect.gen(function* () {
        const { caller, carrier, strategy, dial, legs } = yield* talking
        yield* carrier.whenDialed(desk, { outcome: "no-answer" })
        const first = yield* dial
        yield* first.destination.until(({ state }) => state === "ringing")
        yield* strategy.drop(first.dialled)
        assert.strictEqual((yield* first.destination.settled).state, "canceled")
        assert.strictEqual(legs.at(-1)?.failure, "no_answer")
        const second = yield* dial
        yield* second.destination.until(({ state }) => state === "ringing")
        yield* strategy.drop({ ...second.dialled, destinationCallId: undefined })
        assert.strictEqual((yield* second.destination.settled).state, "canceled")
        assert.strictEqual((yield* caller.now).media, "streaming")
      })
    )
  )

  it.live("of a caller who has gone fails, and the destination can be dropped", () =>
    within(
      Effect.gen(function* () {
        const { caller, strategy, dial, legs } = yield* talking
        const { destination, dialled } = yield* dial
        yield* until(() => legs.some(({ state }) => state === "answered"))
        yield* caller.hangUp
        yield* caller.settled
        assert.strictEqual((yield* Effect.flip(strategy.join(dialled))).kind, "not-found")
        yield* strategy.drop(dialled)
        assert.strictEqual((yield* destination.settled).state, "completed")
      })
    )
  )
})
