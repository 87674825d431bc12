import { Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { isFinal } from "../carrier/CallStatus.ts"
import { CallReports, type ReportedCall, ReportsUnavailable } from "../carrier/ProviderRoute.ts"
import type { StatusReport } from "../carrier/TelephonyProvider.ts"
import type { Call } from "./Call.ts"
import { CallCommands } from "./CallCommands.ts"
import { CallEnding, mayBeUp } from "./CallEnding.ts"
import { Calls } from "./Calls.ts"

/** What providers' routes may tell about calls. A report about a call that we do not know is logged and forgotten. */
export const layer = Layer.effect(
  CallReports,
  Effect.gen(function* () {
    const calls = yield* Calls
    const ending = yield* CallEnding
    const commands = yield* CallCommands
    const scope = yield* Effect.scope

    const find = (reported: ReportedCall) =>
      "callId" in reported
        ? calls.find(reported.callId)
        : calls.findByProviderId(reported.configurationId, reported.providerCallId)

    const onCall = <A>(
      reported: ReportedCall,
      act: (call: Call) => Effect.Effect<A, SqlError>
    ): Effect.Effect<void, ReportsUnavailable> =>
      find(reported).pipe(
        Effect.flatMap(
          Option.match({
            onNone: () => Effect.logInfo("A carrier reported about a call that is not known here."),
            onSome: (call) => Effect.asVoid(act(call)).pipe(Effect.annotateLogs({ call: call.id }))
          })
        ),
        Effect.mapError(
          () => new ReportsUnavailable({ message: "The report could not be stored. Send it again in a few seconds." })
        )
      )

    /** What follows from a report, once it is stored. Nobody waits for it, and the sweeper would come to the same. */
    const follow = Effect.fnUntraced(
      function* (before: Call, after: Call, report: StatusReport) {
        if (report.status === undefined) return
        if (!isFinal(report.status) && mayBeUp(after)) yield* ending.tellCarrier(after)
        if (isFinal(report.status) && before.endedAt === undefined && after.mediaState === "streaming")
          yield* Effect.delay(commands.send(after.id, { _tag: "HangUp", drain: false }), "3 seconds")
      },
      Effect.catchTags({
        // The media closed by itself meanwhile, as it should.
        CallNotHeld: () => Effect.void,
        SqlError: (error) => Effect.logWarning(`What follows from a report was left to the sweeper: ${error.message}`)
      })
    )

    return CallReports.of({
      status: Effect.fn("CallReports.status")((reported, report) =>
        onCall(
          reported,
          Effect.fnUntraced(function* (before) {
            const after = yield* calls.report(before.id, report)
            yield* Effect.forkIn(follow(before, after, report), scope)
          })
        )
      ),
      mediaFailed: Effect.fn("CallReports.mediaFailed")((reported, { dedupeKey, error }) =>
        onCall(
          reported,
          Effect.fnUntraced(function* (call) {
            const fresh = yield* calls.record(call.id, {
              source: "carrier",
              kind: "media.failed",
              payload: { error },
              dedupeKey: `media:${dedupeKey}`
            })
            const suspected = call.mediaState === "streaming" ? "media_lost" : "media_never_started"
            if (fresh && call.endedAt === undefined) yield* Effect.forkIn(ending.reconcile(call.id, suspected), scope)
          })
        )
      ),
      note: Effect.fn("CallReports.note")((reported, { dedupeKey, kind, details }) =>
        onCall(reported, (call) =>
          calls.record(call.id, { source: "carrier", kind, payload: details, dedupeKey: `note:${dedupeKey}` })
        )
      )
    })
  })
)
