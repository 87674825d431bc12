import { Clock, DateTime, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { isFinal } from "../carrier/CallStatus.ts"
import { CallReports, type ReportedCall, ReportsUnavailable } from "../carrier/ProviderRoute.ts"
import type { StatusReport } from "../carrier/TelephonyProvider.ts"
import { answererOf } from "./answerers.ts"
import type { Call } from "./Call.ts"
import { CallCommands } from "./CallCommands.ts"
import { CallEnding, mayBeUp } from "./CallEnding.ts"
import { Calls } from "./Calls.ts"
import { persist } from "./mediaNotes.ts"
import { PreparedAgents } from "./PreparedAgents.ts"
import { Transfers } from "./Transfers.ts"

/** What providers' routes may tell about calls. A report about a call that we do not know is logged and forgotten. */
export const layer = Layer.effect(
  CallReports,
  Effect.gen(function* () {
    const calls = yield* Calls
    const ending = yield* CallEnding
    const commands = yield* CallCommands
    const transfers = yield* Transfers
    const agents = yield* PreparedAgents
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
        Effect.mapError(tryAgain)
      )

    /** The call is over: so is its media, if it did not close by itself meanwhile, as it should. */
    const closeMedia = (call: Call) =>
      commands.send(call.id, { _tag: "HangUp", drain: false }).pipe(Effect.catchTag("CallNotHeld", () => Effect.void))

    /** A carrier's machine detection came to a result: for the call's log and for its agent. */
    const tellAnswerer = Effect.fnUntraced(function* (before: Call, after: Call) {
      if (after.direction !== "outbound") return
      if (after.answeredBy === undefined || after.answeredBy === before.answeredBy) return
      const { answeredAt } = after
      const now = yield* Clock.currentTimeMillis
      const atMs = answeredAt === undefined ? 0 : Math.max(0, now - DateTime.toEpochMillis(answeredAt))
      const news = { ...answererOf(after.answeredBy), at_ms: atMs }
      yield* persist(
        calls.record(after.id, {
          source: "carrier",
          kind: "answering_machine",
          payload: { source: "carrier", ...news },
          dedupeKey: `answering:${after.answeredBy}`
        })
      )
      yield* commands
        .send(after.id, { _tag: "AnsweringMachine", ...news })
        .pipe(Effect.catchTag("CallNotHeld", () => Effect.void))
    })

    /** What follows from a report, once it is stored. Nobody waits for it, and the sweeper would come to the same. */
    const follow = Effect.fnUntraced(
      function* (before: Call, after: Call, report: StatusReport) {
        if (report.status === undefined) return
        if (!isFinal(report.status) && mayBeUp(after)) yield* ending.tellCarrier(after)
        if (isFinal(report.status) && before.endedAt === undefined && isOpen(after))
          yield* Effect.delay(closeMedia(after), "3 seconds")
      },
      Effect.catchTag("SqlError", (error) =>
        Effect.logWarning(`What follows from a report was left to the sweeper: ${error.message}`)
      )
    )

    const overWithoutMedia = (call: Call) =>
      Effect.all([isOpen(call) ? closeMedia(call) : Effect.void, ending.tellCarrier(call)], { concurrency: 2 }).pipe(
        Effect.catchTag("SqlError", (error) =>
          Effect.logWarning(`The end of a call without media was left to the sweeper: ${error.message}`)
        )
      )

    return CallReports.of({
      status: Effect.fn("CallReports.status")((reported, report) =>
        onCall(
          reported,
          Effect.fnUntraced(function* (before) {
            const after = yield* calls.report(before.id, report)
            if (isComing(after)) yield* agents.prepare(after)
            yield* Effect.forkIn(follow(before, after, report), scope)
            yield* Effect.forkIn(tellAnswerer(before, after), scope)
          })
        )
      ),
      mediaFailed: Effect.fn("CallReports.mediaFailed")((reported, failure) =>
        onCall(
          reported,
          Effect.fnUntraced(function* (before) {
            const { call, first } = yield* calls.mediaFailed(before.id, failure)
            if (first) yield* Effect.forkIn(overWithoutMedia(call), scope)
          })
        )
      ),
      transferLeg: Effect.fn("CallReports.transferLeg")((transferId, report) =>
        Effect.mapError(transfers.report(transferId, report), tryAgain)
      ),
      note: Effect.fn("CallReports.note")((reported, { dedupeKey, kind, details }) =>
        onCall(reported, (call) =>
          calls.record(call.id, { source: "carrier", kind, payload: details, dedupeKey: `note:${dedupeKey}` })
        )
      )
    })
  })
)

const tryAgain = () =>
  new ReportsUnavailable({ message: "The report could not be stored. Send it again in a few seconds." })

/** The phone rings, or was answered just now. */
const isComing = ({ direction, status }: Call) =>
  direction === "outbound" && (status === "ringing" || status === "in-progress")

const isOpen = ({ mediaState }: Call) => mediaState === "connecting" || mediaState === "streaming"
