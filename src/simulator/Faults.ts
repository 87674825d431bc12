import { Effect, Schema, type Scope } from "effect"

/** Everything that a fake carrier can do wrong on demand. The names are what the command line takes. */
export const FaultName = Schema.Literals([
  /** Each callback is delivered twice, with the same idempotency token. */
  "callbacks-duplicated",
  /** Callbacks come `delayMs` late (2 s), still in order. */
  "callbacks-late",
  /** Neighbouring callbacks change places. */
  "callbacks-reordered",
  /** Callbacks are never sent. */
  "callbacks-lost",
  /** The webhook that asks what to do with a call is delivered twice at once; the first answer counts. */
  "webhook-duplicated",
  /** Requests and upgrades carry a signature made with another secret. */
  "signature-wrong",
  /** Requests and upgrades carry no signature. */
  "signature-missing",
  /** Requests carry a genuine signature that is ten minutes old, where the carrier signs the time. */
  "signature-stale",
  /** The media socket is never opened. */
  "media-never-opens",
  /** The media socket opens and greets, but the stream is never started. */
  "media-never-starts",
  /** The stream announces a call that does not exist. */
  "media-wrong-call",
  /** A second socket is opened on the same URL while the first one is up; the outcome is in the call's notes. */
  "media-twice",
  /** After `afterMs` of stream (500 ms) the peer neither reads, writes nor answers pings, and the socket stays up. */
  "media-half-open",
  /** Unreadable and nonsensical messages between the good ones: ten a second. */
  "media-garbage",
  /** Every fourth message of audio comes after the one that follows it. */
  "media-reordered",
  /** Audio a hundred times faster than real time. */
  "media-flood",
  /** After `afterMs` of stream (500 ms) the connection is cut without a word. */
  "media-drops",
  /** The upgrade of the events socket that our side opens is refused with `status` (503). */
  "events-refused",
  /** The events socket is accepted and closed at once with 1001. */
  "events-closed-at-once",
  /** Instead of delivering an event, the connection of the events socket is cut without a word. */
  "events-dropped",
  /** After `afterMs` of an events socket (500 ms) the peer neither reads, writes nor answers pings, and the socket stays up. */
  "events-half-open",
  /** Events are lost, also the one that announces a call, which `callbacks-lost` spares. */
  "events-lost",
  /** The REST API does what it is asked, but never answers. */
  "rest-silent",
  /** The REST API neither acts nor answers. */
  "rest-dead",
  /** The REST API acts, and answers `delayMs` late (1 s). */
  "rest-slow",
  /** The REST API answers 429 with `Retry-After` (`retryAfterSeconds`, 1 s) and does nothing. */
  "rest-throttled",
  /** The REST API answers 500 and does nothing. */
  "rest-broken"
])
export type FaultName = typeof FaultName.Type

/** How a fault is to strike. */
export interface FaultOptions {
  /** Strike this many times, then never again. Undefined: every time. */
  readonly times?: number
  /**
   * Strike only what this matches. The subject is `voice`, `status:<event>`, `stream:<event>`, `amd` for webhooks and
   * callbacks, `upgrade` for the media socket's signature, `media` for the other media faults, and
   * `<METHOD> <path>` for the REST API. A carrier that has an events socket instead of webhooks has the same subjects
   * for its events (`voice` announces a call), and `events` for the socket as a whole.
   */
  readonly only?: RegExp
  readonly delayMs?: number
  readonly afterMs?: number
  readonly retryAfterSeconds?: number
  /** An HTTP status, where the fault answers with one. */
  readonly status?: number
}

/** The switches of one fake carrier. */
export interface Faults {
  /** Switches a fault on, instead of an earlier setting of the same one. */
  readonly on: (fault: FaultName, options?: FaultOptions) => Effect.Effect<void>
  readonly off: (fault: FaultName) => Effect.Effect<void>
  readonly allOff: Effect.Effect<void>
  /** On for as long as the scope is open. */
  readonly use: (fault: FaultName, options?: FaultOptions) => Effect.Effect<void, never, Scope.Scope>
}

/** The engine's side of the switches: whether a fault strikes here and now. Uses up one of its `times`. */
export interface FaultPanel {
  readonly switches: Faults
  readonly strike: (fault: FaultName, subject: string) => FaultOptions | undefined
}

/** A panel with everything off. */
export const makeFaultPanel = (): FaultPanel => {
  const active = new Map<FaultName, { readonly options: FaultOptions; left: number }>()
  const on = (fault: FaultName, options: FaultOptions = {}) =>
    Effect.sync(() => {
      active.set(fault, { options, left: options.times ?? Number.POSITIVE_INFINITY })
    })
  const off = (fault: FaultName) =>
    Effect.sync(() => {
      active.delete(fault)
    })
  return {
    switches: {
      on,
      off,
      allOff: Effect.sync(() => active.clear()),
      use: (fault, options) => Effect.acquireRelease(on(fault, options), () => off(fault))
    },
    strike: (fault, subject) => {
      const setting = active.get(fault)
      if (setting === undefined || setting.left <= 0) return undefined
      if (setting.options.only !== undefined && !setting.options.only.test(subject)) return undefined
      setting.left -= 1
      return setting.options
    }
  }
}
