import { DateTime, Effect, Option } from "effect"
import { isFinal } from "../../carrier/CallStatus.ts"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { CallCost, CallMemory, CallReference, StatusReport } from "../../carrier/TelephonyProvider.ts"
import { provider } from "./config.ts"
import { digitsOf, legId } from "./legs.ts"
import { apiUrl, regionUrl } from "./regions.ts"
import type { Leg, VoiceApi, VonageRest } from "./rest.ts"
import { callCost, callStatus, durationMs, type LegState } from "./statuses.ts"

/** What is remembered about a call. */
export const memoryNames = { region: "region_url", conversation: "conversation_uuid" } as const

/** ms by which Vonage's clock may be behind ours. */
const clockSkew = 30_000

const isNotFound = ({ kind }: CarrierError) => kind === "not-found"

/** What is known of a leg that is looked for at Vonage. */
export type SoughtLeg = Pick<CallReference, "providerCallId" | "from" | "to" | "createdAtMs" | "otherCalls"> & {
  readonly memory: CallMemory
}

/** Does something to a leg at Vonage. */
export type OnLeg = <A>(
  memory: CallMemory,
  use: (voice: VoiceApi) => Effect.Effect<A, CarrierError>
) => Effect.Effect<A, CarrierError>

/**
 * A leg lives in one region, and another region's API answers 404 for it: what is not found in the region that its webhook named
 * is looked for once more at the default host.
 */
export const makeOnLeg =
  (rest: Pick<VonageRest, "voice" | "voiceBase">, voiceUrl: string): OnLeg =>
  (memory, use) => {
    const [first, second] = new Set(
      [regionUrl(memory[memoryNames.region]) ?? voiceUrl, apiUrl].map((url) => rest.voiceBase(url))
    )
    const there = use(rest.voice(first ?? voiceUrl))
    return second === undefined ? there : Effect.catchIf(there, isNotFound, () => use(rest.voice(second)))
  }

const text = (figure: string | number | null | undefined): string | undefined =>
  figure === null || figure === undefined ? undefined : String(figure)

const stateOf = (leg: Leg): LegState => ({
  word: leg.status,
  detail: text(leg.detail),
  duration: text(leg.duration),
  startTime: text(leg.start_time)
})

/** Vonage writes times with and without a zone; without one they are in UTC. */
const startedAt = ({ start_time }: Leg): number | undefined => {
  if (start_time === null || start_time === undefined) return undefined
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(start_time) ? start_time : `${start_time.replace(" ", "T")}Z`
  return Option.getOrUndefined(Option.map(DateTime.make(zoned), DateTime.toEpochMillis))
}

const goesTo = (leg: Leg, address: string) => {
  const number = digitsOf(address)
  return number === undefined ? leg.to?.uri === address : leg.to?.number === number
}

/**
 * The leg at Vonage. Without its id (the dial's answer was lost) it is the oldest outbound one between the two addresses since
 * we made ours that is none of our other calls. Undefined: Vonage has no such leg.
 */
export const findLeg =
  (onLeg: OnLeg) =>
  (sought: SoughtLeg): Effect.Effect<Leg | undefined, CarrierError> => {
    const { providerCallId, createdAtMs } = sought
    if (providerCallId !== undefined) {
      return Effect.catchIf(
        onLeg(sought.memory, (voice) => voice.leg(providerCallId)),
        isNotFound,
        () => Effect.undefined
      )
    }
    const earliest = createdAtMs - clockSkew
    const page = onLeg(sought.memory, (voice) =>
      voice.legs([
        ["date_start", DateTime.formatIso(DateTime.makeUnsafe(earliest))],
        ["order", "asc"],
        ["page_size", "100"]
      ])
    )
    return Effect.map(page, (legs) =>
      legs.find(
        (leg) =>
          leg.direction === "outbound" &&
          goesTo(leg, sought.to) &&
          leg.from?.number === digitsOf(sought.from) &&
          sought.otherCalls?.has(legId(leg.uuid) ?? leg.uuid) !== true &&
          (startedAt(leg) ?? createdAtMs) >= earliest
      )
    )
  }

/** What Vonage says about a leg when asked. */
export const reportOf = (leg: Leg): StatusReport => {
  const state = stateOf(leg)
  const status = callStatus(state)
  const providerCallId = legId(leg.uuid) ?? leg.uuid
  const over = status !== undefined && isFinal(status)
  return {
    providerCallId,
    status,
    rawStatus: leg.status,
    dedupeKey: `poll:${providerCallId}:${leg.status}`,
    ...(over ? { durationMs: durationMs(state.duration) } : {}),
    ...(over && status !== "completed" && state.detail !== undefined ? { failureCode: state.detail } : {})
  }
}

/** A leg without an id that Vonage does not show: nothing can be done to it. */
export const notThereYet = new CarrierError({
  provider,
  kind: "not-found",
  message:
    "Vonage shows no such call yet, so nothing was done to it. If its dial is still under way, try again once it is there."
})

/**
 * Hangs a leg up by its own uuid. One that is gone is a success; so is one whose state does not allow it because it is over, which
 * Vonage answers with 400.
 */
export const hangUpLeg = (onLeg: OnLeg, memory: CallMemory, uuid: string): Effect.Effect<void, CarrierError> =>
  onLeg(memory, (voice) =>
    Effect.catchIf(
      voice.modify(uuid, { action: "hangup" }),
      ({ httpStatus }) => httpStatus === 400,
      (refused) =>
        Effect.flatMap(voice.leg(uuid), (leg) => {
          const status = callStatus(stateOf(leg))
          return status !== undefined && isFinal(status) ? Effect.void : Effect.fail(refused)
        })
    )
  ).pipe(Effect.catchIf(isNotFound, () => Effect.void))

/** Hangs a call's phone leg up, after a look for it where its id is not known. */
export const hangUp = (onLeg: OnLeg) =>
  Effect.fnUntraced(function* (sought: SoughtLeg) {
    const uuid = sought.providerCallId ?? (yield* findLeg(onLeg)(sought))?.uuid
    return yield* uuid === undefined ? Effect.fail(notThereYet) : hangUpLeg(onLeg, sought.memory, uuid)
  })

/** All legs of the conversation in which a call began: the phone's and the media socket's. Empty when it is not known. */
export const legsOf = (onLeg: OnLeg, memory: CallMemory): Effect.Effect<ReadonlyArray<Leg>, CarrierError> => {
  const conversation = memory[memoryNames.conversation]
  return conversation === undefined
    ? Effect.succeed([])
    : onLeg(memory, (voice) =>
        voice.legs([
          ["conversation_uuid", conversation],
          ["page_size", "100"]
        ])
      )
}

/** What a call cost: both legs have a price of their own. Undefined until Vonage has rated the phone leg and no leg is up. */
export const costOf = (onLeg: OnLeg) =>
  Effect.fnUntraced(function* (call: CallReference) {
    const phone = yield* findLeg(onLeg)(call)
    const price = text(phone?.price)
    if (phone === undefined || price === undefined) return undefined
    const others = (yield* legsOf(onLeg, call.memory)).filter(({ uuid }) => legId(uuid) !== legId(phone.uuid))
    const isUp = (leg: Leg) => {
      const status = callStatus(stateOf(leg))
      return status !== undefined && !isFinal(status)
    }
    if (others.some(isUp)) return undefined
    const cost: CallCost | undefined = callCost([price, ...others.flatMap((leg) => text(leg.price) ?? [])])
    return cost
  })
