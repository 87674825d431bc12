import type { PlaceCall, PickUp, Refusal } from "../../carrier/TelephonyProvider.ts"
import type { TransferPlan } from "../../carrier/TransferStrategy.ts"
import { clientState, commandId } from "./correlation.ts"

/** Telnyx's limits of `timeout_secs` and `time_limit_secs`, s. */
const ring = { least: 5, most: 600 }
const duration = { least: 60, most: 14_000 }

const seconds = (value: number, { least, most }: typeof ring) => Math.min(Math.max(least, Math.ceil(value)), most)

/**
 * The stream that we ask for: raw mu-law both ways, only what the person says, and what we say to that person. Without the
 * mode Telnyx takes MP3 files; without the leg it plays to whoever is bridged. A line on which nothing is sent may be dropped.
 */
const stream = (mediaUrl: string) => ({
  stream_url: mediaUrl,
  stream_track: "inbound_track",
  stream_codec: "PCMU",
  stream_bidirectional_mode: "rtp",
  stream_bidirectional_codec: "PCMU",
  stream_bidirectional_target_legs: "self",
  send_silence_when_idle: true
})

/** The events of this leg go to one of our own routes instead of the application's URL. */
const told = (url: string) => ({ webhook_url: url, webhook_url_method: "POST" })

/** Places a call (Telnyx: Dial). Its media socket opens while the phone rings. */
export const dialBody = (call: PlaceCall, connectionId: string, mediaUrl: string) => ({
  connection_id: connectionId,
  to: call.to,
  from: call.from,
  timeout_secs: seconds(call.ringTimeoutSeconds, ring),
  time_limit_secs: seconds(call.maxDurationSeconds, duration),
  ...stream(mediaUrl),
  stream_bidirectional_sampling_rate: 8000,
  ...told(call.links.route("/events")),
  client_state: clientState({ call: call.callId }),
  command_id: commandId(call.callId, "dial")
})

/** Answers an inbound call and opens its media (Telnyx: Answer call). */
export const answerBody = ({ callId, mediaUrl, links }: PickUp) => ({
  ...stream(mediaUrl),
  ...told(links.route("/events")),
  client_state: clientState({ call: callId }),
  command_id: commandId(callId, "answer")
})

/** Refuses a call that was not answered (Telnyx: Reject call): the caller hears the network's tone, and nobody pays. */
export const rejectBody = (callControlId: string, refusal: Refusal) => ({
  cause: refusal === "busy" || refusal === "draining" ? "USER_BUSY" : "CALL_REJECTED",
  command_id: commandId(callControlId, "reject")
})

/** Dials the destination of a transfer, without any media of ours. */
export const transferDialBody = (plan: TransferPlan, connectionId: string) => ({
  connection_id: connectionId,
  to: plan.destination,
  from: plan.callerId,
  timeout_secs: seconds(plan.ringTimeoutSeconds, ring),
  time_limit_secs: seconds(plan.maxDurationSeconds, duration),
  ...told(plan.links.route("/transfer-events")),
  client_state: clientState({ transfer: plan.transferId }),
  command_id: commandId(plan.transferId, "dial")
})
