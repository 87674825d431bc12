import { Effect, Option, Schema } from "effect"
import { isFinal } from "../../carrier/CallStatus.ts"
import { parseForm } from "../../carrier/forms.ts"
import { rawQuery } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import {
  type CallMemory,
  type InboundCall,
  MalformedWebhook,
  type StatusReport
} from "../../carrier/TelephonyProvider.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { memoryNames } from "./calls.ts"
import { provider } from "./config.ts"
import { addressOf, isMediaAddress, legId } from "./legs.ts"
import { regionUrl } from "./regions.ts"
import { unverifiedClaims } from "./signature.ts"
import { callStatus, durationMs, type LegState } from "./statuses.ts"

type Fields = Readonly<Record<string, Schema.Json>>

const readFields = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

const malformed = (message: string) => Effect.fail(new MalformedWebhook({ provider, message }))

/** Whether a request looks like Vonage's: a token that says so. Other carriers send tokens, too. */
export const recognize = (request: RawRequest): boolean =>
  unverifiedClaims(request)?.["iss"] === "Vonage" && claimedAccountId(request) !== undefined

/** The account's API key that a request's token claims. */
export const claimedAccountId = (request: RawRequest): string | undefined => {
  const key = unverifiedClaims(request)?.["api_key"]
  return typeof key === "string" && key !== "" ? key : undefined
}

/** The fields of a webhook: JSON in the body, or the query where Vonage was told to use GET. */
const fieldsOf = ({ method, publicUrl, body }: VerifiedRequest): Effect.Effect<Fields, MalformedWebhook> => {
  if (method === "GET") return Effect.succeed(Object.fromEntries(parseForm(rawQuery(publicUrl)) ?? []))
  const read = readFields(Buffer.from(body).toString("utf8"))
  return Option.isSome(read) ? Effect.succeed(read.value) : malformed("The body is not a JSON object.")
}

/** A field as text; undefined when it is absent, null, empty or no plain value. */
const text = (fields: Fields, name: string): string | undefined => {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (typeof value === "number") return String(value)
  return typeof value === "string" && value !== "" ? value : undefined
}

const details = (fields: Fields, names: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(names).flatMap(([ours, theirs]) => {
      const value = text(fields, theirs)
      return value === undefined ? [] : [[ours, value]]
    })
  )

const leg = (fields: Fields) => {
  // Answering-machine events name the leg differently.
  const uuid = legId(text(fields, "uuid") ?? text(fields, "call_uuid"))
  return uuid === undefined ? malformed("The field uuid is missing or no uuid.") : Effect.succeed(uuid)
}

const stateOf = (fields: Fields, word: string): LegState => ({
  word,
  detail: text(fields, "detail"),
  duration: text(fields, "duration"),
  startTime: text(fields, "start_time")
})

/** Where later requests about the call go, and the conversation that it begins in. */
const memoryOf = (fields: Fields): CallMemory => {
  const region = regionUrl(text(fields, "region_url"))
  const conversation = text(fields, "conversation_uuid")
  return {
    ...(region === undefined ? {} : { [memoryNames.region]: region }),
    ...(conversation === undefined ? {} : { [memoryNames.conversation]: conversation })
  }
}

/** An answer webhook has neither; every event has one of them. A fallback has a reason, and says what it stands in for. */
const isEvent = (fields: Fields) =>
  ["status", "type", "payload", "dtmf", "speech", "recording_url"].some((name) => fields[name] !== undefined) ||
  (fields["reason"] !== undefined && fields["original_request"] === undefined)

/** The answer webhook of an inbound call. It has no direction: the URL says that it is one. Undefined for events. */
export const parseInbound = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = yield* fieldsOf(request)
  if (isEvent(fields)) return undefined
  const to = text(fields, "to")
  if (to === undefined) return yield* malformed("The field to is missing.")
  const call: InboundCall = {
    providerCallId: yield* leg(fields),
    from: addressOf(text(fields, "from") ?? text(fields, "from_user") ?? "anonymous"),
    to: addressOf(to),
    details: details(fields, { endpoint_type: "endpoint_type", user_to_user: "SipHeader_User-to-User" }),
    memory: memoryOf(fields)
  }
  return call
})

