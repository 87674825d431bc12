import type { Effect, Schema, Scope } from "effect"
import type { AudioFormat } from "../Audio.ts"
import type { SentCallback } from "./Callbacks.ts"
import type { FaultName, FaultOptions, Faults } from "./Faults.ts"
import type { MediaDialect } from "./MediaDialect.ts"
import type { Heard } from "./Playout.ts"
import type { RestExchange, SimulatorFailed } from "./RestServer.ts"

/** What a provider's `simulator.ts` exports. */
export interface SimulatorModule {
  readonly simulator: CarrierSimulator
  /**
   * The carrier's side of the media of a call by itself, without a carrier around it, in the carrier's usual framing: for many
   * streams at little cost. Every stream is another call.
   */
  readonly mediaStream?: () => CarrierStream
}

/** One call's media as its carrier speaks it. */
export interface CarrierStream {
  /** The call's id at the carrier, as the start of the stream leads to it. */
  readonly providerCallId: string
  readonly dialect: Pick<MediaDialect, "format" | "frameMs" | "greeting" | "start" | "audio" | "read">
}

/**
 * A provider's fake carrier.
 *
 * ```ts
 * const carrier = yield* simulator.start()                  // scoped: gone when the scope closes
 * yield* carrier.ownNumber("+14155550123")
 * // save a configuration with carrier.credentials, REST base carrier.baseUrl, then:
 * yield* carrier.faults.use("callbacks-duplicated")
 * const call = yield* carrier.placeInbound({ from: "+442071838750", to: "+14155550123", audio, webhook })
 * yield* call.until((now) => now.heard.played.length >= audio.bytes.length)
 * yield* call.hangUp
 * yield* call.settled
 * ```
 *
 * It runs on the real clock, also under a test clock: the sockets on the other side are real.
 */
export interface CarrierSimulator {
  readonly start: (options?: SimulatorOptions) => Effect.Effect<FakeCarrier, SimulatorFailed, Scope.Scope>
  /**
   * How many inbound calls a second a service can take for long within the carrier's limit of REST requests. Absent: that limit
   * does not matter.
   */
  readonly sustainedCallsPerSecond?: number
  /**
   * Nothing published says that this carrier empties its buffer on a clear: with `SimulatorOptions.clears: false` it plays on.
   * Absent: its documentation says that it does.
   */
  readonly mayNotClear?: true
}

export interface SimulatorOptions {
  /** The loopback port of its REST API. A free one unless given. */
  readonly port?: number
  /** Take `http:` and `ws:` on loopback, where the real carrier demands TLS and a public host. On by default. */
  readonly insecureLoopback?: boolean
  /** The carrier's jitter buffer: audio that meets a silent line is heard this much later. 60 ms. */
  readonly jitterMs?: number
  /** Whether a clear empties the carrier's buffer, where nothing published says so (`mayNotClear`). Yes. */
  readonly clears?: boolean
  /** How many outbound calls a second start ringing; the others wait in the queue. Undefined: no limit. */
  readonly callsPerSecond?: number
  /** How long after its end a call gets its price. 200 ms. */
  readonly priceAfterMs?: number
  /** How long a webhook may take. 15 s, or what the carrier really allows. */
  readonly webhookTimeoutMs?: number
  /** The address that the carrier's own configuration names for its media socket, where it is not told per call. */
  readonly mediaUrl?: string
}

/** A running fake carrier with one test account of its own. */
export interface FakeCarrier {
  /** Where its REST API listens, without a trailing slash: the value of `SWITCHBOARD_CARRIER_URL_<NAME>`. */
  readonly baseUrl: string
  /** The generated account: the fields that a configuration of this provider is saved with. Plain: they open nothing. */
  readonly credentials: Readonly<Record<string, Schema.Json>>
  /**
   * Changes the address that the carrier's own configuration names for its media socket (`SimulatorOptions.mediaUrl`). Absent
   * where the carrier is told the address with each call.
   */
  readonly setMediaUrl?: (url: string) => Effect.Effect<void>
  /**
   * Tells how to come by the pass for a call to a number's agent, as the page does that a person has open: it asks the service.
   * Absent where calls do not begin on a page of ours.
   */
  readonly setPasses?: (passFor: (to: string) => Effect.Effect<PhonePass>) => Effect.Effect<void>
  /** Puts a number into the account. */
  readonly ownNumber: (address: string, options?: NumberOptions) => Effect.Effect<void>
  /** The inbound webhook that is set on a number of the account now. */
  readonly inboundWebhook: (address: string) => Effect.Effect<string | undefined>
  /** A person dials one of our numbers and says something once the media is up. */
  readonly placeInbound: (call: PlaceInbound) => Effect.Effect<SimulatedCall>
  /** What happens when a destination is dialled; `*` is every other one. Answers after 50 ms unless told otherwise. */
  readonly whenDialed: (destination: string, behaviour: DialBehaviour) => Effect.Effect<void>
  /** The next call that was placed by the REST API and not yet handed out, in order; waits for one. */
  readonly nextOutbound: Effect.Effect<SimulatedCall>
  /** Every call so far, oldest first. */
  readonly calls: Effect.Effect<ReadonlyArray<SimulatedCall>>
  readonly faults: Faults
  /** Every request to the REST API so far, oldest first. */
  readonly restExchanges: Effect.Effect<ReadonlyArray<RestExchange>>
  /** Drops what is remembered of settled calls, of calls not taken by `nextOutbound`, and of REST requests: for long runs. */
  readonly forget: Effect.Effect<void>
}

