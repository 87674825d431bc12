import type { SimulatorOptions } from "../../../simulator/SimulatorModule.ts"

/** What the document leaves open, or has seen done in more than one way. */
export interface CloudonixOptions extends SimulatorOptions {
  /** Requests a domain may make in a time; more get 429. Undefined lifts the limit. 10 in 3 s. */
  readonly requestLimit?: { readonly requests: number; readonly windowMs: number } | undefined
  /** Whether `From` and `To` of voice requests have their `+`. Bare. */
  readonly voiceNumbers?: "bare" | "e164"
  /** Whether `Domain` and `AccountSid` of voice requests hold the whole name of the domain. Full. */
  readonly voiceDomain?: "full" | "short"
  /** Whether `accountSid` of a stream's start holds the whole name. Short. */
  readonly streamDomain?: "full" | "short"
  /** Fields of the voice request that this deployment does not send. */
  readonly voiceFieldsLeftOut?: ReadonlyArray<string>
  /** The key in `X-CX-APIKey` and whether there is one: by default the account's bearer token. */
  readonly webhookApiKey?: string
  /**
   * Session updates carry `X-Cloudonix-Signature` made with this secret, and `X-Cloudonix-Timestamp`. Documented for another
   * product of the same people only: off unless given.
   */
  readonly signatureSecret?: string
  /** Whether `connected` of a stream names protocol and version. Yes. */
  readonly connectedNamesProtocol?: boolean
  /** Whether marks come back. Yes, as on the stream protocol that this one copies. */
  readonly marks?: boolean
  /** How much audio the carrier keeps, ms. Unpublished; kept small, so that a side which does not pace is found. 2000. */
  readonly playoutLimitMs?: number
  /** Session updates as one object, or as a list of one. Object. */
  readonly updates?: "object" | "list"
  /** What tells the end of an answered session: `none`, a status `completed`, or `connected` with `callEndTime`. None. */
  readonly finalUpdate?: "none" | "completed" | "end-time"
  /** How the CDR is written. Usual. */
  readonly cdr?: "usual" | "null-session" | "string-session" | "spaced-disposition" | "no-disposition"
  /** Whether a create that succeeds answers without a body. No. */
  readonly emptyCreates?: boolean
}

/** The whole exchange of a webhook; the real time-out is unpublished, answers are to come within 5 s. */
const webhookTimeoutMs = 10_000

const defaults = {
  port: 0,
  insecureLoopback: true,
  jitterMs: 60,
  webhookTimeoutMs,
  requestLimit: { requests: 10, windowMs: 3000 },
  voiceNumbers: "bare",
  voiceDomain: "full",
  streamDomain: "short",
  voiceFieldsLeftOut: [],
  connectedNamesProtocol: true,
  marks: true,
  clears: true,
  playoutLimitMs: 2000,
  updates: "object",
  finalUpdate: "none",
  cdr: "usual",
  emptyCreates: false
} as const

/** The options of one fake account, defaults filled in. */
export const settingsOf = (options: CloudonixOptions) => ({ ...defaults, ...options })

export type Settings = ReturnType<typeof settingsOf>
