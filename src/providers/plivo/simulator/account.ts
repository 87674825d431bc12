import { randomInt, randomUUID } from "node:crypto"
import { Clock, DateTime, Effect } from "effect"
import type { NumberOptions } from "../../../simulator/SimulatorModule.ts"

/** What a number's calls are handled by (Plivo: Application). Its URLs are those that inbound calls ask. */
export interface Application {
  /** Decimal, beyond what a double can hold. */
  readonly id: string
  name: string
  answerUrl: string
  answerMethod: string
  hangupUrl: string
  hangupMethod: string
  fallbackAnswerUrl: string
  fallbackMethod: string
  messageUrl: string
  messageMethod: string
  logIncomingMessages: boolean
  defaultNumberApp: boolean
  defaultEndpointApp: boolean
  subAccount: string | undefined
}

export interface OwnedNumber {
  /** Without a plus. */
  readonly digits: string
  readonly voice: boolean
  alias: string | undefined
  applicationId: string | undefined
  /** The SIP trunk that takes its calls instead of an answer URL. */
  trunkId: string | undefined
  subAccount: string | undefined
}

export interface Account {
  /** The id and the token that the REST API is used with: a main account's, or a subaccount's. */
  readonly id: string
  readonly token: string
  readonly mainId: string
  readonly mainToken: string
  /** Active beside `token` while the account's tokens are rotated. */
  readonly oldToken: string | undefined
  readonly numbers: Map<string, OwnedNumber>
  readonly callerIds: Set<string>
  readonly applications: Map<string, Application>
}

const pick = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("")

export const randomDigits = (length: number) => pick("0123456789", length)

const newAuthId = (kind: "MA" | "SA") => kind + pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 18)
const newToken = () => pick("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 40)

export const newAccount = (options: { readonly subaccount: boolean; readonly rotatingToken: boolean }): Account => {
  const main = { id: newAuthId("MA"), token: newToken() }
  const own = options.subaccount ? { id: newAuthId("SA"), token: newToken() } : main
  return {
    ...own,
    mainId: main.id,
    mainToken: main.token,
    oldToken: options.rotatingToken ? newToken() : undefined,
    numbers: new Map(),
    callerIds: new Set(),
    applications: new Map()
  }
}

/** The subaccount that things belong to, if the account is one. */
export const subAccountOf = (account: Account) => (account.id === account.mainId ? undefined : account.id)

/** A number as Plivo writes it: digits without a plus. Anything else, a SIP URI above all, stays as it is. */
export const asWritten = (address: string) => {
  const digits = address.replace(/[\s()-]/g, "").replace(/^\+/, "")
  return /^\d+$/.test(digits) ? digits : address
}

/** The same address as people and other carriers write it, in E.164. */
export const asDialled = (address: string) => {
  const written = asWritten(address)
  return /^\d+$/.test(written) ? `+${written}` : written
}

/** An id that a program loses when it reads it as a double: 17 digits, an odd one last. */
const newApplicationId = () => `2${randomDigits(15)}${pick("13579", 1)}`

export const addApplication = (account: Account, name: string, answerUrl: string): Application => {
  const application: Application = {
    id: newApplicationId(),
    name,
    answerUrl,
    answerMethod: "POST",
    hangupUrl: answerUrl,
    hangupMethod: "POST",
    fallbackAnswerUrl: "",
    fallbackMethod: "POST",
    messageUrl: "",
    messageMethod: "POST",
    logIncomingMessages: true,
    defaultNumberApp: false,
    defaultEndpointApp: false,
    subAccount: subAccountOf(account)
  }
  account.applications.set(application.id, application)
  return application
}

export const addNumber = (account: Account, address: string, options: NumberOptions = {}) => {
  const digits = asWritten(address)
  if (options.callerIdOnly === true) {
    account.callerIds.add(digits)
    return
  }
  const { webhook } = options
  const application = webhook === undefined ? undefined : addApplication(account, `number-${digits}`, webhook)
  const trunkId = options.attachedElsewhere === true ? randomDigits(17) : undefined
  account.numbers.set(digits, {
    digits,
    voice: options.voice ?? true,
    alias: undefined,
    applicationId: trunkId === undefined ? application?.id : undefined,
    trunkId,
    subAccount: subAccountOf(account)
  })
}

/** The application that takes the calls of a number. */
export const applicationOf = (account: Account, address: string): Application | undefined => {
  const id = account.numbers.get(asWritten(address))?.applicationId
  return id === undefined ? undefined : account.applications.get(id)
}

export const newId = () => randomUUID()

/** Unix time, ms. */
export const now: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, Math.trunc)

/** `2024-10-25 14:13:41`, UTC. */
export const seconds = (ms: number) => DateTime.formatIso(DateTime.makeUnsafe(ms)).slice(0, 19).replace("T", " ")

/** `2024-10-25 14:13:37.779297`, UTC. */
export const microseconds = (ms: number) => `${seconds(ms)}.${String(Math.trunc(ms) % 1000).padStart(3, "0")}000`

/** `2024-10-25 14:13:41+00:00`. */
export const withOffset = (ms: number) => `${seconds(ms)}+00:00`
