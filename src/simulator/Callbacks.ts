import { Clock, Effect, Fiber, Result, type Scope } from "effect"
import { type ExactReply, type ExactRequest, exchange, type RequestFailed } from "./ExactRequest.ts"
import type { FaultPanel } from "./Faults.ts"

/** A callback that a carrier owes. `subject` is what a fault's `only` is matched against. */
export interface Callback {
  readonly subject: string
  readonly request: ExactRequest
  /** What it says, decoded, for assertions. */
  readonly fields: Readonly<Record<string, string>>
  /** What the carrier makes of the outcome. Gives what it sends next instead: a retry, or to a fallback. */
  readonly followUp?: (outcome: Result.Result<ExactReply, RequestFailed>) => Callback | undefined
  /** Of a follow-up: how long after the outcome it is sent. The callbacks behind it do not wait for it then. */
  readonly afterMs?: number
  /** How long this one may take, instead of the line's own limit. */
  readonly timeoutMs?: number
}

/** A delivery that was made, in the order of sending. `status` undefined: lost on purpose, or no answer (`failure`). */
export interface SentCallback {
  readonly subject: string
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly lost: boolean
  readonly status: number | undefined
  readonly failure: string | undefined
}

/** One call's callbacks: delivered one after the other in order, unless a fault has it otherwise. */
export interface CallbackLine {
  readonly send: (callback: Callback) => Effect.Effect<void>
  /** Sends what a fault still holds back, and waits until everything is delivered or given up. */
  readonly finish: Effect.Effect<void>
}

export const makeCallbackLine = (options: {
  readonly panel: FaultPanel
  readonly scope: Scope.Scope
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly record: (sent: SentCallback) => void
}): CallbackLine => {
  const { panel, record } = options
  let last: Effect.Effect<unknown> = Effect.void
  let held: Effect.Effect<void> | undefined
  const later: Array<Fiber.Fiber<void>> = []

  const deliver: (callback: Callback) => Effect.Effect<void> = Effect.fnUntraced(function* (callback) {
    const { fields, request, subject } = callback
    const limits = { timeoutMs: callback.timeoutMs ?? options.timeoutMs, maxBytes: options.maxBytes }
    const outcome = yield* Effect.result(exchange(request, limits))
    record({
      subject,
      url: request.url,
      fields,
      headers: request.headers,
      lost: false,
      status: Result.isSuccess(outcome) ? outcome.success.status : undefined,
      failure: Result.isFailure(outcome) ? outcome.failure.message : undefined
    })
    const next = callback.followUp?.(outcome)
    if (next?.afterMs !== undefined) {
      later.push(yield* Effect.forkIn(Effect.delay(deliver(next), next.afterMs), options.scope))
    } else if (next !== undefined) yield* deliver(next)
  })

  /** Chains an effect after everything that was queued before it. */
  const queue = Effect.fnUntraced(function* (effect: Effect.Effect<void>) {
    const fiber = yield* Effect.forkIn(Effect.andThen(last, effect), options.scope, { startImmediately: true })
    last = Fiber.await(fiber)
  })

  const send = Effect.fnUntraced(function* (callback: Callback) {
    const { fields, request, subject } = callback
    if (panel.strike("callbacks-lost", subject) !== undefined) {
      const { headers, url } = request
      return record({ subject, url, fields, headers, lost: true, status: undefined, failure: undefined })
    }
    const twice = panel.strike("callbacks-duplicated", subject) !== undefined
    const late = panel.strike("callbacks-late", subject)
    const once = deliver(callback)
    const delivery = twice ? Effect.andThen(once, once) : once
    const clock = yield* Clock.Clock
    const due = clock.currentTimeMillisUnsafe() + (late === undefined ? 0 : (late.delayMs ?? 2000))
    const timely = Effect.andThen(
      Effect.suspend(() => Effect.sleep(Math.max(0, due - clock.currentTimeMillisUnsafe()))),
      delivery
    )
    if (held !== undefined) {
      const before = held
      held = undefined
      yield* queue(timely)
      return yield* queue(before)
    }
    if (panel.strike("callbacks-reordered", subject) !== undefined) {
      held = timely
      return
    }
    yield* queue(timely)
  })

  return {
    send,
    finish: Effect.gen(function* () {
      if (held !== undefined) yield* queue(held)
      held = undefined
      yield* last
      for (let fiber = later.shift(); fiber !== undefined; fiber = later.shift()) yield* Fiber.await(fiber)
    })
  }
}
