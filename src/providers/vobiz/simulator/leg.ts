import { type Deferred, Effect } from "effect"
import type { Callback, CallbackLine } from "../../../simulator/Callbacks.ts"
import type { CallRecord } from "../../../simulator/CallRecord.ts"
import type { Final } from "./hangups.ts"
import type { Fields } from "./signing.ts"

/** A webhook as it is configured somewhere: where and how, and who is asked when that fails. */
export interface Hook {
  readonly url: string
  readonly method: "GET" | "POST"
  readonly fallback?: Hook
}

/** Where markup comes from; errors are numbered by it (701x, 801x). */
export type Origin = "answer" | "action" | "transfer" | "redirect"

/** What runs next on a call: markup that is there already, a hook to ask for it, or nothing but waiting. */
export type Next =
  | { readonly _tag: "Run"; readonly markup: string; readonly origin: Origin }
  | { readonly _tag: "Fetch"; readonly hook: Hook; readonly origin: Origin; readonly extra: Fields }
  | { readonly _tag: "Wait" }

/** The stream that a call has now, if its socket may be up. */
export interface LiveStream {
  readonly id: string
  readonly url: string
  /** Whether losing the socket does not end the call. */
  readonly keptAlive: boolean
  /** Completed to end the stream from outside: by the REST API. */
  readonly end: Deferred.Deferred<void>
}

/** One end of two legs that were joined by `<Dial>`. `parted` is completed when the dialled one is transferred away. */
export interface Bridge {
  readonly other: Leg
  readonly isDialled: boolean
  readonly parted: Deferred.Deferred<void>
}

/** One call at the carrier. The mutable part belongs to its lifecycle. */
export interface Leg {
  readonly id: string
  readonly direction: "inbound" | "outbound"
  /** `+` and digits, or a SIP address. */
  readonly from: string
  readonly to: string
  /** As webhooks write them. */
  readonly wire: { readonly from: string; readonly to: string }
  readonly record: CallRecord
  readonly line: CallbackLine
  readonly hooks: { readonly ring?: Hook; readonly hangup?: Hook }
  /** More fields of the answer webhook. */
  readonly extra: Fields
  readonly createdMs: number
  startedMs: number | undefined
  answeredMs: number | undefined
  endedMs: number | undefined
  final: Final | undefined
  /** Whether the CDR exists. */
  rated: boolean
  machine: boolean | undefined
  streams: ReadonlyArray<LiveStream>
  /** A stream that was up, and not told to stop, when the REST API hung up. */
  orphan: LiveStream | undefined
  /** While `<Dial>` joins it with another leg. */
  bridge: Bridge | undefined
  /** Callbacks that are due only after the hangup callback. */
  readonly afterHangup: Array<Callback>
  /** Completed by whoever ends the call from outside its own script. */
  readonly over: Deferred.Deferred<Final>
  /** Completed by a REST transfer; replaced each time. */
  redirect: Deferred.Deferred<Next>
  /** Completed when it is answered. */
  readonly answered: Deferred.Deferred<void>
  /** Completed when it has ended. */
  readonly ended: Deferred.Deferred<Final>
  /** Completed when everything about the call is done. */
  readonly settled: Deferred.Deferred<void>
}

/** Talk time in whole seconds. */
export const secondsOf = (leg: Leg) =>
  leg.answeredMs === undefined || leg.endedMs === undefined ? 0 : Math.round((leg.endedMs - leg.answeredMs) / 1000)

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
