import { Effect } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { DialledTransfer, TransferPlan, TransferStrategy } from "../../carrier/TransferStrategy.ts"
import type { AriAccount } from "./account.ts"
import { originate, reportOf } from "./calls.ts"
import { ownArguments } from "./ids.ts"
import { unlessGone } from "./rest.ts"

/** The media is not in the bridge (any more), which is what was wanted. */
const isOut = ({ httpStatus }: CarrierError) => httpStatus === 400 || httpStatus === 409 || httpStatus === 422

/**
 * The destination is called into our application; when it answers, it takes the media's place in the call's bridge. Asterisk
 * plays no announcement here: it would need a sound of its own.
 */
export const transferStrategy = (account: AriAccount): TransferStrategy => {
  const { rest, names } = account
  const targetOf = ({ call, transferId, destinationCallId }: DialledTransfer) =>
    destinationCallId ?? names.target(call.callId, transferId)

  return {
    announces: false,
    dial: Effect.fn("Ari.transfer.dial")((plan: TransferPlan) =>
      originate(account, {
        channelId: names.target(plan.call.callId, plan.transferId),
        to: plan.destination,
        from: plan.callerId,
        ringTimeoutSeconds: plan.ringTimeoutSeconds,
        appArgs: `${ownArguments.target},${plan.transferId}`
      })
    ),
    join: Effect.fn("Ari.transfer.join")(function* (transfer: DialledTransfer) {
      const { callId } = transfer.call
      const bridge = names.bridge(callId)
      const media = names.media(callId)
      // The caller is in it already.
      yield* rest.addToBridge(bridge, [targetOf(transfer)])
      yield* unlessGone(rest.removeFromBridge(bridge, media)).pipe(Effect.catchIf(isOut, () => Effect.void))
      yield* rest.hangUp(media, "normal")
    }),
    drop: Effect.fn("Ari.transfer.drop")((transfer: DialledTransfer) => rest.hangUp(targetOf(transfer), "normal")),
    status: Effect.fn("Ari.transfer.status")(function* (transfer: DialledTransfer) {
      const channel = yield* rest.channel(targetOf(transfer))
      return channel === undefined ? undefined : reportOf(channel.id, channel.state)
    })
  }
}
