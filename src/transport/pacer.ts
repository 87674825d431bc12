import { Context, Effect, Layer } from "effect"
import { lateTicks, showCounters } from "./metrics.ts"

/** A clock and an alarm, in ms. `now` never goes back. */
export interface Ticker {
  readonly now: () => number
  /** Calls `wake` once after the delay, not before it; gives the function that cancels it. */
  readonly after: (delayMs: number, wake: () => void) => () => void
}

const monotonicNow = performance.now.bind(performance)

/** The machine's monotonic clock. */
const machine: Ticker = {
  now: monotonicNow,
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, Math.ceil(delayMs))
    return () => clearTimeout(timer)
  }
}

/** Something that the pacer keeps going. Neither function may throw; one that does is reported to `broken` and dropped. */
export interface Paced {
  /** One period passed. False: nothing is left to do until the next `wake`. */
  readonly tick: (now: number) => boolean
  /** About a second passed. */
  readonly check: (now: number) => void
  readonly broken: (defect: unknown) => void
}

export interface Registration {
  /** Asks for ticks; to be called when there is work to do later. */
  readonly wake: () => void
  /** Ends everything for this member. */
  readonly remove: () => void
}

/** What the pacer holds and has seen: for tests and metrics. */
export interface PacerCounts {
  readonly registered: number
  readonly awake: number
  readonly timers: number
  readonly lateTicks: number
}

export interface PacerOptions {
  /** ms between ticks. Default 10. */
  readonly tickMs?: number
  /** ms between checks. Default 1000. */
  readonly checkMs?: number
}

/**
 * The one ticker of the process. Its deadlines lie on an absolute grid of a monotonic clock, so that it does not drift as
 * `setInterval` does. It ticks only while some member is awake, and checks only while some member is registered.
 */
export class Pacer extends Context.Service<
  Pacer,
  {
    /** Monotonic ms. */
    readonly now: () => number
    readonly register: (member: Paced) => Registration
    readonly counts: () => PacerCounts
  }
>()("switchboard/Pacer") {
  static readonly layerWith = (ticker: Ticker, options?: PacerOptions) =>
    Layer.effect(
      Pacer,
      Effect.gen(function* () {
        yield* showCounters
        const context = yield* Effect.context<never>()
        const pacer = makePacer(ticker, () => lateTicks.updateUnsafe(1, context), options)
        yield* Effect.addFinalizer(() => Effect.sync(pacer.stop))
        return Pacer.of(pacer)
      })
    )

  static readonly layer = Pacer.layerWith(machine)
}

/** One timer on an absolute grid that runs only between `start` and `stop`. `onLate` hears of wakes a whole period late. */
const grid = (ticker: Ticker, periodMs: number, onTime: (now: number) => void, onLate: () => void) => {
  let cancel: (() => void) | undefined
  let deadline = 0
  const ring = () => {
    const now = ticker.now()
    if (now - deadline > periodMs) onLate()
    deadline += periodMs * Math.max(1, Math.floor((now - deadline) / periodMs) + 1)
    cancel = ticker.after(Math.max(0, deadline - now), ring)
    onTime(now)
  }
  return {
    isRunning: () => cancel !== undefined,
    start: () => {
      if (cancel !== undefined) return
      deadline = ticker.now() + periodMs
      cancel = ticker.after(periodMs, ring)
    },
    stop: () => {
      cancel?.()
      cancel = undefined
    }
  }
}

const makePacer = (ticker: Ticker, onLate: () => void, { tickMs = 10, checkMs = 1000 }: PacerOptions = {}) => {
  const registered = new Set<Paced>()
  const awake = new Set<Paced>()
  let late = 0

  const remove = (member: Paced) => {
    registered.delete(member)
    awake.delete(member)
    if (awake.size === 0) ticks.stop()
    if (registered.size === 0) checks.stop()
  }
  /** A member's defect ends that member alone: it must not reach the timer, where it would end the process. */
  const drop = (member: Paced, defect: unknown) => {
    remove(member)
    member.broken(defect)
  }
  const tickOne = (member: Paced, now: number) => {
    try {
      if (!member.tick(now)) awake.delete(member)
    } catch (defect) {
      drop(member, defect)
    }
  }
  const checkOne = (member: Paced, now: number) => {
    try {
      member.check(now)
    } catch (defect) {
      drop(member, defect)
    }
  }
  const ticks = grid(
    ticker,
    tickMs,
    (now) => {
      for (const member of awake) tickOne(member, now)
      if (awake.size === 0) ticks.stop()
    },
    () => {
      late++
      onLate()
    }
  )
  const checks = grid(
    ticker,
    checkMs,
    (now) => {
      for (const member of registered) checkOne(member, now)
    },
    () => {}
  )

  return {
    now: ticker.now,
    register: (member: Paced): Registration => {
      registered.add(member)
      checks.start()
      return {
        wake: () => {
          if (!registered.has(member)) return
          awake.add(member)
          ticks.start()
        },
        remove: () => remove(member)
      }
    },
    counts: () => ({
      registered: registered.size,
      awake: awake.size,
      timers: (ticks.isRunning() ? 1 : 0) + (checks.isRunning() ? 1 : 0),
      lateTicks: late
    }),
    stop: () => {
      ticks.stop()
      checks.stop()
      registered.clear()
      awake.clear()
    }
  }
}
