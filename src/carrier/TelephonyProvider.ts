import { type Effect, Schema } from "effect"
import type { CallStatus } from "./CallStatus.ts"
import type { CarrierError } from "./CarrierError.ts"
import type { CarrierReply } from "./CarrierReply.ts"
import type { RawRequest } from "./RawRequest.ts"
import type { Listener } from "./Listener.ts"
import type { TransferStrategy } from "./TransferStrategy.ts"
import type { SignatureRejected, VerifiedRequest } from "./VerifiedRequest.ts"

/** The addresses of one call that we give to the carrier. They carry the call's signed token in the path, never a query. */
export interface CallLinks {
  /** Absolute URL that answers what the call is to do: the cross-provider answer route. */
  readonly answer: string
  /** Absolute URL of one of the provider's own call routes, such as `/status`. */
  readonly route: (path: string) => string
}

/**
 * What a provider asked to remember about a call, by its own names: an id of another leg, the region that the call lives in.
 * No secrets. Stored with the call; later values replace earlier ones of the same name.
 */
export type CallMemory = Readonly<Record<string, string>>

/** A call that is to be placed. */
export interface PlaceCall {
  readonly callId: string
  /** Canonical addresses (E.164, SIP URI or extension). */
  readonly from: string
  readonly to: string
  readonly links: CallLinks
  /**
   * Makes a media URL that is good until the ringing is over, for a carrier that is told with the dial where to stream.
   * Others get theirs when they ask what to do.
   */
  readonly mediaUrl: Effect.Effect<string, CarrierError>
  /** How long the destination may ring, s. */
  readonly ringTimeoutSeconds: number
  /** When the carrier is to end the call if we have not, s after the answer. */
  readonly maxDurationSeconds: number
}

/** The carrier took the call on. */
export interface PlacedCall {
  readonly providerCallId: string
  /** The carrier's own word for its state, for the record. */
  readonly rawStatus: string
  readonly memory?: CallMemory
}

/** A call by the ids that both sides know. `providerCallId` is undefined while a dial's outcome is unknown. */
export interface CallReference {
  readonly callId: string
  readonly providerCallId: string | undefined
  readonly from: string
  readonly to: string
  /** When we created it, ms since 1970: bounds a search at the carrier. */
  readonly createdAtMs: number
  readonly memory: CallMemory
  /** We know that it was answered: by a callback, or by its audio. */
  readonly isAnswered?: boolean
  /** The carrier's ids of other calls of ours: a search for a call whose id is unknown must not find one of them. */
  readonly otherCalls?: ReadonlySet<string>
}

/** What a carrier says about a call, by callback or when asked. */
export interface StatusReport {
  readonly providerCallId: string
  /** The common status, or undefined where the carrier's word means nothing to us (recorded, no transition). */
  readonly status: CallStatus | undefined
  /** The carrier's own word. */
  readonly rawStatus: string
  /** Identifies this event among repeated deliveries of it. */
  readonly dedupeKey: string
  readonly durationMs?: number
  readonly cost?: CallCost
  readonly answeredBy?: AnsweredBy
  /** The carrier's code for why the call failed (a SIP status, an error number). */
  readonly failureCode?: string
  /** More facts worth keeping in the event log. No secrets. */
  readonly details?: Readonly<Record<string, string>>
  readonly memory?: CallMemory
}

/** What a call cost: a positive decimal string and an ISO 4217 currency. */
export interface CallCost {
  readonly amount: string
  readonly currency: string
}

/** Who picked up, as far as the carrier can tell. */
export type AnsweredBy = "human" | "machine" | "fax" | "unknown"

/** A call that comes in, read from a verified webhook. Addresses are as the carrier wrote them. */
export interface InboundCall {
  readonly providerCallId: string
  readonly from: string
  readonly to: string
  /** More facts for the event log and the agent's context (city, STIR verdict). No secrets. */
  readonly details: Readonly<Record<string, string>>
  readonly memory?: CallMemory
  /**
   * The agent, where the caller chose it and not the number that was called: `to` is then any readable name. One that is not of
   * the configuration's organization, or not any more, is refused.
   */
  readonly agentId?: string
}

/** Calls that begin on a page of ours. The page is given a pass, and shows it at the inbound URL. */
export interface WebPhone {
  /** Makes the pass of one call: text that is the body of the request to the inbound URL. Good for 60 s, and for one call. */
  readonly invite: (call: Invitation) => Effect.Effect<string, CarrierError>
}

/** A call that somebody may begin from a page. */
export interface Invitation {
  readonly agentId: string
  /** The agent's name: what the call's record shows as who was called. */
  readonly agentName: string
}

/** A verified webhook that lacks what it must have. */
export class MalformedWebhook extends Schema.TaggedError<MalformedWebhook>()("MalformedWebhook", {
  provider: Schema.String,
  message: Schema.String
}) {}

