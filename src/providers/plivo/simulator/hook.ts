import { Result } from "effect"
import type { ExactReply, RequestFailed } from "../../../simulator/ExactRequest.ts"

/** A webhook as it is configured somewhere: where and how, and who is asked when that fails. */
export interface Hook {
  /** With its fragment, which holds the delivery rules and is never sent. */
  readonly url: string
  readonly method: "GET" | "POST"
  readonly fallback?: { readonly url: string; readonly method: "GET" | "POST" }
}

/** How a webhook is delivered. */
export interface Delivery {
  readonly timeoutMs: number
  readonly retries: number
  readonly retried: (outcome: Result.Result<ExactReply, RequestFailed>) => boolean
}

export const methodOf = (value: string | undefined): "GET" | "POST" => (value?.toUpperCase() === "GET" ? "GET" : "POST")

/** A hook, if there is an address. */
export const hookOf = (url: string | undefined, method: string | undefined): Hook | undefined =>
  url === undefined || url === "" ? undefined : { url, method: methodOf(method) }

const limits = {
  rt: [100, 40_000],
  tt: [100, 55_000],
  rc: [0, 5]
} as const

/**
 * The delivery rules in a URL's fragment, `#rt=5000&tt=20000&rc=2&rp=all` (Plivo: callback configurations): read and total
 * timeout in ms, retries (1), and what is retried (`ct,rt`). A value out of its range counts as not given. A connection
 * that cannot be made fails at once on loopback, so `ct` has no clock of its own.
 */
export const deliveryOf = (url: string, timeoutMs: number): Delivery => {
  const rules = new URLSearchParams(url.includes("#") ? url.slice(url.indexOf("#") + 1) : "")
  const rule = (name: keyof typeof limits) => {
    const value = Number(rules.get(name) ?? Number.NaN)
    const [least, most] = limits[name]
    return value >= least && value <= most ? value : undefined
  }
  const policies = new Set((rules.get("rp") ?? "ct,rt").split(","))
  const total = rule("tt") ?? Number.POSITIVE_INFINITY
  return {
    timeoutMs: Math.min(rule("rt") ?? timeoutMs, total),
    retries: rule("rc") ?? 1,
    retried: (outcome) => {
      const failure = failureOf(outcome)
      return failure !== undefined && (policies.has("all") || policies.has(failure))
    }
  }
}

/** What went wrong, in the words of the retry policy. */
const failureOf = (outcome: Result.Result<ExactReply, RequestFailed>) => {
  if (Result.isFailure(outcome)) {
    const { reason } = outcome.failure
    return reason === "timeout" ? "rt" : reason === "connect" ? "ct" : undefined
  }
  const { status } = outcome.success
  return status >= 500 ? "5xx" : status >= 400 ? "4xx" : undefined
}
