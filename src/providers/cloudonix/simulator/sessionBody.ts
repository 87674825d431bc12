import { randomUUID } from "node:crypto"
import { type Domain, iso8601 } from "./domain.ts"
import type { Leg, SessionStatus } from "./leg.ts"

const vappServer = "10.0.0.1"

const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : iso8601(ms))

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** Seconds between two instants; 0 where one is missing. */
const seconds = (from: number | undefined, to: number | undefined) =>
  from === undefined || to === undefined ? 0 : Math.round((to - from) / 1000)

/**
 * The session as the REST API shows it (Cloudonix: data model Session). Directions and statuses are capitalised here and
 * instants are strings, where session updates have lower case and numbers: both have been seen, in either place.
 */
export const sessionResource = (domain: Domain, leg: Leg) => ({
  id: leg.number,
  domainId: domain.id,
  domain: domain.name,
  subscriberId: null,
  destination: leg.to,
  callerId: leg.from,
  direction: capitalised(leg.direction),
  token: leg.id,
  createdAt: iso8601(leg.createdMs),
  modifiedAt: iso8601(leg.modifiedMs),
  timeLimit: leg.timeLimit,
  status: capitalised(leg.status),
  vappServer,
  callStartTime: String(leg.createdMs),
  callAnswerTime: leg.answeredMs === undefined ? null : String(leg.answeredMs),
  callEndTime: leg.endedMs === undefined ? null : String(leg.endedMs),
  answerTime: isoOrNull(leg.answeredMs),
  endTime: isoOrNull(leg.endedMs),
  profile: leg.profile,
  url: null
})

/** A session update (Cloudonix: sessionUpdates). Every one has an event id of its own. */
export const updateBody = (domain: Domain, leg: Leg, status: SessionStatus, modifiedMs: number) => ({
  id: leg.number,
  eventId: `evt_${randomUUID().replaceAll("-", "")}`,
  domainId: domain.id,
  domain: domain.name,
  subscriberId: null,
  outgoingSubscriberId: null,
  callerId: leg.from,
  destination: leg.to,
  direction: leg.direction === "inbound" ? "incoming" : "outgoing",
  token: leg.id,
  status,
  createdAt: iso8601(leg.createdMs),
  modifiedAt: iso8601(modifiedMs),
  callStartTime: leg.createdMs,
  startTime: iso8601(leg.createdMs),
  callAnswerTime: leg.answeredMs ?? null,
  answerTime: isoOrNull(leg.answeredMs),
  callEndTime: leg.endedMs ?? null,
  timeLimit: leg.timeLimit,
  vappServer,
  action: "call",
  reason: null,
  lastError: null,
  callIds: [leg.sipCallId],
  profile: leg.profile
})

/** `SessionData` of a voice request. */
export const sessionData = (domain: Domain, leg: Leg, bare: (number: string) => string) => ({
  id: leg.number,
  domainId: domain.id,
  outgoingSubscriberId: null,
  destination: bare(leg.to),
  callerId: bare(leg.from),
  token: leg.id,
  status: leg.status,
  callStartTime: leg.createdMs,
  vappServer,
  ringing: leg.status === "ringing",
  domainNameOrId: domain.name,
  profile: { ...leg.profile, callId: [leg.sipCallId], "trunk-sip-headers": {} }
})

const dispositions: Readonly<Partial<Record<SessionStatus, string>>> = {
  completed: "ANSWER",
  busy: "BUSY",
  cancel: "CANCEL",
  noanswer: "NOANSWER",
  congestion: "CONGESTION"
}

export type CdrShape = "usual" | "null-session" | "string-session" | "spaced-disposition" | "no-disposition"

/** The call detail record of an ended session (Cloudonix: Call Detail Reports). `call_id` is the SIP Call-ID, not the token. */
export const cdrBody = (domain: Domain, leg: Leg, shape: CdrShape) => {
  const disposition = dispositions[leg.status] ?? "FAILED"
  const session = {
    token: leg.id,
    id: leg.number,
    domainId: domain.id,
    callStartTime: leg.createdMs,
    callAnswerTime: leg.answeredMs ?? null,
    callEndTime: leg.endedMs ?? null,
    status: leg.status,
    timeLimit: leg.timeLimit,
    vappServer
  }
  return {
    timestamp: Math.floor((leg.endedMs ?? leg.createdMs) / 1000),
    session: shape === "null-session" ? null : shape === "string-session" ? leg.id : session,
    from: leg.from,
    to: leg.to,
    ...(shape === "no-disposition"
      ? {}
      : { disposition: shape === "spaced-disposition" && disposition === "NOANSWER" ? "NO ANSWER" : disposition }),
    duration: seconds(leg.createdMs, leg.endedMs),
    billsec: seconds(leg.answeredMs, leg.endedMs),
    call_id: leg.sipCallId,
    domain: domain.name,
    subscriber: null,
    cx_trunk_id: Array.from(domain.trunks.values()).find(({ name }) => name === leg.trunk)?.id ?? null,
    application: leg.application ?? null,
    route: leg.direction,
    rated_cost: 0.012,
    approx_cost: 0.01,
    sell_cost: 0.008,
    vapp_server: vappServer,
    recording: null,
    owner: { domain: { uuid: domain.uuid } }
  }
}
