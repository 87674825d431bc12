import type { SimulatedState } from "../../../simulator/SimulatorModule.ts"

type FinalState = Extract<SimulatedState, "completed" | "busy" | "no-answer" | "failed" | "canceled">

/** Why a call ended (Plivo: hangup causes). `unanswered` is how it counts when nobody had picked up. */
export interface Hangup {
  readonly code: number
  readonly name: string
  readonly cause: string
  readonly source: "Caller" | "Callee" | "Plivo" | "Carrier" | "API Request" | "Answer XML" | "Error"
  readonly unanswered: { readonly state: FinalState; readonly status: string }
}

const failed = { state: "failed", status: "failed" } as const
const canceled = { state: "canceled", status: "cancel" } as const
const busy = { state: "busy", status: "busy" } as const

export const normalHangup = (source: Hangup["source"]): Hangup => ({
  code: 4000,
  name: "Normal Hangup",
  cause: "NORMAL_CLEARING",
  source,
  unanswered: canceled
})

export const canceledBy = (source: Hangup["source"]): Hangup => ({
  code: 1000,
  name: "Canceled",
  cause: "ORIGINATOR_CANCEL",
  source,
  unanswered: canceled
})

export const endOfXml: Hangup = {
  code: 4010,
  name: "End Of XML Instructions",
  cause: "NORMAL_CLEARING",
  source: "Answer XML",
  unanswered: failed
}

export const busyLine = (source: Hangup["source"]): Hangup => ({
  code: 3010,
  name: "Busy Line",
  cause: "USER_BUSY",
  source,
  unanswered: busy
})

export const rejected = (source: Hangup["source"]): Hangup => ({
  code: 3020,
  name: "Rejected",
  cause: "CALL_REJECTED",
  source,
  unanswered: failed
})

/** The network gave up ringing. */
export const noAnswer: Hangup = {
  code: 3000,
  name: "No Answer",
  cause: "NO_ANSWER",
  source: "Carrier",
  unanswered: { state: "no-answer", status: "no-answer" }
}

/** Plivo gave up ringing: `ring_timeout` of a call, `timeout` of a dialled leg. */
export const ringTimeout: Hangup = {
  code: 6010,
  name: "Ring Timeout Reached",
  cause: "ORIGINATOR_CANCEL",
  source: "Plivo",
  unanswered: { state: "no-answer", status: "timeout" }
}

export const scheduled: Hangup = {
  code: 6000,
  name: "Scheduled Hangup",
  cause: "ALLOTTED_TIMEOUT",
  source: "Plivo",
  unanswered: failed
}

export const lostRace: Hangup = {
  code: 9000,
  name: "Lost Race",
  cause: "LOSE_RACE",
  source: "Plivo",
  unanswered: canceled
}

export const machineDetected: Hangup = {
  code: 9100,
  name: "Machine Detected",
  cause: "NORMAL_CLEARING",
  source: "Plivo",
  unanswered: failed
}

export const loopDetected: Hangup = {
  code: 2060,
  name: "Loop Detected",
  cause: "EXCHANGE_ROUTING_ERROR",
  source: "Error",
  unanswered: failed
}

const refusal = (code: number, name: string, cause: string, source: Hangup["source"] = "Carrier"): Hangup => ({
  code,
  name,
  cause,
  source,
  unanswered: failed
})

/** `from` is no number of the account. */
export const unknownCallerId = refusal(3030, "Unknown Caller ID", "CALL_REJECTED", "Error")

/** Nothing takes the calls of this number. */
export const outOfService = refusal(2010, "Destination Out Of Service", "DESTINATION_OUT_OF_ORDER", "Error")

const bySip: Readonly<Record<number, Hangup>> = {
  403: refusal(3040, "Forbidden", "CALL_REJECTED"),
  404: refusal(3050, "Unallocated number", "UNALLOCATED_NUMBER"),
  408: refusal(3070, "Request timeout", "RECOVERY_ON_TIMER_EXPIRE"),
  480: refusal(2020, "Endpoint Not Registered", "USER_NOT_REGISTERED"),
  484: refusal(2000, "Invalid Destination Address", "INVALID_NUMBER_FORMAT"),
  486: busyLine("Carrier"),
  500: refusal(3080, "Carrier internal error", "NORMAL_TEMPORARY_FAILURE"),
  503: refusal(3090, "Carrier congestion", "NORMAL_CIRCUIT_CONGESTION"),
  600: { ...refusal(3100, "Busy everywhere", "USER_BUSY"), unanswered: busy },
  603: refusal(3110, "Declined", "CALL_REJECTED"),
  604: refusal(3120, "User does not exist anywhere", "NO_ROUTE_DESTINATION")
}

/** What a SIP refusal by the network becomes. */
export const refusedWith = (sipCode: number): Hangup =>
  bySip[sipCode] ?? refusal(5000, "Network Error", "NETWORK_OUT_OF_ORDER")

/** Which document or URL of ours went wrong; the last digit of the code. */
export type Asked = "Answer" | "Action" | "Transfer" | "Redirect"

const digits = { Answer: 1, Action: 2, Transfer: 3, Redirect: 4 } as const

/** The URL did not answer with 2xx in time. */
export const unreachable = (asked: Asked): Hangup =>
  refusal(7010 + digits[asked], `Error Reaching ${asked} URL`, "NORMAL_CLEARING", "Error")

/** The URL is none. */
export const invalidUrl = (asked: Asked): Hangup =>
  refusal(7020 + digits[asked], `Invalid ${asked} URL`, "NORMAL_CLEARING", "Error")

/** What the URL answered with cannot be run. */
export const invalidXml = (asked: Asked): Hangup =>
  refusal(8010 + digits[asked], `Invalid ${asked} XML`, "NORMAL_CLEARING", "Error")
