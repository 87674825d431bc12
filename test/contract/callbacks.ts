import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { FaultName, FaultOptions } from "../../src/simulator/Faults.ts"
import { judgeEcho } from "../../src/simulator/verdict.ts"
import { callsOf, ours, speech, theirs } from "../support/app.ts"
import type { Capabilities, Tests } from "./suite.ts"
import { dialled, endedRow, isOver, newDestination, World } from "./world.ts"

/** A call, which we place where the carrier can, to the person's hang-up, while the carrier's callbacks go wrong. */
const talkWith = Effect.fnUntraced(function* ({ dials }: Capabilities, fault: FaultName, options?: FaultOptions) {
  const { carrier } = yield* World
  const to = yield* newDestination
  yield* carrier.whenDialed(to, { outcome: "answer", audio: speech })
  yield* carrier.faults.use(fault, options)
  const call = dials
    ? (yield* dialled(to)).call
    : yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
  yield* call.until((now) => judgeEcho(now).outcome !== "different")
  yield* call.hangUp
  yield* call.settled
  return yield* endedRow(call.id)
}, Effect.scoped)

const wellEnded = ({ dials }: Capabilities) => {
  const who = dials ? "callee" : "caller"
  return { status: "completed", end_reason: `${who}_hung_up`, end_owner: who, media_state: "ended" }
}

/** What goes wrong with callbacks, and strangers who make some up. */
export const callbackTests: Tests = (it, can) => {
  const cases: ReadonlyArray<readonly [FaultName, FaultOptions?]> = [
    ["callbacks-duplicated"],
    ["callbacks-reordered"],
    ["callbacks-late", { delayMs: 600 }]
  ]
  for (const [fault, options] of cases)
    it.effect(`ends a call well with ${fault}`, () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* talkWith(can, fault, options), wellEnded(can))
      })
    )

  it.effect("ends a call whose callbacks are all lost", () =>
    Effect.gen(function* () {
      const { spec } = yield* World
      // A connection of ours does not lose single events: it breaks, and what happens meanwhile is not told.
      const lost =
        spec.listens === true
          ? yield* talkWith(can, "events-dropped", { times: 1, only: /^status:.*(hangup|destroyed)/i })
          : yield* talkWith(can, "callbacks-lost")
      assert.deepInclude(lost, { status: "completed", media_state: "ended" })
      if (spec.listens !== true) assert.deepInclude(lost, wellEnded(can))
    })
  )

  it.effect("makes one call of one that is announced twice", () =>
    Effect.gen(function* () {
      const world = yield* World
      const call = yield* world.carrier.placeInbound({
        from: theirs,
        to: ours,
        audio: speech,
        faults: ["webhook-duplicated"]
      })
      yield* call.until((now) => judgeEcho(now).outcome !== "different")
      yield* call.hangUp
      yield* endedRow(call.id)
      const rows = (yield* callsOf(world)).filter(({ provider_call_id }) => provider_call_id === call.id)
      assert.lengthOf(rows, 1)
      yield* call.settled
    })
  )

  for (const fault of ["signature-wrong", "signature-missing"] as const)
    it.effect(`takes no call that is announced with ${fault}, where the carrier signs`, () =>
      Effect.gen(function* () {
        const world = yield* World
        const call = yield* world.carrier.placeInbound({
          from: theirs,
          to: ours,
          faults: [[fault, { only: /^voice/ }]]
        })
        const asked = yield* call.until(
          (now) => now.media !== "none" || now.callbacks.some(isAnsweredAnnouncement) || isOver(now)
        )
        const refused = asked.callbacks.some(({ status }) => status === 403)
        if (refused) {
          assert.strictEqual(asked.media, "none")
          const rows = (yield* callsOf(world)).filter(({ provider_call_id }) => provider_call_id === call.id)
          assert.lengthOf(rows, 0)
        } else {
          // A carrier that signs nothing has no such fault: its URLs are secret instead.
          assert.isTrue(unsigned(asked.callbacks), JSON.stringify(asked.callbacks))
        }
        yield* call.hangUp
        // The fault lives as long as the call.
        yield* call.settled
      })
    )
}

/** Some carriers tell that a call is there before they ask what to do with it. */
const isAnsweredAnnouncement = ({
  status,
  subject
}: {
  readonly status: number | undefined
  readonly subject: string
}) => status !== undefined && subject.startsWith("voice")

/** No request that announced the call carried a signature, and each URL had a token of ours; or only a connection of ours told it. */
const unsigned = (
  callbacks: ReadonlyArray<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }>
) =>
  callbacks.every(
    ({ headers, url }) =>
      !url.startsWith("http") ||
      (/\/[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}$/.test(url) && !Object.keys(headers).some((name) => /signature/i.test(name)))
  )
