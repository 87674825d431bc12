import { type Deferred, Effect, type Fiber } from "effect"
import type { AudioFormat } from "../../../Audio.ts"
import type { CallbackLine } from "../../../simulator/Callbacks.ts"
import type { CallRecord } from "../../../simulator/CallRecord.ts"
import type { SimulatedState } from "../../../simulator/SimulatorModule.ts"
import { type Application, microTime } from "./account.ts"

/** How a leg ended, in the words of `call.hangup`. */
export interface Final {
  readonly state: Extract<SimulatedState, "completed" | "busy" | "no-answer" | "failed" | "canceled">
  readonly cause: string
  readonly source: "caller" | "callee" | "unknown"
  /** A text, also where it is a number. */
  readonly sipCause: string
}

/** An answered call that ended in order. */
export const cleared = (source: Final["source"]): Final => ({
  state: "completed",
  cause: "normal_clearing",
  source,
  sipCause: "200"
})

/** Where the events of a leg go: a call may have an address of its own instead of the application's. */
export interface EventTarget {
  readonly url: string
  readonly failoverUrl: string
  /** Addresses of single events (`webhook_urls`). */
  readonly byEvent: ReadonlyMap<string, string>
  /** Delays before retries of single events, ms (`webhook_retries_policies`). */
  readonly retriesByEvent: ReadonlyMap<string, ReadonlyArray<number>>
}

/** A media stream that is up or coming up. */
export interface LegStream {
  readonly id: string
  readonly url: string
  readonly fiber: Fiber.Fiber<unknown>
}

/** A conference or a bridge that a leg is in. */
export interface Place {
  readonly room: string
  /** Takes the leg out, with what that does to the others. */
  readonly leave: Effect.Effect<void>
}

/** One leg at the carrier. The mutable part belongs to its lifecycle. */
export interface Leg {
  /** The `call_control_id`. */
  readonly id: string
  readonly legId: string
  readonly sessionId: string
  readonly direction: "inbound" | "outbound"
  readonly from: string
  readonly to: string
  readonly record: CallRecord
  readonly line: CallbackLine
  /** Deliveries of the event that announces an inbound call; the other events do not wait for them. */
  readonly announcements: ReadonlyArray<CallbackLine>
  readonly application: Application
  /** The codec of the phone call itself. */
  readonly codec: "PCMU" | "PCMA"
  /** The format of what our side hears. */
  format: AudioFormat
  target: EventTarget
  clientState: string | null
  /** More fields of `call.initiated`. */
  readonly extra: Readonly<Record<string, string>>
  readonly createdMs: number
  queueMs: number
  answeredMs: number | undefined
  endedMs: number | undefined
  readonly answered: Deferred.Deferred<void>
  /** Completed by whoever ends the leg from outside its own life. */
  readonly over: Deferred.Deferred<Final>
  /** Completed when everything about the leg is done. */
  readonly settled: Deferred.Deferred<void>
  /** When each `command_id` was taken, Unix time in ms. */
  readonly commands: Map<string, number>
  stream: LegStream | undefined
  place: Place | undefined
  recording: { readonly id: string; readonly startedMs: number } | undefined
}

/** The fields that every event about a leg carries. */
export const commonPayload = (leg: Leg) => ({
  call_control_id: leg.id,
  call_leg_id: leg.legId,
  call_session_id: leg.sessionId,
  client_state: leg.clientState,
  connection_id: leg.application.id,
  from: leg.from,
  to: leg.to
})

/** The call as the REST API shows it (Telnyx: retrieve a call status). There is no word for its status. */
export const callResource = (leg: Leg, nowMs: number) => ({
  record_type: "call",
  call_control_id: leg.id,
  call_leg_id: leg.legId,
  call_session_id: leg.sessionId,
  client_state: leg.clientState ?? "",
  is_alive: leg.endedMs === undefined,
  call_duration: leg.answeredMs === undefined ? 0 : Math.floor(((leg.endedMs ?? nowMs) - leg.answeredMs) / 1000),
  start_time: microTime(leg.createdMs),
  ...(leg.endedMs === undefined ? {} : { end_time: microTime(leg.endedMs) })
})

export const note = (leg: Leg, words: string) =>
  Effect.sync(() => {
    leg.record.notes.push(words)
    leg.record.changed()
  })

export const complain = (leg: Leg, error: string) =>
  Effect.sync(() => {
    leg.record.errors.push(error)
    leg.record.changed()
  })
