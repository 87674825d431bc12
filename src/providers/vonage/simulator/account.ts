import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto"
import { Clock, DateTime, Effect } from "effect"
import type { NumberOptions } from "../../../simulator/SimulatorModule.ts"
import { type Application, newApplication } from "./application.ts"

/** Which country a simulated number is in, by its calling code; anything else is American. */
const countries: ReadonlyArray<readonly [string, string]> = [
  ["44", "GB"],
  ["49", "DE"],
  ["33", "FR"],
  ["48", "PL"],
  ["61", "AU"]
]

/** A number of the account (Vonage: Numbers API). */
export interface OwnedNumber {
  /** Digits without a plus. */
  readonly msisdn: string
  readonly country: string
  readonly features: ReadonlyArray<string>
  /** The application that takes its calls. */
  appId: string | undefined
}

export interface Account {
  readonly apiKey: string
  readonly apiSecret: string
  readonly signatureSecret: string
  readonly privateKey: string
  readonly application: Application
  readonly numbers: Map<string, OwnedNumber>
  /** Numbers that it may show to the called party without owning them. */
  readonly callerIds: Set<string>
}

const makeKeys = () =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
let keys: ReturnType<typeof makeKeys> | undefined

/** An account with one application. All accounts of a process share a key pair: making one takes long. */
export const newAccount = (): Account => {
  keys ??= makeKeys()
  return {
    apiKey: randomBytes(4).toString("hex"),
    apiSecret: randomBytes(8).toString("hex"),
    signatureSecret: randomBytes(24).toString("hex"),
    privateKey: keys.privateKey,
    application: newApplication(keys.publicKey),
    numbers: new Map(),
    callerIds: new Set()
  }
}

/** The carrier writes numbers as digits only; names such as `anonymous` stay as they are. */
export const bare = (address: string) => address.replace(/^\+(?=\d+$)/, "")

/** A number of the carrier as tests know it: with a plus. */
export const plussed = (written: string) => (/^\d{7,15}$/.test(written) ? `+${written}` : written)

/**
 * Puts a number into the account, linked to nothing. A webhook links it to the application and becomes the application's
 * `answer_url`: inbound routing is per application.
 */
export const addNumber = (account: Account, address: string, options: NumberOptions = {}) => {
  const msisdn = bare(address)
  if (options.callerIdOnly === true) {
    account.callerIds.add(msisdn)
    return
  }
  const { application } = account
  if (options.webhook !== undefined) application.setAnswerUrl({ address: options.webhook, http_method: "POST" })
  account.numbers.set(msisdn, {
    msisdn,
    country: countries.find(([code]) => msisdn.startsWith(code))?.[1] ?? "US",
    features: options.voice === false ? ["SMS"] : ["VOICE", "SMS"],
    appId:
      options.attachedElsewhere === true ? randomUUID() : options.webhook === undefined ? undefined : application.id
  })
}

/** The application's answer webhook, if it takes this number's calls; without the link the number is busy. */
export const answerWebhook = (account: Account, address: string) => {
  const { application } = account
  const number = account.numbers.get(bare(address))
  const linked = number?.appId?.toLowerCase() === application.id && number.features.includes("VOICE")
  return linked ? application.voice()?.webhooks?.answer_url : undefined
}

/** `2024-05-01T12:00:01.000Z`. */
export const iso8601 = (ms: number) => DateTime.formatIso(DateTime.makeUnsafe(ms))

/** Unix time, ms. */
export const now: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, Math.trunc)
