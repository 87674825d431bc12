import { randomBytes, randomInt } from "node:crypto"
import { DateTime } from "effect"
import type { NumberOptions } from "../../../simulator/SimulatorModule.ts"
import { newSigningKey, type SigningKey } from "./signing.ts"

/** A decimal id of 19 digits: more than a JavaScript number holds. */
export const newId = () => `1${String(randomInt(2 ** 47)).padStart(15, "0")}${String(randomInt(1000)).padStart(3, "0")}`

/** A `call_control_id`. It holds a colon, which a path segment may carry as it is or percent-encoded. */
export const newCallControlId = () => `v3:${randomBytes(40).toString("base64url")}`

export const isCallControlId = (text: string) => /^v[23]:[A-Za-z0-9_-]{20,}$/.test(text)

/** A Voice API application. */
export interface Application {
  readonly id: string
  name: string
  active: boolean
  webhookUrl: string
  webhookFailoverUrl: string
  webhookApiVersion: "1" | "2"
  webhookTimeoutSecs: number | null
  firstCommandTimeout: boolean
  firstCommandTimeoutSecs: number
  callCostInWebhooks: boolean
  outboundVoiceProfileId: string | null
  readonly createdMs: number
  updatedMs: number
}

export interface OwnedNumber {
  readonly id: string
  readonly phoneNumber: string
  readonly voice: boolean
  connectionId: string
}

export interface Account {
  readonly apiKey: string
  readonly signingKey: SigningKey
  /** What a fault signs with. */
  readonly otherKey: SigningKey
  readonly userId: string
  readonly outboundVoiceProfileId: string
  /** The application of the credentials. */
  readonly application: Application
  readonly applications: Map<string, Application>
  /** By E.164 number. */
  readonly numbers: Map<string, OwnedNumber>
  readonly callerIds: Set<string>
}

export const newApplication = (name: string, webhookUrl: string, createdMs: number): Application => ({
  id: newId(),
  name,
  active: true,
  webhookUrl,
  webhookFailoverUrl: "",
  webhookApiVersion: "2",
  webhookTimeoutSecs: null,
  firstCommandTimeout: false,
  firstCommandTimeoutSecs: 30,
  callCostInWebhooks: false,
  outboundVoiceProfileId: null,
  createdMs,
  updatedMs: createdMs
})

export const newAccount = (nowMs: number, userId: string): Account => {
  const outboundVoiceProfileId = newId()
  const application = { ...newApplication("Simulated application", "", nowMs), outboundVoiceProfileId }
  return {
    apiKey: `KEY${randomBytes(16).toString("hex").toUpperCase()}_${randomBytes(16).toString("base64url")}`,
    signingKey: newSigningKey(),
    otherKey: newSigningKey(),
    userId,
    outboundVoiceProfileId,
    application,
    applications: new Map([[application.id, application]]),
    numbers: new Map(),
    callerIds: new Set()
  }
}

/**
 * Puts a number into the account. It is attached to nothing, to another application, or, when its webhook is given, to the
 * application of the credentials: the webhook belongs to the application, so all its numbers share it.
 */
export const addNumber = (account: Account, phoneNumber: string, nowMs: number, options: NumberOptions = {}) => {
  if (options.callerIdOnly === true) {
    account.callerIds.add(phoneNumber)
    return
  }
  let connectionId = ""
  if (options.attachedElsewhere === true) {
    const other = newApplication("Somebody else's application", options.webhook ?? "https://elsewhere.example/", nowMs)
    account.applications.set(other.id, other)
    connectionId = other.id
  } else if (options.webhook !== undefined) {
    account.application.webhookUrl = options.webhook
    connectionId = account.application.id
  }
  account.numbers.set(phoneNumber, { id: newId(), phoneNumber, voice: options.voice ?? true, connectionId })
}

/** The application that takes the calls to a number. */
export const applicationOf = (account: Account, phoneNumber: string): Application | undefined =>
  account.applications.get(account.numbers.get(phoneNumber)?.connectionId ?? "")

/** `2025-11-23T03:30:00.076000Z`: microseconds, as Telnyx writes them. */
export const microTime = (ms: number) => `${DateTime.formatIso(DateTime.makeUnsafe(ms)).slice(0, -1)}000Z`
