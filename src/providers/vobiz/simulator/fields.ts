import { istTime, sessionTime } from "./account.ts"
import type { Final } from "./hangups.ts"
import { type Leg, secondsOf } from "./leg.ts"
import { countryOf } from "./numbering.ts"
import type { Fields } from "./signing.ts"

/** Per minute, in rupees. */
export const billRate = "0.65"
const pulseSeconds = 60

/** `CallStatus` of a live call: `ringing` at the answer webhook of an inbound one, `in-progress` at an outbound one's. */
const liveStatus = (leg: Leg) => (leg.answeredMs === undefined ? "ringing" : "in-progress")

/** All of a call's ids are one: `request_uuid` of the dial is the later `CallUUID`. */
const requestIds = (leg: Leg): Fields =>
  leg.direction === "inbound"
    ? []
    : [
        ["RequestUUID", leg.id],
        ["ALegRequestUUID", leg.id],
        ["ALegUUID", leg.id]
      ]

/** The fields of webhooks that ask for markup (Vobiz: callbacks, answer). */
export const askFields = (parentId: string, leg: Leg, event: "StartApp" | "Redirect"): Fields => [
  ["BillRate", billRate],
  ["CallStatus", liveStatus(leg)],
  ["CallUUID", leg.id],
  ["CallerName", leg.wire.from],
  ["CountryCode", countryOf(leg.direction === "inbound" ? leg.from : leg.to)],
  ["Direction", leg.direction],
  ["Event", event],
  ["From", leg.wire.from],
  ["ParentAuthID", parentId],
  ["RouteType", ""],
  ["STIRAttestation", ""],
  ["STIRVerification", "Not Applicable"],
  ["SessionStart", sessionTime(leg.createdMs)],
  ["To", leg.wire.to],
  ...requestIds(leg),
  ...(leg.machine === undefined ? [] : [["Machine", String(leg.machine)] as const])
]

/** Ring: it does not name the account (Vobiz: callbacks, ring). */
export const ringFields = (leg: Leg): Fields => [
  ["From", leg.wire.from],
  ["To", leg.wire.to],
  ["RequestUUID", leg.id],
  ["ALegRequestUUID", leg.id],
  ["CallUUID", leg.id],
  ["Direction", leg.direction],
  ["Event", "Ring"],
  ["CallStatus", "ringing"],
  ["SessionStart", sessionTime(leg.createdMs)],
  ["STIRAttestation", ""]
]

/** Hangup (Vobiz: callbacks, hangup): times of India without saying so, and a cost that is always nought. */
export const hangupFields = (parentId: string, leg: Leg, final: Final): Fields => {
  const seconds = secondsOf(leg)
  const own: Fields = [
    ["AnswerTime", leg.answeredMs === undefined ? "" : istTime(leg.answeredMs)],
    ["BillDuration", String(Math.ceil(seconds / pulseSeconds) * pulseSeconds)],
    ["CallStatus", final.status],
    ["Duration", String(seconds)],
    ["EndTime", istTime(leg.endedMs ?? leg.createdMs)],
    ["Event", "Hangup"],
    ["HangupCause", final.cause],
    ["HangupCauseCode", String(final.code)],
    ["HangupCauseName", final.name],
    ["HangupSource", final.source],
    ["StartTime", istTime(leg.startedMs ?? leg.createdMs)],
    ["TotalCost", "0.00000"]
  ]
  const told = new Set(own.map(([name]) => name))
  const common = askFields(parentId, leg, "StartApp").filter(([name]) => !told.has(name))
  return [...common, ...own].sort(([one], [other]) => (one < other ? -1 : 1))
}

/** The verdict of machine detection (as Plivo's). */
export const machineFields = (leg: Leg, ifMachine: "continue" | "hangup"): Fields => [
  ["CallStatus", "in-progress"],
  ["CallUUID", leg.id],
  ["Direction", leg.direction],
  ["Event", "MachineDetection"],
  ["From", leg.wire.from],
  ["IfMachine", ifMachine],
  ["Machine", String(leg.machine ?? false)],
  ["To", leg.wire.to],
  ...requestIds(leg)
]

/** The fields that say how a dialled leg did, for `callbackUrl` of `<Dial>` (as Plivo's). */
export const dialFields = (leg: Leg, dialled: Leg, action: "answer" | "connected" | "hangup"): Fields => {
  const events = { answer: "DialAnswer", connected: "DialConnected", hangup: "DialHangup" } as const
  const { final } = dialled
  return [
    ["CallUUID", leg.id],
    ["DialALegUUID", leg.id],
    ["DialAction", action],
    ["DialBLegFrom", dialled.wire.from],
    ["DialBLegStatus", action],
    ["DialBLegTo", dialled.wire.to],
    ["DialBLegUUID", dialled.id],
    ["Event", events[action]],
    ...(action === "hangup" && final !== undefined
      ? ([
          ["DialBLegBillDuration", String(Math.ceil(secondsOf(dialled) / pulseSeconds) * pulseSeconds)],
          ["DialBLegDuration", String(secondsOf(dialled))],
          ["DialBLegHangupCause", final.cause],
          ["DialBLegHangupCauseCode", String(final.code)],
          ["DialBLegHangupCauseName", final.name],
          ["DialBLegHangupSource", final.source]
        ] as const)
      : [])
  ]
}

/** What the `action` of `<Dial>` adds (as Plivo's). */
export const dialResultFields = (leg: Leg, dialled: Leg | undefined, bridged: boolean): Fields => [
  ["DialALegUUID", leg.id],
  ["DialBLegUUID", dialled?.id ?? ""],
  ["DialHangupCause", dialled?.final?.cause ?? "NORMAL_CLEARING"],
  ["DialRingStatus", String(dialled?.startedMs !== undefined)],
  ["DialStatus", bridged ? "completed" : (dialled?.final?.status ?? "failed")]
]
