import { Deferred, Effect, type Fiber } from "effect"
import type { CallbackLine } from "../../../simulator/Callbacks.ts"
import type { CallRecord } from "../../../simulator/CallRecord.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import type { SimulatedState } from "../../../simulator/SimulatorModule.ts"
import type { Domain } from "./domain.ts"
import type { Settings } from "./options.ts"

/** A webhook as it is configured somewhere. */
export interface Hook {
  readonly url: string
  readonly method: "GET" | "POST"
}

/** More fields of a webhook. */
export type Fields = Readonly<Record<string, string>>

/** What runs next on a session: markup that is there already, or a hook to ask for it. */
export type Next =
  | { readonly _tag: "Run"; readonly markup: string; readonly baseUrl: string | undefined }
  | { readonly _tag: "Fetch"; readonly hook: Hook; readonly extra: Fields }

/** A session's status in Cloudonix's own words. */
export type SessionStatus =
  | "new"
  | "processing"
  | "ringing"
  | "connected"
  | "answer"
  | "completed"
  | "busy"
  | "noanswer"
  | "cancel"
  | "nocredit"
  | "congestion"
  | "error"
  | "failed"

/** A final state, in the simulator's words and in Cloudonix's. */
export interface Final {
  readonly state: Extract<SimulatedState, "completed" | "busy" | "no-answer" | "failed" | "canceled">
  readonly status: SessionStatus
}

export const completed: Final = { state: "completed", status: "completed" }
export const busy: Final = { state: "busy", status: "busy" }
export const noAnswer: Final = { state: "no-answer", status: "noanswer" }
export const canceled: Final = { state: "canceled", status: "cancel" }
export const failed = (status: "failed" | "error" | "congestion" | "nocredit"): Final => ({ state: "failed", status })

/** One session: a call leg, named by its token. The mutable part belongs to its lifecycle. */
export interface Leg {
  /** The session's token. */
  readonly id: string
  /** The session's integer id, which nothing is addressed by. */
  readonly number: number
  readonly direction: "inbound" | "outbound"
  readonly from: string
  readonly to: string
  readonly record: CallRecord
  readonly line: CallbackLine
  /** The SIP Call-ID: `call_id` of the CDR. */
  readonly sipCallId: string
  /** Where this session's updates go, besides the domain's own address. */
  readonly callback: string | undefined
  readonly trunk: string | undefined
  readonly application: string | undefined
  readonly extra: Fields
  readonly createdMs: number
  status: SessionStatus
  profile: Readonly<Record<string, unknown>>
  modifiedMs: number
  answeredMs: number | undefined
  endedMs: number | undefined
  answeredBy: string | undefined
  timeLimit: number | null
  /** Ends the session when its time limit is up. */
  timer: Fiber.Fiber<void> | undefined
  /** Completed by whoever ends the session from outside its own script. */
  readonly over: Deferred.Deferred<Final>
  /** Completed by a switch of the application; replaced each time. */
  switched: Deferred.Deferred<Next>
  readonly settled: Deferred.Deferred<void>
}

/** What all sessions of one fake domain are run with. */
export interface Stage {
  readonly domain: Domain
  readonly panel: FaultPanel
  readonly settings: Settings
}

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

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

export const isLoopback = (url: URL) => loopback.test(url.hostname)

/** Whether Cloudonix would call this address: absolute http(s), on a public host unless loopback is allowed. */
export const isCallable = ({ settings }: Stage, address: string) => {
  const url = URL.parse(address)
  return url !== null && /^https?:$/.test(url.protocol) && (settings.insecureLoopback || !isLoopback(url))
}