/** What the reply to a call that may proceed is made of. */
export interface AnswerCall {
  readonly callId: string
  /** `wss:` URL with the ticket in its path. */
  readonly mediaUrl: string
  readonly links: CallLinks
}

/** A call that is to be answered by a request of ours, where the carrier reads no reply. */
export interface PickUp extends AnswerCall {
  readonly call: CallReference
}

/** Why a verified call is refused; spoken to the caller by `reject`. */
export type Refusal = "unknown-number" | "no-agent" | "inactive" | "busy" | "not-allowed" | "over" | "draining"

/** The outcome of asking the carrier whether the credentials work. `warnings` are for a person (trial account...). */
export interface ConnectionTest {
  readonly ok: boolean
  readonly message: string
  readonly warnings: ReadonlyArray<string>
}

/** Whether the carrier's account holds a number. `unknown` when it could not tell. */
export type NumberOwnership = "owned" | "not-owned" | "unknown"

/** Non-fatal outcome of setting something up at the carrier: `ok: false` becomes a warning, never a lost write. */
export interface ProviderSync {
  readonly ok: boolean
  readonly message: string
}

/** Set (`webhookUrl`) or take away (undefined) the inbound webhook of one number at the carrier. */
export interface ConfigureInbound {
  /** Canonical address. */
  readonly address: string
  readonly addressType: "pstn" | "sip_uri" | "sip_extension"
  /** Where the carrier should send inbound calls; undefined: detach, but only if what is set there is ours. */
  readonly webhookUrl: string | undefined
  /** Where it should send the status of inbound calls, and the prefix by which a URL is recognised as ours. */
  readonly statusUrl: string
  readonly ownUrlPrefix: string
}

/**
 * One configured account of a carrier. The first part every provider has; a field of the second part is absent where
 * the carrier cannot do it.
 *
 * `hangUp` treats a call that is over already as success. `answer` and `reject` are pure.
 */
export interface TelephonyProvider {
  readonly placeCall: (call: PlaceCall) => Effect.Effect<PlacedCall, CarrierError>
  readonly hangUp: (call: CallReference) => Effect.Effect<void, CarrierError>
  /** Asks the carrier for the truth. Undefined: the carrier has no such call (a dial that never reached it). */
  readonly callStatus: (call: CallReference) => Effect.Effect<StatusReport | undefined, CarrierError>
  readonly verify: (request: RawRequest) => Effect.Effect<VerifiedRequest, SignatureRejected>
  /** The call that a request to the inbound URL announces. Undefined: it announces none, and is read as a status. */
  readonly parseInbound: (request: VerifiedRequest) => Effect.Effect<InboundCall | undefined, MalformedWebhook>
  readonly parseStatus: (request: VerifiedRequest) => Effect.Effect<StatusReport, MalformedWebhook>
  /** What a webhook is answered so that the call's media opens; where `pickUp` does that, a mere acknowledgment. */
  readonly answer: (call: AnswerCall) => CarrierReply
  /** What a webhook is answered so that the caller is refused; where `turnAway` does that, a mere acknowledgment. */
  readonly reject: (refusal: Refusal) => CarrierReply
  readonly testConnection: Effect.Effect<ConnectionTest, CarrierError>

  /** Answers an inbound call and opens its media by a request of ours. Called once per call. */
  readonly pickUp?: (call: PickUp) => Effect.Effect<void, CarrierError>
  /** Refuses an inbound call by a request of ours. One that is over already is a success. */
  readonly turnAway?: (call: InboundCall, refusal: Refusal) => Effect.Effect<void, CarrierError>
  /**
   * The call's media socket is open and its handshake done: does what is still missing before the two sides hear each other.
   * The agent begins after it.
   */
  readonly mediaOpened?: (call: CallReference) => Effect.Effect<void, CarrierError>
  /** Runs a connection of ours over which the carrier tells of its calls; one node at a time per configuration. */
  readonly listen?: Listener
  readonly transfer?: TransferStrategy
  readonly webPhone?: WebPhone
  /** The call is its media and nothing else: no status tells of its end, and none is waited for. */
  readonly endsWithMedia?: true
  /** Checks the media socket's upgrade request, where the carrier signs it. */
  readonly verifyUpgrade?: (request: RawRequest) => Effect.Effect<void, SignatureRejected>
  readonly ownsNumber?: (address: string) => Effect.Effect<NumberOwnership, CarrierError>
  readonly configureInbound?: (change: ConfigureInbound) => Effect.Effect<ProviderSync, CarrierError>
  readonly callCost?: (call: CallReference) => Effect.Effect<CallCost | undefined, CarrierError>
  readonly sendDigits?: (call: CallReference, digits: string) => Effect.Effect<void, CarrierError>
}
