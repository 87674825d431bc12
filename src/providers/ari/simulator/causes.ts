/** Q.850 causes as Asterisk words them (Asterisk: main/channel.c). */
const texts: Readonly<Record<number, string>> = {
  1: "Unallocated (unassigned) number",
  3: "No route to destination",
  16: "Normal Clearing",
  17: "User busy",
  18: "No user responding",
  19: "User alerting, no answer",
  20: "Subscriber absent",
  21: "Call Rejected",
  22: "Number changed",
  26: "Answered elsewhere",
  27: "Destination out of order",
  28: "Invalid number format",
  31: "Normal, unspecified",
  34: "Circuit/channel congestion",
  38: "Network out of order",
  41: "Temporary failure",
  42: "Switching equipment congestion",
  44: "Requested channel not available",
  58: "Bearer capability not available",
  88: "Incompatible destination",
  102: "Recover on timer expiry",
  111: "Protocol error, unspecified",
  127: "Interworking, unspecified"
}

export const causeText = (cause: number) => texts[cause] ?? "Unknown"

/** What `reason` of a hang-up request means (Asterisk: res/ari/resource_channels.c). */
const reasons: ReadonlyMap<string, number> = new Map([
  ["normal", 16],
  ["busy", 17],
  ["congestion", 34],
  ["no_answer", 19],
  ["timeout", 102],
  ["rejected", 21],
  ["unallocated", 1],
  ["normal_unspecified", 31],
  ["number_incomplete", 28],
  ["codec_mismatch", 58],
  ["interworking", 127],
  ["failure", 38],
  ["answered_elsewhere", 26]
])

export const causeOfReason = (reason: string) => reasons.get(reason)

const sip: Readonly<Record<number, number>> = {
  302: 23,
  401: 21,
  403: 21,
  404: 1,
  407: 21,
  408: 18,
  409: 41,
  410: 22,
  420: 3,
  480: 19,
  483: 19,
  484: 28,
  485: 1,
  486: 17,
  488: 58,
  500: 38,
  501: 29,
  502: 27,
  504: 102,
  505: 127,
  600: 17,
  603: 21,
  604: 1,
  606: 58
}

/** The cause that chan_pjsip makes of a SIP response. */
export const causeOfSip = (status: number) => sip[status] ?? (status >= 500 && status < 600 ? 34 : 127)

/**
 * The `dialstatus` of a dial that ended without an answer. Only the first four groups are certain; for the others
 * CHANUNAVAIL is the likelier.
 */
export const dialStatusOf = (cause: number) => {
  if (cause === 17) return "BUSY"
  if (cause === 18 || cause === 19) return "NOANSWER"
  if (cause === 34 || cause === 42) return "CONGESTION"
  if (cause === 16 || cause === 26) return "CANCEL"
  return "CHANUNAVAIL"
}
