import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, newSid, type OwnedNumber } from "./account.ts"
import { notFound, ok, page, refuse } from "./replies.ts"

/** A number as the REST API shows it (Twilio: IncomingPhoneNumber resource). */
const numberResource = (account: Account, number: OwnedNumber) => ({
  sid: number.sid,
  account_sid: account.sid,
  phone_number: number.phoneNumber,
  friendly_name: number.phoneNumber,
  capabilities: { voice: number.voice, sms: true, mms: false, fax: false },
  voice_url: number.voiceUrl,
  voice_method: number.voiceMethod,
  voice_fallback_url: number.voiceFallbackUrl || null,
  voice_fallback_method: number.voiceFallbackMethod,
  voice_application_sid: number.voiceApplicationSid,
  trunk_sid: number.trunkSid || null,
  voice_receive_mode: "voice",
  voice_caller_id_lookup: false,
  status_callback: number.statusCallback,
  status_callback_method: number.statusCallbackMethod,
  status: "in-use",
  type: "local",
  origin: "twilio",
  uri: `/2010-04-01/Accounts/${account.sid}/IncomingPhoneNumbers/${number.sid}.json`
})

/** The `PhoneNumber` filter: matches anywhere in the number, `*` stands for anything. */
export const matchesPartially = (number: string, filter: string | null) => {
  if (filter === null || filter === "") return true
  const pattern = filter
    .split("*")
    .map((part) => part.replace(/[^0-9A-Za-z]/g, "\\$&"))
    .join(".*")
  return new RegExp(pattern).test(number)
}

export const listNumbers = (account: Account, request: RestRequest): RestReply => {
  const filter = request.query.get("PhoneNumber")
  const numbers = Array.from(account.numbers.values()).filter((number) => matchesPartially(number.phoneNumber, filter))
  const shown = numbers.map((number) => numberResource(account, number))
  return page(request.path, request.query, "incoming_phone_numbers", shown)
}

export const listCallerIds = (account: Account, request: RestRequest): RestReply => {
  const filter = request.query.get("PhoneNumber")
  const shown = Array.from(account.callerIds)
    .filter((number) => matchesPartially(number, filter))
    .map((number) => ({ sid: newSid("PN"), account_sid: account.sid, phone_number: number, friendly_name: number }))
  return page(request.path, request.query, "outgoing_caller_ids", shown)
}

const writable = {
  VoiceUrl: "voiceUrl",
  VoiceMethod: "voiceMethod",
  VoiceFallbackUrl: "voiceFallbackUrl",
  VoiceFallbackMethod: "voiceFallbackMethod",
  StatusCallback: "statusCallback",
  StatusCallbackMethod: "statusCallbackMethod",
  VoiceApplicationSid: "voiceApplicationSid",
  TrunkSid: "trunkSid"
} as const

/** Reads or changes one number. `urlAllowed` is the rule for callback URLs. */
export const oneNumber = (
  account: Account,
  request: RestRequest,
  sid: string,
  urlAllowed: (url: string) => boolean
): RestReply => {
  const number = Array.from(account.numbers.values()).find((each) => each.sid === sid)
  if (number === undefined) return notFound(request.path)
  if (request.method === "GET") return ok(numberResource(account, number))
  for (const [name, value] of request.fields) {
    if (/Url$|^StatusCallback$/.test(name) && value !== "" && !urlAllowed(value)) {
      return refuse(400, 21205, `${name} is not a valid URL`)
    }
  }
  const changes = new Map(request.fields)
  for (const [name, key] of Object.entries(writable)) {
    const value = changes.get(name)
    if (value !== undefined) number[key] = value
  }
  if (changes.get("TrunkSid")) number.voiceApplicationSid = ""
  else if (changes.get("VoiceApplicationSid")) number.trunkSid = ""
  return ok(numberResource(account, number))
}
