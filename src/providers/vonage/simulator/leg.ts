import { Deferred, Effect, type Schema, type Scope } from "effect"
import { type DeskCall, isOver } from "../../../simulator/CallDesk.ts"
import type { CallbackLine } from "../../../simulator/Callbacks.ts"
import type { SimulatedState } from "../../../simulator/SimulatorModule.ts"
import { iso8601, now } from "./account.ts"
import type { Action } from "./ncco.ts"

/** A webhook: where and how. */
export interface Hook {
  readonly url: string
  readonly method: "GET" | "POST"
}

/** What runs next on a call: actions that are there already, their JSON, or a webhook to ask for them. */
export type Next =
  | { readonly _tag: "Perform"; readonly actions: ReadonlyArray<Action> }
  | { readonly _tag: "Read"; readonly ncco: string }
  | { readonly _tag: "Ask"; readonly hook: Hook }

/** A leg's status in the words of events and of the REST API. `disconnected` is only ever an event. */
export type LegStatus =
  | "started"
  | "ringing"
  | "answered"
  | "busy"
  | "cancelled"
  | "unanswered"
  | "timeout"
  | "rejected"
  | "failed"
  | "completed"

/** One leg: a phone's or a media socket's, with a uuid, events and a price of its own. */
export interface Leg {
  readonly uuid: string
  readonly kind: "phone" | "websocket"
  readonly direction: "inbound" | "outbound"
  /** As the carrier writes them: digits, or the address of the socket. */
  readonly from: string
  readonly to: string
  /** The NCCO's websocket headers; empty for a phone. */
  readonly headers: Readonly<Record<string, Schema.Json>>
  conversation: string
  status: LegStatus
  /** Where its events go; undefined: nowhere. */
  hook: Hook | undefined
  readonly createdMs: number
  answeredMs: number | undefined
  endedMs: number | undefined
  /** The REST API tells the price some time after the end. */
  isPriced: boolean
}

/** How a leg ended. */
export interface Final {
  readonly state: Extract<SimulatedState, "completed" | "busy" | "no-answer" | "failed" | "canceled">
  readonly status: LegStatus
  readonly detail?: string
  readonly sipCode?: number
  readonly by: "user" | "platform"
}

export const completedBy = (by: Final["by"]): Final => ({ state: "completed", status: "completed", sipCode: 200, by })

export const cancelled: Final = { state: "canceled", status: "cancelled", sipCode: 487, by: "platform" }

/** A phone call at the carrier: the person's leg, and the sockets that were joined to it. */
export interface Call extends DeskCall {
  readonly leg: Leg
  readonly line: CallbackLine
  readonly sockets: Array<SocketLeg>
  /** More fields of the answer webhook. */
  readonly extra: Readonly<Record<string, string>>
  /** Completed by whoever ends the call from outside its own script. */
  readonly over: Deferred.Deferred<Final>
  /** Completed by a transfer; replaced each time. */
  redirect: Deferred.Deferred<Next>
}

/** A media socket's leg. */
export interface SocketLeg {
  readonly leg: Leg
  /** Completed to end it from the carrier's side. */
  readonly hangUp: Deferred.Deferred<void>
  /** What came of it, and the NCCO that our side answered its last event with. */
  readonly ended: Deferred.Deferred<ReadonlyArray<Action> | undefined>
  /** False once the caller was moved away: it is alone in its conversation and hears silence. */
  isAttached: boolean
  isOpen: boolean
}

/** Whose leg a uuid is. */
export type Found =
  | { readonly _tag: "Phone"; readonly call: Call; readonly leg: Leg }
  | { readonly _tag: "Socket"; readonly call: Call; readonly socket: SocketLeg; readonly leg: Leg }

/** Per minute, as events and the REST API write it. */
const ratePerMinute = ({ direction, kind }: Leg) =>
  kind === "websocket" ? 0.004 : direction === "inbound" ? 0.0045 : 0.0075

/** Begun seconds from answer to end; 0 for a leg that was never answered. */
const seconds = ({ answeredMs, endedMs }: Leg) =>
  answeredMs === undefined || endedMs === undefined ? 0 : Math.ceil((endedMs - answeredMs) / 1000)

const time = (ms: number | undefined) => (ms === undefined ? null : iso8601(ms))

const network = ({ kind }: Leg) => (kind === "phone" ? "310410" : null)

/** What an ended leg cost: `price` in all, `rate` per minute, in EUR; all are strings. */
export const figuresOf = (leg: Leg) => ({
  end_time: time(leg.endedMs),
  start_time: time(leg.answeredMs),
  duration: String(seconds(leg)),
  rate: ratePerMinute(leg).toFixed(8),
  price: ((ratePerMinute(leg) * seconds(leg)) / 60).toFixed(8),
  network: network(leg)
})

const endpoint = (leg: Leg, written: string) =>
  leg.kind === "websocket" && written === leg.to
    ? { type: "websocket", uri: written, "content-type": "audio/l16;rate=16000", headers: leg.headers }
    : { type: "phone", number: written }

/** The call as the REST API shows it (Vonage: Voice API, call detail). Money is absent until the leg is priced. */
export const legResource = (leg: Leg) => {
  const figures = figuresOf(leg)
  const money = leg.isPriced ? { rate: figures.rate, price: figures.price, duration: figures.duration } : {}
  return {
    _links: { self: { href: `/calls/${leg.uuid}` } },
    uuid: leg.uuid,
    conversation_uuid: leg.conversation,
    to: endpoint(leg, leg.to),
    from: endpoint(leg, leg.from),
    status: leg.status,
    direction: leg.direction,
    ...money,
    start_time: figures.start_time,
    end_time: figures.end_time,
    network: figures.network
  }
}

export const note = (call: Call, text: string) =>
  Effect.sync(() => {
    call.record.notes.push(text)
    call.record.changed()
  })

export const complain = (call: Call, error: string) =>
  Effect.sync(() => {
    call.record.errors.push(error)
    call.record.changed()
  })

/** Ends a call from outside its script: the person, or the REST API. The state is final at once. */
export const endCall = Effect.fnUntraced(function* (call: Call, final: Final) {
  if (isOver(call)) return
  yield* markEnded(call, final)
  yield* Deferred.succeed(call.over, final)
})

/** Puts a call into its final state, once. */
export const markEnded = Effect.fnUntraced(function* (call: Call, final: Final) {
  if (isOver(call)) return
  call.leg.endedMs = yield* now
  call.leg.status = final.status
  call.record.state = final.state
  call.record.changed()
})

/** After the end of a leg, its price becomes known. */
export const priceLater = (leg: Leg, afterMs: number, scope: Scope.Scope) =>
  Effect.forkIn(
    Effect.andThen(
      Effect.sleep(afterMs),
      Effect.sync(() => {
        leg.isPriced = true
      })
    ),
    scope
  )

/** The person hangs up: gives up, declines, or ends the talk. */
export const personHangsUp = (call: Call) =>
  Effect.suspend(() => {
    if (call.leg.answeredMs !== undefined) return endCall(call, completedBy("user"))
    const declined: Final = { state: "busy", status: "rejected", detail: "declined", sipCode: 603, by: "user" }
    return endCall(call, call.direction === "inbound" ? { ...cancelled, by: "user" } : declined)
  })
