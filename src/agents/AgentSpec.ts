import { type Effect, type Redacted, Schema, type Scope } from "effect"
import type { FormField, FormValues } from "../Form.ts"
import type { Transport, TransportError } from "../Transport.ts"
import type { AgentEnvironment } from "./AgentEnvironment.ts"

/** What an agent is told about the call that it answers. Addresses are canonical where they could be read. */
export interface AgentCall {
  readonly id: string
  readonly organizationId: string
  readonly direction: "inbound" | "outbound"
  readonly from: string
  readonly to: string
  readonly provider: string
  readonly telephonyConfigurationId: string
  /** Free JSON from whoever placed the call, or facts of the inbound call. */
  readonly context: FormValues
  /** A secret that is the same for every connection of this call: by it an agent knows a call that comes back. */
  readonly resumeToken: Redacted.Redacted<string>
  /**
   * How often the agent was connected for this call before, connections that ended before there was audio left out. More than
   * 0: the connection was lost and this one resumes.
   */
  readonly attempt: number
}

/** The agent could not be reached, refused the call, or answered nonsense before the audio began. */
export class AgentUnreachable extends Schema.TaggedError<AgentUnreachable>()("AgentUnreachable", {
  reason: Schema.Literals([
    "refused-address",
    "connect-failed",
    "handshake-timeout",
    "handshake-failed",
    "refused-call"
  ]),
  message: Schema.String
}) {}

/** The agent's address is one that Switchboard does not connect to. */
export const refusedAddress = (message: string) => new AgentUnreachable({ reason: "refused-address", message })

/** The agent went away in the middle of the call. */
export class AgentLost extends Schema.TaggedError<AgentLost>()("AgentLost", {
  reason: Schema.Literals(["closed", "silent", "stalled", "protocol-abuse"]),
  message: Schema.String
}) {}

/** How an agent's part of a call ended in good order. */
export type AgentEnd =
  /** The agent wants the call over; `drain` first plays what is queued. */
  | { readonly _tag: "HangUp"; readonly drain: boolean }
  /** The media ended: the caller is gone. */
  | { readonly _tag: "MediaEnded" }

/** Where an agent wants its caller to go: an address as a person writes it, and how long it may ring, s. */
export interface TransferWish {
  readonly destination: string
  readonly timeoutSeconds?: number
  readonly announcement?: string
}

/** Why something that an agent asked for was not done: a word for machines, and a sentence. */
export interface NotDone {
  readonly reason: string
  readonly message: string
}

/** Why keys were not pressed: this carrier cannot, or it failed this time. */
export interface DigitsNotSent extends NotDone {
  readonly reason: "digits_not_supported" | "digits_failed"
}

/** The longest name of an agent's or an operator's event, UTF-16 code units. */
export const maxEventName = 64

/** Something that an operator tells an agent in the middle of a call. `data` is null where there is none. */
export interface AgentEvent {
  readonly name: string
  readonly data: Schema.Json
}

/** Why nothing was done about the recording: there is none to be paused or ended, or it can no longer be done. */
export interface RecordingNotDone extends NotDone {
  readonly reason: "not_recording" | "recording_refused"
}

/** What can be done with the recording of a call: `start` goes on with one that is paused. */
export type RecordingAction = "start" | "stop" | "pause" | "resume"

/** What an agent may ask of the call besides audio. */
export interface CallLine {
  /** Stores an event in the call's log. Sizes are bounded by the caller. */
  readonly record: (kind: string, details: FormValues) => Effect.Effect<void>
  /**
   * Asks for the caller to be moved to another destination. Gives why that was not begun, or undefined; how it goes on is
   * told by `AgentLeg.transferState`.
   */
  readonly transfer: (wish: TransferWish) => Effect.Effect<NotDone | undefined>
  /**
   * Presses keys on the call (`0`-`9`, `A`-`D`, `*`, `#`; `w` waits half a second, `W` a second), in the stream or by the carrier's
   * API. Gives why that was not done, or undefined.
   */
  readonly press: (digits: string) => Effect.Effect<DigitsNotSent | undefined>
  /** Begins, pauses or ends the recording, at once. Gives why that was not done, or undefined. */
  readonly recording: (action: RecordingAction) => Effect.Effect<RecordingNotDone | undefined>
}

/**
 * Who answered a call that we placed, as the carrier or Switchboard's own detection has it, or that the machine has beeped: from
 * then on it records. `atMs`: ms since the call was answered. `reason` is a word for why the result is what it is, where there is one.
 */
export type AnsweringNews =
  | {
      readonly _tag: "Answered"
      readonly result: "human" | "machine" | "unknown"
      readonly source: "carrier" | "switchboard"
      readonly reason?: string
      readonly atMs: number
    }
  | { readonly _tag: "Beep"; readonly atMs: number }

/** A connected agent, ready for the audio. */
export interface AgentLeg {
  /**
   * Joins the agent to the call's audio, until one of them ends it. It alone reads the transport.
   * `AgentLost` where the agent went away, `TransportError` where the carrier's socket broke.
   */
  readonly run: (transport: Transport, line: CallLine) => Effect.Effect<AgentEnd, AgentLost | TransportError>
  /**
   * Looks after the agent while the phone rings and there is no audio yet; fails once it is gone. Ended before `run` begins.
   * Absent where nothing can be lost.
   */
  readonly waiting?: Effect.Effect<never, AgentLost>
  /** Tells the agent where a transfer of its caller stands; never waits. */
  readonly transferState?: (news: { readonly state: string; readonly reason?: string }) => Effect.Effect<void>
  /**
   * Gives the agent an event of an operator; never waits. False: it cannot be told now, because its connection is gone or it
   * does not read. Absent where this kind of agent takes no events.
   */
  readonly event?: (event: AgentEvent) => Effect.Effect<boolean>
  /** Tells the agent who answered the call that it makes; never waits. */
  readonly answeringMachine?: (news: AnsweringNews) => Effect.Effect<void>
  /** Tells the agent why the call ended; runs while the call's scope closes and never waits more than 1 s. */
  readonly ended: (end: { readonly reason: string; readonly owner: string }) => Effect.Effect<void>
}

/** A kind of agent. Frozen; registered once with the agent registry. */
export interface AgentSpec {
  /** The value of `agents.kind`; at most 64 characters of `a-z0-9-`. */
  readonly name: string
  readonly displayName: string
  readonly description: string
  readonly fields: ReadonlyArray<FormField>
  /** The settings as saved, secrets as `Schema.RedactedFromValue`. */
  readonly settings: Schema.Codec<object, unknown>
  /** This process itself is the agent: nothing is gained by connecting it before there is audio. */
  readonly isLocal?: true
  /**
   * Connects to the agent; the connection lives in the call's scope. `stored` are settings that `settings` can decode. The
   * phone may still ring for a minute before `run`: nothing may be said or charged for that nobody hears.
   */
  readonly connect: (
    call: AgentCall,
    stored: Redacted.Redacted<FormValues>
  ) => Effect.Effect<AgentLeg, AgentUnreachable, Scope.Scope | AgentEnvironment>
}
