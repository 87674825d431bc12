import { Effect } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { DialledTransfer, TransferStrategy } from "../../carrier/TransferStrategy.ts"
import type { Applications } from "./applications.ts"
import { transferDialBody } from "./commands.ts"
import { provider } from "./config.ts"
import { commandId } from "./correlation.ts"
import type { Finder, Leg } from "./findCall.ts"
import type { TelnyxRest } from "./rest.ts"

const leg = ({ transferId, destinationCallId, destinationMemory }: DialledTransfer): Leg => ({
  isAnswered: false,
  callControlId: destinationCallId,
  subject: { transfer: transferId },
  memory: destinationMemory
})

const failed = (message: string) => new CarrierError({ provider, kind: "rejected", message })

const hasCode =
  (...codes: ReadonlyArray<string>) =>
  ({ code }: CarrierError) =>
    code !== undefined && codes.includes(code)

/**
 * Moves a caller by way of a conference: the destination, once it has answered, begins it, and the caller joins. When the
 * caller leaves, the conference ends and with it the destination's leg.
 */
export const transferStrategy = (rest: TelnyxRest, applications: Applications, finder: Finder): TransferStrategy => {
  /** The conference, begun by the destination. Begun already: found by its name, which is new for every transfer. */
  const conference = Effect.fnUntraced(function* ({ transferId, room }: DialledTransfer, destination: string) {
    const begun = yield* rest
      .createConference({
        call_control_id: destination,
        name: room,
        start_conference_on_create: true,
        beep_enabled: "never",
        command_id: commandId(transferId, "conference")
      })
      .pipe(
        Effect.map(({ id }) => id ?? ""),
        Effect.catchIf(
          ({ kind }) => kind === "rejected" || kind === "unknown-outcome",
          (error) => Effect.flatMap(existing(room), (id) => (id === "" ? Effect.fail(error) : Effect.succeed(id)))
        )
      )
    const id = begun === "" ? yield* existing(room) : begun
    return id === "" ? yield* failed("Telnyx did not name the conference of the transfer. Transfer again.") : id
  })

  const existing = (room: string) =>
    Effect.map(rest.conferencesNamed(room), (found) => found.find(({ status }) => status !== "completed")?.id ?? "")

  const stopStream = ({ transferId }: DialledTransfer, caller: string) =>
    rest.act(caller, "streaming_stop", { command_id: commandId(transferId, "streaming-stop") })

  const joinCaller = (transfer: DialledTransfer, room: string, caller: string, attempt: string) =>
    rest
      .joinConference(room, {
        call_control_id: caller,
        end_conference_on_exit: true,
        start_conference_on_enter: true,
        beep_enabled: "never",
        command_id: commandId(transfer.transferId, attempt)
      })
      .pipe(Effect.catchIf(hasCode("90044"), () => Effect.void))

  return {
    announces: false,
    dial: Effect.fn("Telnyx.transfer.dial")(function* (plan) {
      const { call_control_id } = yield* rest.dial(transferDialBody(plan, yield* applications.connectionId))
      return { providerCallId: call_control_id, rawStatus: "dialled" }
    }),
    join: Effect.fn("Telnyx.transfer.join")(function* (transfer) {
      const caller = transfer.call.providerCallId
      if (caller === undefined) return yield* failed("Telnyx has not told the id of the caller's call yet. Try again.")
      const destination = yield* finder.idOf(leg(transfer))
      const room = yield* conference(transfer, destination)
      yield* joinCaller(transfer, room, caller, "join").pipe(
        // Whether a call may join while it streams is not documented.
        Effect.catchIf(hasCode("90045", "90046"), () =>
          Effect.andThen(stopStream(transfer, caller), joinCaller(transfer, room, caller, "join-again"))
        )
      )
      // The two hear each other by now: a stream that goes on costs money, but is no failure of the transfer.
      yield* stopStream(transfer, caller).pipe(
        Effect.catchTag("CarrierError", ({ message }) =>
          Effect.logDebug(`The stream of a transferred call was not stopped: ${message}`)
        )
      )
    }),
    drop: Effect.fn("Telnyx.transfer.drop")((transfer) =>
      finder.end(leg(transfer), commandId(transfer.transferId, "drop"))
    ),
    status: Effect.fn("Telnyx.transfer.status")((transfer) => finder.status(leg(transfer)))
  }
}
