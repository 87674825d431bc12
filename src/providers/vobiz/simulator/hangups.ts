import type { SimulatedState } from "../../../simulator/SimulatorModule.ts"

/** Names of hangup codes (Vobiz: hangup causes). */
const names: Readonly<Record<number, string>> = {
  0: "Unknown",
  1000: "Canceled",
  2000: "Invalid Destination",
  2010: "Out Of Service",
  3000: "No Answer",
  3010: "Busy Line",
  3020: "Rejected",
  3030: "Unknown Caller ID",
  3040: "Forbidden",
  3050: "Unallocated number",
  3070: "Request timeout",
  3080: "Carrier error",
  3090: "Congestion",
  3100: "Busy everywhere",
  3110: "Declined",
  4000: "Normal Hangup",
  4010: "End Of XML Instructions",
  6000: "Scheduled Hangup",
  6010: "Ring Timeout Reached",
  7011: "Error Reaching Answer URL",
  7012: "Error Reaching Action URL",
  7013: "Error Reaching Transfer URL",
  7014: "Error Reaching Redirect URL",
  8011: "Invalid Answer XML",
  8012: "Invalid Action XML",
  8013: "Invalid Transfer XML",
  8014: "Invalid Redirect XML",
  9000: "Lost Race",
  9100: "Machine Detected"
}

/** `HangupCause` where it is not `NORMAL_CLEARING`. */
const causes: Readonly<Record<number, string>> = {
  1000: "ORIGINATOR_CANCEL",
  2000: "INVALID_NUMBER_FORMAT",
  2010: "DESTINATION_OUT_OF_ORDER",
  3000: "NO_ANSWER",
  3010: "USER_BUSY",
  3020: "CALL_REJECTED",
  3040: "OUTGOING_CALL_BARRED",
  3050: "UNALLOCATED_NUMBER",
  3070: "RECOVERY_ON_TIMER_EXPIRE",
  3080: "NORMAL_TEMPORARY_FAILURE",
  3090: "NORMAL_CIRCUIT_CONGESTION",
  3100: "USER_BUSY",
  3110: "CALL_REJECTED",
  6010: "NO_USER_RESPONSE",
  9000: "LOSE_RACE"
}

export type HangupSource = "Caller" | "Call recipient" | "Vobiz" | "Carrier" | "API Request" | "Answer XML" | "Error"

/** How a call ended: our word for the state, and the carrier's fields. */
export interface Final {
  readonly state: Extract<SimulatedState, "completed" | "busy" | "no-answer" | "failed" | "canceled">
  readonly status: "completed" | "busy" | "failed" | "timeout" | "no-answer" | "cancel"
  readonly code: number
  readonly cause: string
  readonly name: string
  readonly source: HangupSource
}

/** The end of a call by hangup code. An answered call is `completed` whatever the code. */
export const finalOf = (answered: boolean, code: number, source: HangupSource): Final => {
  const words = { code, cause: causes[code] ?? "NORMAL_CLEARING", name: names[code] ?? "Unknown", source }
  if (answered) return { state: "completed", status: "completed", ...words }
  // Both `no-answer` and `timeout` are documented; the latter is taken to be what a ring timeout gives.
  if (code === 6010) return { state: "no-answer", status: "timeout", ...words }
  if (code === 3000) return { state: "no-answer", status: "no-answer", ...words }
  if (code === 3010 || code === 3100) return { state: "busy", status: "busy", ...words }
  if (code === 1000 || code === 9000) return { state: "canceled", status: "cancel", ...words }
  return { state: "failed", status: "failed", ...words }
}

/** The code for a SIP status of the destination; which one the real carrier gives is documented only by the codes' names. */
export const codeOfSip = (sip: number): number => {
  const known: Readonly<Record<number, number>> = {
    403: 3040,
    404: 3050,
    408: 3070,
    480: 3000,
    486: 3010,
    503: 3090,
    600: 3100,
    603: 3110
  }
  return known[sip] ?? 3080
}
