import { Context, Effect, Fiber, Layer, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { AgentEvent, RecordingAction } from "../agents/AgentSpec.ts"
import { CarrierError } from "../carrier/CarrierError.ts"
import { agentEvents, type EventRefused } from "./agentEvents.ts"
import type { Call } from "./Call.ts"
import { CallCommands } from "./CallCommands.ts"
import { CallEnding } from "./CallEnding.ts"
import { CallHistory, type CallNotFound } from "./CallHistory.ts"
import { CarrierDesk, reference } from "./CarrierDesk.ts"

/** Nobody can send digits into the call now; `message` says why. */
export class DigitsRefused extends Schema.TaggedError<DigitsRefused>()("DigitsRefused", {
  reason: Schema.Literals(["over", "not-connected", "not-supported"]),
  message: Schema.String
}) {}

/** Nothing was done about the recording of the call; `message` says why. */
export class RecordingRefused extends Schema.TaggedError<RecordingRefused>()("RecordingRefused", {
  reason: Schema.Literals(["over", "not-connected", "refused", "unanswered"]),
  message: Schema.String
}) {}

/** How long somebody waits for a carrier that is slow to hang up; the call ends without them, too. */
const patience = "5 seconds"

/** What an operator does with a live call, whatever node it is on. */
export class Operating extends Context.Service<
  Operating,
  {
    /** Ends the call; one that is over stays as it is. Gives the row afterwards. */
    readonly hangUp: (organizationId: string, id: string) => Effect.Effect<Call, CallNotFound | SqlError>
    readonly sendDigits: (
      organizationId: string,
      id: string,
      digits: string
    ) => Effect.Effect<void, CallNotFound | CarrierError | DigitsRefused | SqlError>
    /** Gives the call's agent an event, and notes that in the call's log. */
    readonly tellAgent: (
      organizationId: string,
      id: string,
      event: AgentEvent
    ) => Effect.Effect<void, CallNotFound | EventRefused | SqlError>
    /** Begins, pauses or ends the recording of a call whose media is open. */
    readonly record: (
      organizationId: string,
      id: string,
      action: RecordingAction
    ) => Effect.Effect<void, CallNotFound | RecordingRefused | SqlError>
  }
>()("switchboard/Operating") {
  static readonly layer = Layer.effect(
    Operating,
    Effect.gen(function* () {
      const history = yield* CallHistory
      const commands = yield* CallCommands
      const ending = yield* CallEnding
      const desk = yield* CarrierDesk
      const scope = yield* Effect.scope

      /** The media falls silent at once, however long the carrier takes; its session ends with the same reason. */
      const endNow = (id: string) => {
        const silenced = commands
          .send(id, { _tag: "HangUp", drain: false })
          .pipe(Effect.catchTag("CallNotHeld", () => Effect.void))
        return Effect.all([ending.hangUp(id, "operator_ended"), silenced], { concurrency: 2, discard: true })
      }

      const hangUp = Effect.fn("Operating.hangUp")(function* (organizationId: string, id: string) {
        const call = yield* history.get(organizationId, id)
        if (call.endedAt !== undefined) return call
        const hangingUp = yield* Effect.forkIn(endNow(call.id), scope)
        yield* Effect.timeoutOption(Fiber.join(hangingUp), patience)
        return yield* history.get(organizationId, id)
      })

      const atCarrier = Effect.fnUntraced(function* (call: Call, digits: string) {
        const { sendDigits } = yield* desk.provider(call)
        if (sendDigits === undefined)
          return yield* new DigitsRefused({
            reason: "not-supported",
            message: "This carrier sends digits only through the call's media, which is not open."
          })
        yield* sendDigits(reference(call), digits)
      })

      const sendDigits = Effect.fn("Operating.sendDigits")(function* (
        organizationId: string,
        id: string,
        digits: string
      ) {
        const call = yield* history.get(organizationId, id)
        if (call.endedAt !== undefined)
          return yield* new DigitsRefused({ reason: "over", message: "The call is over." })
        if (call.status !== "in-progress")
          return yield* new DigitsRefused({ reason: "not-connected", message: "The call has not been answered yet." })
        const reply = yield* commands
          .send(call.id, { _tag: "SendDigits", digits })
          .pipe(Effect.catchTag("CallNotHeld", ({ unanswered }) => (unanswered ? perhapsSent(call) : Effect.void)))
        if (reply === undefined) return yield* atCarrier(call, digits)
        if (!reply.ok) return yield* new DigitsRefused({ reason: "not-supported", message: reply.detail })
      })

      const record = Effect.fn("Operating.record")(function* (
        organizationId: string,
        id: string,
        action: RecordingAction
      ) {
        const call = yield* history.get(organizationId, id)
        if (call.endedAt !== undefined)
          return yield* new RecordingRefused({ reason: "over", message: "The call is over." })
        const reply = yield* commands
          .send(call.id, { _tag: "Recording", action })
          .pipe(Effect.catchTag("CallNotHeld", ({ unanswered }) => (unanswered ? noAnswer : noMedia)))
        if (!reply.ok) return yield* new RecordingRefused({ reason: "refused", message: reply.detail })
      })
      return Operating.of({ hangUp, sendDigits, tellAgent: yield* agentEvents, record })
    })
  )
}

const noMedia = new RecordingRefused({
  reason: "not-connected",
  message: "The call's media is not open: there is nothing to record."
})
const noAnswer = new RecordingRefused({
  reason: "unanswered",
  message: "The node that holds the call did not answer in time. Look at the call's recordings before you try again."
})

/** Digits are not sent twice: a PIN would be wrong. */
const perhapsSent = ({ mode }: Call) =>
  new CarrierError({
    provider: mode,
    kind: "unknown-outcome",
    message:
      "The node that holds the call did not answer in time. The digits may have been sent: look before you send them again."
  })
