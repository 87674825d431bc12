import { randomBytes, randomInt, randomUUID } from "node:crypto"
import { Clock, DateTime, Effect } from "effect"
import type { NumberOptions } from "../../../simulator/SimulatorModule.ts"

/** A number of the account, as the inventory shows and changes it. */
export interface OwnedNumber {
  readonly id: string
  readonly e164: string
  readonly voice: boolean
  applicationId: string | undefined
}

/** An application: where the calls of its numbers are asked for and reported. */
export interface Application {
  readonly id: string
  name: string
  answerUrl: string
  answerMethod: "GET" | "POST"
  /** Empty: the answer URL. */
  hangupUrl: string
  hangupMethod: "GET" | "POST"
  fallbackUrl: string
  fallbackMethod: "GET" | "POST"
  /** It stands for something that takes calls instead of us; its answer URL is nobody's. */
  readonly foreign: boolean
}

export interface Account {
  readonly authId: string
  readonly authToken: string
  /** The main account: itself, unless this one is a sub-account. */
  readonly parentId: string
  readonly parentToken: string
  /** By `e164`. */
  readonly numbers: Map<string, OwnedNumber>
  readonly callerIds: Set<string>
  readonly applications: Map<string, Application>
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
const newAuthId = (kind: "MA" | "SA") =>
  `${kind}_${Array.from({ length: 8 }, () => letters.charAt(randomInt(letters.length))).join("")}`
const newToken = () => randomBytes(20).toString("hex")

/** `count` decimal digits, the first one not 0. */
export const newDigits = (count: number) =>
  String(randomInt(1, 10)) + Array.from({ length: count - 1 }, () => String(randomInt(10))).join("")

export const newAccount = (kind: "main" | "sub"): Account => {
  const authId = newAuthId(kind === "main" ? "MA" : "SA")
  const authToken = newToken()
  const parent = kind === "main" ? { id: authId, token: authToken } : { id: newAuthId("MA"), token: newToken() }
  return {
    authId,
    authToken,
    parentId: parent.id,
    parentToken: parent.token,
    numbers: new Map(),
    callerIds: new Set(),
    applications: new Map()
  }
}

/** Adds an application; its id has 17 digits, too many for a JSON number. */
export const addApplication = (
  account: Account,
  given: Pick<Application, "name" | "answerUrl"> & Partial<Omit<Application, "id">>
): Application => {
  const application: Application = {
    id: newDigits(17),
    answerMethod: "POST",
    hangupUrl: "",
    hangupMethod: "POST",
    fallbackUrl: "",
    fallbackMethod: "POST",
    foreign: false,
    ...given
  }
  account.applications.set(application.id, application)
  return application
}

export const addNumber = (account: Account, e164: string, options: NumberOptions = {}) => {
  if (options.callerIdOnly === true) {
    account.callerIds.add(e164)
    return
  }
  const application =
    options.attachedElsewhere === true
      ? addApplication(account, { name: "elsewhere", answerUrl: "https://elsewhere.example/answer", foreign: true })
      : options.webhook === undefined
        ? undefined
        : addApplication(account, { name: `app-${randomBytes(4).toString("hex")}`, answerUrl: options.webhook })
  account.numbers.set(e164, { id: randomUUID(), e164, voice: options.voice ?? true, applicationId: application?.id })
}

/** The application that takes a number's calls. */
export const applicationOf = (account: Account, e164: string) => {
  const id = account.numbers.get(e164)?.applicationId
  return id === undefined ? undefined : account.applications.get(id)
}

/** Whether the account may show this number to those it calls. */
export const mayShow = (account: Account, e164: string) => account.numbers.has(e164) || account.callerIds.has(e164)

const isoOf = (ms: number) => DateTime.formatIso(DateTime.makeUnsafe(ms))

/** `2026-06-01T10:00:00Z`: REST, UTC. */
export const utcSeconds = (ms: number) => isoOf(ms).replace(/\.\d+Z$/, "Z")

/** `2026-06-01 10:00:00.123456`: `SessionStart`, UTC. The clock has no microseconds. */
export const sessionTime = (ms: number) => isoOf(ms).replace("T", " ").replace("Z", "000")

/** `2025-11-06 09:58:40`: `Timestamp` of stream callbacks; taken to be UTC (not documented). */
export const timestamp = (ms: number) => isoOf(ms).slice(0, 19).replace("T", " ")

/** `2026-06-01 15:30:00`: the hangup callback's times are India's, without saying so. */
export const istTime = (ms: number) => timestamp(ms + 330 * 60_000)

/** Unix time, ms. */
export const now: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, Math.trunc)
