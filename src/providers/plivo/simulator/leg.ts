import { type Deferred, Effect, type Scope } from "effect"
import type { CallbackLine } from "../../../simulator/Callbacks.ts"
import type { CallRecord } from "../../../simulator/CallRecord.ts"
import { type Account, asWritten, microseconds, seconds } from "./account.ts"
import type { Bridge } from "./bridge.ts"
import type { Asked, Hangup } from "./hangups.ts"
import type { Hook } from "./hook.ts"
import type { Fields } from "./signing.ts"

/** What runs next on a call: markup that a hook is asked for, or, for a leg that was dialled, the talk with who dialled it. */
export type Next =
  | { readonly _tag: "Fetch"; readonly hook: Hook; readonly asked: Asked; readonly extra: Fields }
  | { readonly _tag: "Run"; readonly markup: string; readonly asked: Asked }
  | { readonly _tag: "Talk"; readonly bridge: Bridge }

/** What an element that is through has to tell its action; with `redirect` the answer runs next. */
export interface Told {
  readonly hook: Hook
  readonly redirect: boolean
  readonly fields: Fields
}

/** An audio stream of a call, by markup or by the REST API. */
export interface AudioStream {
  readonly id: string
  readonly serviceUrl: string
  readonly bidirectional: boolean
  readonly audioTrack: string
  readonly statusCallbackUrl: string
  readonly startedMs: number
  endedMs: number | undefined
  /** Completed by whoever stops the stream from outside. */
  readonly stop: Deferred.Deferred<void>
}

/** One call at the carrier. The mutable part belongs to its lifecycle. */
export interface Leg {
  readonly id: string
  readonly requestId: string
  readonly direction: "inbound" | "outbound"
  /** E.164 with a plus, or whatever else the address is; Plivo writes numbers without the plus. */
  readonly from: string
  readonly to: string
  readonly callerName: string
  readonly parentId: string | undefined
  readonly record: CallRecord
  readonly line: CallbackLine
  readonly hooks: { readonly ring: Hook | undefined; readonly hangup: Hook | undefined }
  /** More fields of every webhook about the call: SIP headers, and what a test adds. */
  readonly extra: Fields
  /** What the call has forked; closed at its end. */
  readonly scope: Scope.Closeable
  readonly createdMs: number
  queueMs: number
  ringingMs: number | undefined
  answeredMs: number | undefined
  endedMs: number | undefined
  ending: Hangup | undefined
  machine: boolean | undefined
  /** Whether the record has its price. */
  rated: boolean
  transfers: number
  readonly streams: Array<AudioStream>
  /** The leg that a `<Dial>` of this one talks to. */
  partner: { readonly leg: Leg; readonly bridge: Bridge } | undefined
  /** Completed by whoever ends the call from outside its own script. */
  readonly over: Deferred.Deferred<Hangup>
  /** Completed by a transfer; replaced each time. */
  transfer: Deferred.Deferred<Next>
  /** Completed when everything about the call is done. */
  readonly settled: Deferred.Deferred<void>
}

export const isRinging = (leg: Leg) => leg.answeredMs === undefined && leg.record.state === "ringing"

/** Seconds from the answer, begun ones counted: a call that was answered never has none. */
export const talkSeconds = (leg: Leg) =>
  leg.answeredMs === undefined || leg.endedMs === undefined
    ? 0
    : Math.max(1, Math.ceil((leg.endedMs - leg.answeredMs) / 1000))

/** Billed by the begun minute. */
export const billedSeconds = (leg: Leg) => Math.ceil(talkSeconds(leg) / 60) * 60

const rateTenthsOfMills = { inbound: 55, outbound: 85 } as const

/** Account currency per minute, five decimals. */
export const rateOf = ({ direction }: Leg) => (rateTenthsOfMills[direction] / 10_000).toFixed(5)

export const costOf = (leg: Leg) => ((rateTenthsOfMills[leg.direction] * billedSeconds(leg)) / 60 / 10_000).toFixed(5)

/** The fields that every webhook about a call carries (Plivo: voice callbacks). */
export const callFields = (account: Account, leg: Leg, event: string, status?: string): Fields => {
  const inbound = leg.direction === "inbound"
  const fields: ReadonlyArray<readonly [string, string]> = [
    ["BillRate", rateOf(leg).replace(/0+$/, "")],
    ["CallStatus", status ?? (leg.answeredMs === undefined ? "ringing" : "in-progress")],
    ["CallUUID", leg.id],
    ["CountryCode", "US"],
    ["Direction", leg.direction],
    ["Event", event],
    ["From", asWritten(leg.from)],
    ["ParentAuthID", account.mainId],
    ["RouteType", ""],
    ["SessionStart", microseconds(leg.createdMs)],
    ["To", asWritten(leg.to)],
    ...(inbound
      ? ([
          ["CallerName", asWritten(leg.from)],
          ["STIRAttestation", ""],
          ["STIRVerification", "Not Applicable"]
        ] as const)
      : ([
          ["ALegRequestUUID", leg.requestId],
          ["ALegUUID", leg.id],
          ["RequestUUID", leg.requestId]
        ] as const))
  ]
  const own = new Set(leg.extra.map(([name]) => name))
  return [...fields.filter(([name]) => !own.has(name)), ...leg.extra]
}

const time = (ms: number | undefined) => (ms === undefined ? "" : seconds(ms))

/** What the hangup callback adds. A call that nobody answered has an empty `AnswerTime`. */
export const hangupFields = (leg: Leg, hangup: Hangup): Fields => [
  ["AnswerTime", time(leg.answeredMs)],
  ["BillDuration", String(talkSeconds(leg))],
  ["Duration", String(talkSeconds(leg))],
  ["EndTime", time(leg.endedMs)],
  ["HangupCause", hangup.cause],
  ["HangupCauseCode", String(hangup.code)],
  ["HangupCauseName", hangup.name],
  ["HangupSource", hangup.source],
  ["StartTime", time(leg.createdMs)],
  ["TotalCost", costOf(leg)]
]

export const note = (leg: Leg, text: string) =>
  Effect.sync(() => {
    leg.record.notes.push(text)
    leg.record.changed()
  })

export const complain = (leg: Leg, error: string) =>
  Effect.sync(() => {
    leg.record.errors.push(error)
    leg.record.changed()
  })
