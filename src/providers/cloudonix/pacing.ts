import { Clock, Effect } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import { provider } from "./config.ts"

/** Requests that a domain may send in any window of this many ms (Cloudonix: Core API; another page says 10 s). */
const burst = 10
const windowMs = 3_000

/** A request that would have to wait longer than this, ms, is not sent at all. */
const longestWaitMs = 6_000

/** Keeps the requests of one domain within its rate limit, so that few of them are answered 429. */
export interface Pacing {
  /**
   * Waits for the request's turn. An `urgent` one does not wait, but counts. Fails with `rate-limited` where too many wait: then
   * nothing was sent.
   */
  readonly turn: (urgent: boolean) => Effect.Effect<void, CarrierError>
}

/** Of every toolkit, its domains: an account is made anew whenever its numbers change, and the limit does not begin anew with it. */
const known = new WeakMap<object, Map<string, Pacing>>()

/** The pacing of a domain, one for all accounts of it that share a toolkit. */
export const pacingOf = (toolkit: object, domain: string): Pacing => {
  const domains = known.get(toolkit) ?? new Map<string, Pacing>()
  known.set(toolkit, domains)
  const pacing = domains.get(domain) ?? makePacing()
  domains.set(domain, pacing)
  return pacing
}

/** The pacing of one domain, in this process. */
export const makePacing = (): Pacing => {
  /** When requests were or will be sent, in order, ms. */
  let turns: ReadonlyArray<number> = []

  const wait = (now: number, urgent: boolean): number | undefined => {
    turns = turns.filter((at) => at > now - windowMs)
    const first = turns.at(-burst)
    const at = urgent || first === undefined ? now : Math.max(now, first + windowMs)
    if (at - now > longestWaitMs) return undefined
    turns = [...turns, at].toSorted((left, right) => left - right)
    return at - now
  }

  return {
    turn: (urgent) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const ms = wait(now, urgent)
        if (ms === undefined) return Effect.fail(crowded())
        return ms > 0 ? Effect.sleep(ms) : Effect.void
      })
  }
}

const crowded = () =>
  new CarrierError({
    provider,
    kind: "rate-limited",
    message: "Too many requests wait for this Cloudonix domain, which takes 10 in 3 s. Try again in a few seconds."
  })
