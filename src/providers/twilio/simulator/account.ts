import { randomBytes } from "node:crypto"
import { Clock, DateTime, Effect } from "effect"
import type { NumberOptions } from "../../../simulator/SimulatorModule.ts"

/** Two letters and 32 hex digits: AC account, CA call, PN number, MZ stream, TK trunk. */
export const newSid = (kind: "AC" | "CA" | "PN" | "MZ" | "TK") => kind + randomBytes(16).toString("hex")

/** A number of the account, as the REST API shows and changes it. */
export interface OwnedNumber {
  readonly sid: string
  readonly phoneNumber: string
  readonly voice: boolean
  voiceUrl: string
  voiceMethod: string
  voiceFallbackUrl: string
  voiceFallbackMethod: string
  statusCallback: string
  statusCallbackMethod: string
  voiceApplicationSid: string
  trunkSid: string
}

export interface Account {
  readonly sid: string
  readonly authToken: string
  readonly numbers: Map<string, OwnedNumber>
  readonly callerIds: Set<string>
}

export const newAccount = (): Account => ({
  sid: newSid("AC"),
  authToken: randomBytes(16).toString("hex"),
  numbers: new Map(),
  callerIds: new Set()
})

export const addNumber = (account: Account, phoneNumber: string, options: NumberOptions = {}) => {
  if (options.callerIdOnly === true) {
    account.callerIds.add(phoneNumber)
    return
  }
  account.numbers.set(phoneNumber, {
    sid: newSid("PN"),
    phoneNumber,
    voice: options.voice ?? true,
    voiceUrl: options.webhook ?? "",
    voiceMethod: "POST",
    voiceFallbackUrl: "",
    voiceFallbackMethod: "POST",
    statusCallback: "",
    statusCallbackMethod: "POST",
    voiceApplicationSid: "",
    trunkSid: options.attachedElsewhere === true ? newSid("TK") : ""
  })
}

/** `Tue, 31 Aug 2010 20:36:28 +0000` (RFC 2822). */
export const rfc2822 = (ms: number) => DateTime.toDateUtc(DateTime.makeUnsafe(ms)).toUTCString().replace("GMT", "+0000")

export const iso8601 = (ms: number) => DateTime.formatIso(DateTime.makeUnsafe(ms))

/** Unix time, ms. */
export const now: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, Math.trunc)
