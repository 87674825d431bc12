import { Effect, Option } from "effect"
import type { NotDone, TransferWish } from "../agents/AgentSpec.ts"
import { Calls } from "./Calls.ts"
import { joinSeconds, ringReserveSeconds, transferRing } from "./deadlines.ts"
import { lookUntil } from "./lookUntil.ts"
import type { Transfer } from "./Transfer.ts"
import { Transfers } from "./Transfers.ts"
import { TransferStore } from "./TransferStore.ts"

/** Longer than any transfer takes, in looks of half a second. */
const looks = 2 * (transferRing.most + ringReserveSeconds + 2 * joinSeconds)

const away: NotDone = {
  reason: "unavailable",
  message: "The database does not answer. Try again in a moment."
}

/** What a call's media has to do with its transfer: the agent asks for one, and may leave while it is under way. */
export const mediaTransfers = Effect.gen(function* () {
  const calls = yield* Calls
  const transfers = yield* Transfers
  const store = yield* TransferStore

  const begin = (callId: string, wish: TransferWish): Effect.Effect<NotDone | undefined> =>
    calls.find(callId).pipe(
      Effect.flatMap(
        Option.match({
          onNone: () => Effect.succeed<NotDone | undefined>({ reason: "over", message: "The call is over." }),
          onSome: (call) => Effect.as(transfers.request(call, wish, "agent"), undefined)
        })
      ),
      Effect.catchTags({
        TransferRefused: ({ message, reason }) => Effect.succeed({ reason: reason.replaceAll("-", "_"), message }),
        SqlError: () => Effect.succeed(away)
      })
    )

  /**
   * An agent may leave its caller to a transfer: the line stays open until the transfer has come about or failed. Gives
   * whether the caller was joined with the destination.
   */
  const settled = (callId: string): Effect.Effect<boolean> => {
    const current = Effect.orElseSucceed(store.current(callId), () => Option.none<Transfer>())
    const settling = lookUntil(current, {
      until: (transfer) => Option.isNone(transfer) || transfer.value.state === "bridged",
      every: "500 millis",
      again: looks
    })
    return Effect.map(
      settling,
      Option.exists(({ state }) => state === "bridged")
    )
  }

  return { begin, settled }
})