const facts = {
  timestamp: "timestamp",
  detail: "detail",
  sip_code: "sip_code",
  disconnected_by: "disconnected_by",
  network: "network",
  sub_state: "sub_state"
} as const

/**
 * What an event says about the phone leg of a call. The answer webhook is read as one, too: it has no status, but tells the
 * region. A media socket's event is not one: it would end the call too early.
 */
export const parseStatus = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = yield* fieldsOf(request)
  const word = text(fields, "status")
  if (isMediaLeg(fields)) return yield* malformed("The event is about a media socket, not about the call.")
  const providerCallId = yield* leg(fields)
  if (word === undefined) {
    const rawStatus = isEvent(fields) ? (text(fields, "type") ?? "event") : "answer"
    const report: StatusReport = {
      providerCallId,
      status: undefined,
      rawStatus,
      dedupeKey: `${rawStatus}:${providerCallId}:${text(fields, "conversation_uuid_to") ?? ""}`,
      details: details(fields, { timestamp: "timestamp" }),
      ...(rawStatus === "answer" ? { memory: memoryOf(fields) } : {})
    }
    return report
  }
  const state = stateOf(fields, word)
  const status = callStatus(state)
  const isVerdict = word === "human" || word === "machine"
  const final = status !== undefined && isFinal(status)
  const failure = text(fields, "sip_code") ?? state.detail
  const report: StatusReport = {
    providerCallId,
    status,
    rawStatus: word,
    dedupeKey: `status:${providerCallId}:${word}:${text(fields, "sub_state") ?? ""}`,
    details: details(fields, facts),
    ...(final ? { durationMs: durationMs(state.duration) } : {}),
    ...(isVerdict ? { answeredBy: word } : {}),
    ...(final && status !== "completed" && failure !== undefined ? { failureCode: failure } : {})
  }
  return report
})

const isMediaLeg = (fields: Fields) =>
  isMediaAddress(text(fields, "to")) ||
  isMediaAddress(text(fields, "from")) ||
  text(fields, "status") === "disconnected"

/** What an event is about: the call's phone, its media socket, or neither (an NCCO's error, a move between conversations). */
export type CallEvent =
  | { readonly _tag: "Phone" }
  | {
      readonly _tag: "Media"
      readonly legId: string
      readonly word: string
      readonly details: Readonly<Record<string, string>>
    }
  | { readonly _tag: "Notice"; readonly kind: string; readonly details: Readonly<Record<string, string>> }

/** Tells the events of one URL apart: those of both legs of a call arrive there. */
export const parseEvent = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = yield* fieldsOf(request)
  const word = text(fields, "status")
  if (word !== undefined && isMediaLeg(fields)) {
    const event: CallEvent = { _tag: "Media", legId: yield* leg(fields), word, details: details(fields, facts) }
    return event
  }
  const named = legId(text(fields, "uuid") ?? text(fields, "call_uuid"))
  if (word !== undefined || (named !== undefined && !isEvent(fields))) {
    const event: CallEvent = { _tag: "Phone" }
    return event
  }
  const event: CallEvent = {
    _tag: "Notice",
    kind: text(fields, "reason") === undefined ? (text(fields, "type") ?? "event") : "error",
    details: details(fields, {
      reason: "reason",
      timestamp: "timestamp",
      conversation_from: "conversation_uuid_from",
      conversation_to: "conversation_uuid_to"
    })
  }
  return event
})

/** The destination's leg of a transfer, as an event tells of it. Undefined for events that say nothing of its state. */
export const parseTransferLeg = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = yield* fieldsOf(request)
  const word = text(fields, "status")
  if (word === undefined || isMediaLeg(fields)) return undefined
  const state = stateOf(fields, word)
  return { providerCallId: yield* leg(fields), state, status: callStatus(state) }
})
