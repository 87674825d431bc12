import { randomBytes, randomUUID } from "node:crypto"
import { Clock, DateTime, Effect, Schema } from "effect"
import type { NumberOptions } from "../../../simulator/SimulatorModule.ts"
import { compileDnid } from "./dnidPattern.ts"

export interface Application {
  readonly id: number
  readonly uuid: string
  readonly name: string
  readonly type: string
  url: string
  method: "GET" | "POST"
  active: boolean
  profile: Readonly<Record<string, unknown>>
}

/** A called number or pattern. Without an application the domain's default one takes the calls. */
export interface Dnid {
  readonly id: number
  applicationId: number | null
  active: boolean
  /** The regular expression that the entry was compiled to. */
  dnid: string
  /** What was entered. */
  source: string
  prefix: boolean
  expression: boolean
  asteriskCompatible: boolean
}

export interface Trunk {
  readonly id: number
  readonly uuid: string
  name: string
  ip: string
  port: number | string
  transport: string
  prefix: string
  direction: string
  profile: Readonly<Record<string, unknown>>
  active: boolean
}

/** One domain with everything in it, and the key that opens it. */
export interface Domain {
  readonly id: number
  readonly uuid: string
  readonly name: string
  readonly bearerToken: string
  /** A domain of somebody else: this key does not open it. */
  readonly foreignName: string
  defaultApplication: number | null
  profile: Readonly<Record<string, unknown>>
  readonly applications: Map<number, Application>
  readonly dnids: Map<number, Dnid>
  readonly trunks: Map<number, Trunk>
  /** Gives the next integer id. */
  readonly nextId: () => number
}

/** Keys look like this in samples: XI and 32 letters and digits. */
export const newKey = () => `XI${randomBytes(16).toString("hex")}`

/** A session token: 32 hex characters. */
export const newToken = () => randomBytes(16).toString("hex")

export const newTrunk = (domain: Domain, name: string): Trunk => ({
  id: domain.nextId(),
  uuid: randomUUID(),
  name,
  ip: "192.0.2.10",
  port: 5060,
  transport: "udp",
  prefix: "",
  direction: "public-outbound",
  profile: {},
  active: true
})

/** A domain as its operator has it before us: a trunk that leads out, no application, no number. */
export const newDomain = (): Domain => {
  let last = 1000
  const domain: Domain = {
    id: 3,
    uuid: randomUUID(),
    name: `acme-${randomBytes(4).toString("hex")}.cloudonix.net`,
    bearerToken: newKey(),
    foreignName: "neighbour.cloudonix.net",
    defaultApplication: null,
    profile: { "call-timeout": 60 },
    applications: new Map(),
    dnids: new Map(),
    trunks: new Map(),
    nextId: () => (last += 1)
  }
  const trunk = newTrunk(domain, "carrier")
  domain.trunks.set(trunk.id, trunk)
  return domain
}

export const shortName = (domain: Domain) => domain.name.split(".")[0] ?? domain.name

export const addApplication = (
  domain: Domain,
  options: Pick<Application, "name" | "url" | "method"> & { readonly type?: string }
): Application => {
  const application: Application = {
    type: "cxml",
    ...options,
    id: domain.nextId(),
    uuid: randomUUID(),
    active: true,
    profile: {}
  }
  domain.applications.set(application.id, application)
  return application
}

/** Puts a number into the domain. A caller id is no object here: the trunk's carrier knows what may be shown. */
export const addNumber = (domain: Domain, number: string, options: NumberOptions = {}) => {
  if (options.callerIdOnly === true) return
  const { attachedElsewhere, webhook } = options
  for (const dnid of domain.dnids.values()) if (dnid.source === number) domain.dnids.delete(dnid.id)
  const id = domain.nextId()
  const flags = { prefix: false, expression: false, asteriskCompatible: false }
  const own = Array.from(domain.applications.values()).find(({ url }) => url !== "" && url === webhook)
  const application =
    attachedElsewhere === true
      ? addApplication(domain, { name: `pbx-${id}`, type: "Cloudonix:built-in", url: "", method: "GET" })
      : webhook === undefined
        ? undefined
        : (own ?? addApplication(domain, { name: `application-${id}`, url: webhook, method: "POST" }))
  domain.dnids.set(id, {
    id,
    applicationId: application?.id ?? null,
    active: options.voice ?? true,
    source: number,
    dnid: compileDnid({ source: number, ...flags }) ?? "",
    ...flags
  })
}

/** Numbers are looked up with and without their `+`. */
const matches = ({ active, dnid }: Dnid, number: string) => {
  if (!active) return false
  const pattern = new RegExp(dnid)
  return pattern.test(number) || pattern.test(`+${number.replace(/^\+/, "")}`)
}

export const dnidOf = (domain: Domain, number: string) =>
  Array.from(domain.dnids.values()).find((dnid) => matches(dnid, number))

/** The application that takes calls to a number: its DNID's, else the default one of the domain. */
export const applicationOf = (domain: Domain, number: string): Application | undefined => {
  const id = dnidOf(domain, number)?.applicationId ?? domain.defaultApplication
  return id === null ? undefined : domain.applications.get(id)
}

/** By name or id, as a dial request gives it. */
export const findApplication = (domain: Domain, named: string | number) =>
  Array.from(domain.applications.values()).find(
    ({ id, name, uuid }) => name === named || uuid === named || String(id) === String(named)
  )

/** Trunks that a call can leave by, in the order of their creation. */
export const outboundTrunks = (domain: Domain) =>
  Array.from(domain.trunks.values()).filter(({ active, direction }) => active && direction.endsWith("outbound"))

/** A text of the domain's profile; undefined if it is not set. */
export const profileText = (domain: Domain, key: string) => {
  const value = domain.profile[key]
  return Schema.is(Schema.NonEmptyString)(value) ? value : undefined
}

export const iso8601 = (ms: number) => DateTime.formatIso(DateTime.makeUnsafe(ms))

/** Unix time, ms. */
export const now: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, Math.trunc)
