import { Context, Effect, Layer, Redacted } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { CarrierError } from "../carrier/CarrierError.ts"
import type { CarrierReply } from "../carrier/CarrierReply.ts"
import { asWebSocketUrl } from "../carrier/publicUrl.ts"
import type { AnswerCall, TelephonyProvider } from "../carrier/TelephonyProvider.ts"
import { telephonyPath, UrlTokens } from "../organizations/UrlTokens.ts"
import { Settings } from "../Settings.ts"
import type { Call } from "./Call.ts"
import { CallEnding } from "./CallEnding.ts"
import { Calls } from "./Calls.ts"
import { reference } from "./CarrierDesk.ts"
import { reserveSeconds, ringSeconds } from "./deadlines.ts"
import type { EndReason } from "./EndReason.ts"
import { PreparedAgents } from "./PreparedAgents.ts"
import { Tickets } from "./Tickets.ts"

/** What a carrier is told to do with a call: connect its audio to us. Its agent is connected meanwhile. */
export class Answering extends Context.Service<
  Answering,
  {
    /**
     * What the carrier is answered. The same for every repetition, but for the ticket; a call that is over is refused as
     * such. Where the carrier reads no reply, `pickUp` has been begun.
     */
    readonly reply: (provider: TelephonyProvider, call: Call) => Effect.Effect<CarrierReply, SqlError>
    /**
     * Answers the call by a request of ours, once; does nothing where the carrier reads replies. A carrier that refuses
     * ends the call.
     */
    readonly pickUp: (provider: TelephonyProvider, call: Call) => Effect.Effect<void, SqlError>
    /** A media URL for a call that is about to ring. */
    readonly ringingMediaUrl: (call: Call) => Effect.Effect<string, CarrierError>
  }
>()("switchboard/Answering") {
  static readonly layer = Layer.effect(
    Answering,
    Effect.gen(function* () {
      const { publicUrl } = yield* Settings
      const tickets = yield* Tickets
      const tokens = yield* UrlTokens
      const calls = yield* Calls
      const ending = yield* CallEnding
      const agents = yield* PreparedAgents
      const scope = yield* Effect.scope

      const mediaUrl = (ticket: Redacted.Redacted<string>) =>
        `${asWebSocketUrl(publicUrl)}${telephonyPath}/ws/${Redacted.value(ticket)}`

      const prepared = (call: Call) =>
        Effect.map(tickets.issue(call.id), (ticket): AnswerCall => ({
          callId: call.id,
          mediaUrl: mediaUrl(ticket),
          links: tokens.callLinks(call.id, call.mode)
        }))

      const refused = Effect.fnUntraced(function* (call: Call, error: CarrierError) {
        const details = { kind: error.kind, message: error.message }
        const { first } = yield* calls.end(call.id, reasonOf(call, error), { tellCarrier: true, details })
        if (first) yield* ending.tellCarrier(call)
      })

      const pickUpOnce = Effect.fnUntraced(function* (
        act: NonNullable<TelephonyProvider["pickUp"]>,
        call: Call,
        answer: AnswerCall
      ) {
        const first = yield* calls.record(call.id, {
          source: "gateway",
          kind: "call.picking_up",
          payload: {},
          dedupeKey: "pick-up"
        })
        if (!first) return
        yield* act({ ...answer, call: reference(call) }).pipe(
          Effect.timeoutOrElse({ duration: "20 seconds", orElse: () => noAnswer(call) }),
          Effect.catchTag("CarrierError", (error) => refused(call, error))
        )
      })

      const pickUp = Effect.fn("Answering.pickUp")(function* (provider: TelephonyProvider, call: Call) {
        if (provider.pickUp === undefined || call.endedAt !== undefined) return
        yield* agents.prepare(call)
        yield* pickUpOnce(provider.pickUp, call, yield* prepared(call))
      })

      const reply = Effect.fn("Answering.reply")(function* (provider: TelephonyProvider, call: Call) {
        if (call.endedAt !== undefined) return provider.reject("over")
        yield* agents.prepare(call)
        const answer = yield* prepared(call)
        if (provider.pickUp !== undefined)
          yield* pickUpOnce(provider.pickUp, call, answer).pipe(
            Effect.catchTag("SqlError", (error) =>
              Effect.logWarning(`An inbound call was not picked up: ${error.message}`)
            ),
            Effect.annotateLogs({ call: call.id }),
            Effect.forkIn(scope)
          )
        return provider.answer(answer)
      })

      const ringingMediaUrl = (call: Call) =>
        tickets.issue(call.id, (ringSeconds + 2 * reserveSeconds) * 1000).pipe(
          Effect.map(mediaUrl),
          Effect.mapError(
            () =>
              new CarrierError({
                provider: call.mode,
                kind: "unavailable",
                message: "The call was not dialled: the database does not answer. Check the database."
              })
          )
        )

      return Answering.of({ reply, pickUp, ringingMediaUrl })
    })
  )
}

const noAnswer = (call: Call) =>
  new CarrierError({
    provider: call.mode,
    kind: "unknown-outcome",
    message: "The carrier did not answer in time when it was asked to pick the call up."
  })

const reasonOf = (call: Call, { kind }: CarrierError): EndReason => {
  if (kind === "not-found") return call.direction === "inbound" ? "caller_hung_up" : "callee_hung_up"
  return kind === "credentials" || kind === "rejected" ? "carrier_rejected" : "carrier_failed"
}
