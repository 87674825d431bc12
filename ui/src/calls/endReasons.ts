import type { EndOwner, EndReason } from "../../../src/telephony/EndReason.ts"

interface Explanation {
  /** Two or three words, for a list. */
  readonly short: string
  /** What happened, in one sentence. */
  readonly sentence: string
  /** What to do about it; absent where nothing is wrong. */
  readonly advice?: string
}

/** Every end reason of the service, for people: a new one fails the type check until it is explained here. */
export const endReasons: Readonly<Record<EndReason, Explanation>> = {
  caller_hung_up: { short: "Caller hung up", sentence: "The caller hung up." },
  callee_hung_up: { short: "Callee hung up", sentence: "The person who was called hung up." },
  agent_ended: { short: "Agent ended it", sentence: "The agent ended the call." },
  operator_ended: { short: "Operator ended it", sentence: "Somebody ended the call from the console or by the API." },
  transferred: { short: "Transferred", sentence: "The caller was joined with somebody else, and the agent left." },
  max_duration: {
    short: "Longest duration",
    sentence: "The call reached the longest duration that the organization allows.",
    advice: "Raise the organization's limit if calls may take longer."
  },
  media_lost: {
    short: "Audio lost",
    sentence: "The carrier's audio connection broke in the middle of the call.",
    advice:
      "Once is the network. If it repeats, look for a proxy that cuts WebSockets and at the carrier's status page; the timeline has what the carrier said."
  },
  media_never_started: {
    short: "Audio never came",
    sentence: "The call was answered, but the carrier never opened its audio connection.",
    advice: "Run the doctor: the carrier must reach PUBLIC_URL by WebSocket (wss) from the internet."
  },
  agent_unreachable: {
    short: "Agent unreachable",
    sentence: "The agent could not be reached, so nobody could answer the caller.",
    advice: "Is the agent's server running, and is its address right? The timeline says how it failed."
  },
  agent_lost: {
    short: "Agent lost",
    sentence: "The connection to the agent broke during the call and did not come back in time.",
    advice: "Look at the logs of the agent's server at this time; a fallback in the agent's settings keeps the caller."
  },
  agent_refused: {
    short: "Agent refused",
    sentence: "The agent refused to take the call.",
    advice: "The timeline has the reason that the agent gave; it is decided on the agent's side."
  },
  carrier_rejected: {
    short: "Carrier refused",
    sentence: "The carrier refused the call.",
    advice:
      "The timeline has the carrier's words. Mostly it is the credentials, the caller id or the destination: run the doctor."
  },
  carrier_failed: {
    short: "Carrier failed",
    sentence: "The carrier could not carry the call because of a failure on its side.",
    advice: "Try again, and look at the carrier's status page if it repeats."
  },
  carrier_ended: {
    short: "Carrier ended it",
    sentence: "The carrier ended the call and did not say who hung up.",
    advice: "Usually somebody hung up. If calls are cut short, look for the call in the carrier's own log by its id."
  },
  dial_unknown: {
    short: "Dial unknown",
    sentence: "The carrier did not answer the request to dial, so it is not known whether it ever rang.",
    advice: "Look for the call in the carrier's log before you dial again: it may have reached the person."
  },
  no_answer: { short: "No answer", sentence: "It rang, and nobody answered.", advice: "Call again later." },
  busy: { short: "Busy", sentence: "The line was busy, or the call was declined.", advice: "Call again later." },
  canceled: { short: "Canceled", sentence: "The call was called off before anybody answered." },
  policy_refused: {
    short: "Not allowed",
    sentence: "The organization's rules did not allow the call.",
    advice: "Check the limits and the allowed destinations of the organization, and the agent of the number."
  },
  node_lost: {
    short: "Node lost",
    sentence: "The node of this service that carried the call stopped without warning.",
    advice: "Look at why it stopped (memory, a kill, the machine) in its last log lines."
  },
  status_lost: {
    short: "Status lost",
    sentence: "The carrier never told how the call ended, so this service closed it.",
    advice: "Status callbacks do not arrive: run the doctor, and look at the refused signatures on the dashboard."
  },
  drained: {
    short: "Shut down",
    sentence: "The service was shut down or updated, and the call did not end in the time that calls are given.",
    advice: "Give calls longer with SWITCHBOARD_DRAIN_SECONDS."
  },
  internal_error: {
    short: "Our fault",
    sentence: "A fault of this service ended the call.",
    advice: "The service's log has the error under this call's id. Please report it."
  }
}

/** Whose doing the end was. */
export const owners: Readonly<Record<EndOwner, string>> = {
  caller: "the caller",
  callee: "the person called",
  agent: "the agent",
  carrier: "the carrier",
  operator: "an operator",
  gateway: "this service"
}

/** Ends that are as they should be. */
const fine: ReadonlySet<EndReason> = new Set<EndReason>([
  "caller_hung_up",
  "callee_hung_up",
  "agent_ended",
  "operator_ended",
  "transferred",
  "canceled"
])
/** Ends that happen without anybody's fault. */
const usual: ReadonlySet<EndReason> = new Set<EndReason>([
  "no_answer",
  "busy",
  "max_duration",
  "carrier_ended",
  "drained"
])

export const toneOfEnd = (reason: EndReason): "plain" | "warn" | "bad" => {
  if (fine.has(reason)) return "plain"
  return usual.has(reason) ? "warn" : "bad"
}

export const isEndReason = (value: unknown): value is EndReason =>
  typeof value === "string" && Object.hasOwn(endReasons, value)