/** What a page needs for a call: the address that takes it, and the text to post there. */
export interface PhonePass {
  readonly inboundUrl: string
  readonly body: string
}

export interface NumberOptions {
  /** The account may only show it as caller id; it does not own it. */
  readonly callerIdOnly?: boolean
  /** Bound to something that takes its calls instead of our webhook (a SIP trunk, an application). */
  readonly attachedElsewhere?: boolean
  /** Whether it can take calls; true by default. */
  readonly voice?: boolean
  /** The inbound webhook that is set on it already. */
  readonly webhook?: string
}

/** Speech, in any format of `Audio.ts`; the carrier converts it to its own when they differ. */
export interface SpokenAudio {
  readonly format: AudioFormat
  readonly bytes: Uint8Array
}

export interface PlaceInbound {
  readonly from: string
  readonly to: string
  readonly audio?: SpokenAudio
  /** The URL that is asked what to do; otherwise the one set on the number. */
  readonly webhook?: string
  /** Faults for as long as this call lives. They apply to the whole carrier: use one call at a time with them. */
  readonly faults?: ReadonlyArray<FaultName | readonly [FaultName, FaultOptions]>
  /** More fields of the carrier's webhook. */
  readonly fields?: Readonly<Record<string, string>>
}

/** `afterMs` counts from the ringing. `no-answer` without it lasts as long as the dial request allows. */
export type DialBehaviour =
  | {
      readonly outcome: "answer"
      readonly afterMs?: number
      readonly audio?: SpokenAudio
      readonly answeredBy?: "human" | "machine" | "fax" | "unknown"
      /** The person hangs up this long after the answer. */
      readonly hangUpAfterMs?: number
    }
  | { readonly outcome: "busy"; readonly afterMs?: number }
  | { readonly outcome: "no-answer"; readonly afterMs?: number }
  | { readonly outcome: "failed"; readonly afterMs?: number; readonly sipCode?: number }

export type SimulatedState =
  "queued" | "initiated" | "ringing" | "in-progress" | "completed" | "busy" | "no-answer" | "failed" | "canceled"

/** A message that our side sent over the media socket, and what the carrier made of it. */
export interface MediaMessage {
  /** ms since the stream started. */
  readonly atMs: number
  readonly kind: "audio" | "mark" | "clear" | "digits" | "stop" | "invalid"
  /** The mark's name, the digits, the carrier's error; bytes of audio as a number. */
  readonly detail: string
}

/** A call as it stands at one moment. */
export interface CallSnapshot {
  readonly state: SimulatedState
  readonly media: "none" | "opening" | "streaming" | "ended"
  readonly heard: Heard
  /** The speech that was really sent so far, in the stream's format. */
  readonly said: Uint8Array
  /** Whether the person still has something to say. */
  readonly speaking: boolean
  readonly mediaMessages: ReadonlyArray<MediaMessage>
  readonly callbacks: ReadonlyArray<SentCallback>
  /** The markup or JSON that our side answered webhooks with. */
  readonly answers: ReadonlyArray<string>
  /** What went wrong in the carrier's view: its error codes with text. */
  readonly errors: ReadonlyArray<string>
  /** What the carrier did and saw, for people: spoken text, statuses of refused upgrades. */
  readonly notes: ReadonlyArray<string>
  /**
   * The ids of the other calls that are joined with this one now, by a conference or a bridge: after a transfer the caller and the
   * destination are together.
   */
  readonly togetherWith: ReadonlyArray<string>
}

/** One call at the fake carrier, from the side of the person on the phone. */
export interface SimulatedCall {
  readonly id: string
  readonly direction: "inbound" | "outbound"
  readonly from: string
  readonly to: string
  readonly now: Effect.Effect<CallSnapshot>
  /** Waits until the condition holds; it is looked at after every change, and 50 times a second while media flows. */
  readonly until: (condition: (now: CallSnapshot) => boolean) => Effect.Effect<CallSnapshot>
  readonly say: (audio: SpokenAudio) => Effect.Effect<void>
  readonly pressDigits: (digits: string) => Effect.Effect<void>
  /** The person hangs up (or gives up while it rings). */
  readonly hangUp: Effect.Effect<void>
  /** Waits until the call has reached a final state. */
  readonly ended: Effect.Effect<CallSnapshot>
  /** Waits until, on top of that, every callback was delivered or given up. */
  readonly settled: Effect.Effect<CallSnapshot>
}
