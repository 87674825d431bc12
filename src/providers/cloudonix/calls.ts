import { Effect, type Schema } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { CallReference, PlaceCall, PlacedCall } from "../../carrier/TelephonyProvider.ts"
import { type CloudonixConfig, provider } from "./config.ts"
import { streamDocument } from "./cxml.ts"
import type { CloudonixRest } from "./rest.ts"
import { isOver, type Session } from "./session.ts"

/** A leg that is to be dialled, whoever it is for. */
export interface Leg {
  readonly from: string
  readonly to: string
  readonly cxml: string
  /** Where session updates of the leg go. */
  readonly callback: string
  readonly ringTimeoutSeconds: number
  readonly maxDurationSeconds: number
}

const wholeSeconds = (value: number) => Math.max(1, Math.ceil(value))

/** The body of a dial (Cloudonix: Call Control). Nothing more may be in it: unknown fields are refused. */
const dialBody = ({ trunk }: CloudonixConfig, leg: Leg): Schema.Json => ({
  destination: leg.to,
  "caller-id": leg.from,
  cxml: leg.cxml,
  execute: "connected",
  callback: leg.callback,
  timeout: wholeSeconds(leg.ringTimeoutSeconds),
  timeLimit: wholeSeconds(leg.maxDurationSeconds),
  ...(trunk === undefined ? {} : { trunk })
})

/** Dials once. The answer has no status as a rule. */
export const dialLeg = (rest: CloudonixRest, config: CloudonixConfig) => (leg: Leg) =>
  Effect.map(rest.dial(dialBody(config, leg)), ({ token, status }): PlacedCall => ({
    providerCallId: token,
    rawStatus: status ?? "initiated"
  }))

/**
 * Dials with the document inline, so that Cloudonix has nothing to ask when the call is answered: one request less per call, and
 * none that would have to be believed.
 */
export const placeCall = (rest: CloudonixRest, config: CloudonixConfig) => {
  const dial = dialLeg(rest, config)
  return Effect.fn("Cloudonix.placeCall")(function* (call: PlaceCall) {
    const mediaUrl = yield* call.mediaUrl
    return yield* dial({
      from: call.from,
      to: call.to,
      cxml: streamDocument({ callId: call.callId, mediaUrl }),
      callback: call.links.route("/status"),
      ringTimeoutSeconds: call.ringTimeoutSeconds,
      maxDurationSeconds: call.maxDurationSeconds
    })
  })
}

/** ms by which Cloudonix's clock may be behind ours. */
const clockSkew = 30_000

/** An address as it is compared: Cloudonix writes numbers with and without plus. */
const comparable = (address: string) => address.trim().toLowerCase().replace(/^\+/, "")

const bornMs = ({ createdAtMs }: Session) => createdAtMs ?? Number.POSITIVE_INFINITY

/** A leg whose token is not known, because the answer to its dial was lost. */
export interface Wanted {
  readonly from: string
  readonly to: string
  readonly notBeforeMs: number
  readonly otherTokens: ReadonlySet<string>
}

/** The sessions between two addresses that are none of our others and were made since, oldest first; undated ones count as new. */
export const findSessions = (
  rest: CloudonixRest,
  wanted: Wanted
): Effect.Effect<ReadonlyArray<Session>, CarrierError> =>
  Effect.map(rest.sessions, (sessions) =>
    sessions
      .filter(
        (session) =>
          comparable(session.to) === comparable(wanted.to) &&
          comparable(session.from) === comparable(wanted.from) &&
          !wanted.otherTokens.has(session.token) &&
          bornMs(session) >= wanted.notBeforeMs - clockSkew
      )
      .toSorted((left, right) => (bornMs(left) < bornMs(right) ? -1 : 1))
  )

/** The call's session. Undefined: Cloudonix has none, or not any more. */
export const sessionOf = (
  rest: CloudonixRest,
  call: CallReference
): Effect.Effect<Session | undefined, CarrierError> =>
  call.providerCallId === undefined
    ? Effect.map(
        findSessions(rest, {
          from: call.from,
          to: call.to,
          notBeforeMs: call.createdAtMs,
          otherTokens: call.otherCalls ?? new Set()
        }),
        ([oldest]) => oldest
      )
    : rest.session(call.providerCallId)

const isMissing = ({ kind }: CarrierError) => kind === "not-found"
const isUnsure = ({ kind }: CarrierError) => kind === "unavailable" || kind === "unknown-outcome"

/** Ends a session. One that is over is a success, also where only the session itself tells that the request went through. */
export const endSession = (rest: CloudonixRest, token: string): Effect.Effect<void, CarrierError> =>
  rest.endSession(token).pipe(
    Effect.asVoid,
    Effect.catchIf(isMissing, () => Effect.void),
    Effect.catchIf(isUnsure, (error) =>
      rest.session(token).pipe(
        Effect.catchTag("CarrierError", () => Effect.fail(error)),
        Effect.flatMap((session) => (session === undefined || isOver(session) ? Effect.void : Effect.fail(error)))
      )
    )
  )

/** Hangs a call up; one whose token is unknown is looked for first. */
export const hangUp = (rest: CloudonixRest) =>
  Effect.fn("Cloudonix.hangUp")(function* (call: CallReference) {
    const token = call.providerCallId ?? (yield* sessionOf(rest, call))?.token
    if (token === undefined) return yield* notFoundYet
    yield* endSession(rest, token)
  })

const notFoundYet = new CarrierError({
  provider,
  kind: "not-found",
  message:
    "Cloudonix shows no such session yet: nothing was hung up. If its dial is still under way, hang up again once it is there."
})
