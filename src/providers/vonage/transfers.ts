import { Effect } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { PlacedCall } from "../../carrier/TelephonyProvider.ts"
import type { DialledTransfer, TransferPlan, TransferStrategy } from "../../carrier/TransferStrategy.ts"
import {
  findLeg,
  hangUp,
  hangUpLeg,
  legsOf,
  memoryNames,
  notThereYet,
  type OnLeg,
  reportOf,
  type SoughtLeg
} from "./calls.ts"
import { dialBody } from "./dial.ts"
import { isMediaAddress, legId } from "./legs.ts"
import { callerRoom, destinationRoom } from "./ncco.ts"
import { regionUrl } from "./regions.ts"
import type { VonageRest } from "./rest.ts"

/** The destination's leg, to be looked for at Vonage. The caller's own leg is another call. */
const destinationLeg = (transfer: DialledTransfer): SoughtLeg => ({
  providerCallId: transfer.destinationCallId,
  from: transfer.callerId,
  to: transfer.destination,
  createdAtMs: transfer.call.createdAtMs,
  memory: { ...transfer.call.memory, ...transfer.destinationMemory },
  otherCalls: new Set([...(transfer.call.otherCalls ?? []), transfer.call.providerCallId ?? ""])
})

/** The legs of the caller's media socket, as Vonage lists them. */
const mediaLegs = (onLeg: OnLeg, transfer: DialledTransfer) =>
  Effect.map(legsOf(onLeg, transfer.call.memory), (legs) =>
    legs.flatMap(({ uuid, to }) =>
      to?.type === "websocket" || isMediaAddress(to?.uri ?? "") ? [legId(uuid) ?? uuid] : []
    )
  )

/**
 * Two legs that meet in a named conversation: the destination goes there when it answers, the caller is moved there. What the
 * caller leaves behind is the leg of its media socket, which does not hang up by itself.
 */
export const transferStrategy = (rest: VonageRest, onLeg: OnLeg, voiceUrl: string): TransferStrategy => ({
  announces: true,

  dial: Effect.fn("Vonage.transfer.dial")(function* (plan: TransferPlan) {
    // A conversation is known in the region of its legs only, so both must be in the same one.
    const region = regionUrl(plan.call.memory[memoryNames.region])
    const body = yield* dialBody({
      from: plan.callerId,
      to: plan.destination,
      eventUrl: plan.links.route("/transfer-status"),
      ringTimeoutSeconds: plan.ringTimeoutSeconds,
      maxDurationSeconds: plan.maxDurationSeconds,
      onAnswer: { ncco: destinationRoom(plan.room, plan.announcement) }
    })
    const created = yield* rest.voice(rest.voiceBase(region ?? voiceUrl)).createCall(body)
    const placed: PlacedCall = {
      providerCallId: legId(created.uuid) ?? created.uuid,
      rawStatus: created.status ?? "started",
      memory: region === undefined ? {} : { [memoryNames.region]: region }
    }
    return placed
  }),

  join: Effect.fn("Vonage.transfer.join")(function* (transfer: DialledTransfer) {
    const { memory } = transfer.call
    const caller = transfer.call.providerCallId ?? (yield* findLeg(onLeg)(transfer.call))?.uuid
    if (caller === undefined) return yield* notThereYet
    yield* onLeg(memory, (voice) =>
      voice.modify(caller, {
        action: "transfer",
        destination: { type: "ncco", ncco: callerRoom(transfer.room) }
      })
    )
    yield* mediaLegs(onLeg, transfer).pipe(
      Effect.flatMap(Effect.forEach((uuid) => hangUpLeg(onLeg, memory, uuid), { discard: true })),
      // The two talk already, and the leg also ends when its socket is closed.
      Effect.catchTag("CarrierError", ({ message }: CarrierError) =>
        Effect.logWarning(`The media leg of a transferred call was not hung up: ${message}`)
      )
    )
  }),

  drop: Effect.fn("Vonage.transfer.drop")((transfer: DialledTransfer) => hangUp(onLeg)(destinationLeg(transfer))),

  status: Effect.fn("Vonage.transfer.status")((transfer: DialledTransfer) =>
    Effect.map(findLeg(onLeg)(destinationLeg(transfer)), (leg) => (leg === undefined ? undefined : reportOf(leg)))
  )
})
