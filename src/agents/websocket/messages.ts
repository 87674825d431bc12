import { Schema } from "effect"
import { maxEventName } from "../AgentSpec.ts"

/** The version of the protocol that this code speaks, and the WebSocket subprotocol that names it. */
export const version = 1
/** What has been added to the version so far; the changelog of `docs/agent-protocol.md` says what. */
export const revision = "1.1"
/** Every version that this code speaks, the oldest first. */
export const versions = [version] as const
export const subprotocol = "switchboard.v1"

/** How much audio a binary message from us usually holds, ms. */
export const frameMs = 20

/** The audio of a binary message: little-endian linear PCM, or G.711 (8000 Hz only). */
export const AgentAudio = Schema.Struct({
  encoding: Schema.Literals(["pcm_s16le", "mulaw", "alaw"]),
  sample_rate: Schema.Literals([8000, 16000, 24000, 48000])
})
  .check(
    Schema.makeFilter(
      ({ encoding, sample_rate }) =>
        encoding === "pcm_s16le" || sample_rate === 8000 ? undefined : `must be 8000 Hz for ${encoding}`,
      {
        toJsonSchema: () => ({
          anyOf: [
            { properties: { encoding: { enum: ["pcm_s16le"] } } },
            { properties: { sample_rate: { enum: [8000] } } }
          ]
        })
      }
    )
  )
  .annotate({ identifier: "Audio", description: "G.711 (mulaw, alaw) is spoken at 8000 Hz only." })
export type AgentAudio = typeof AgentAudio.Type

const Milliseconds = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const text = (maximum: number) => Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maximum))
const Version = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

export const CallStart = Schema.Struct({
  type: Schema.Literal("call.start"),
  version: Version,
  versions: Schema.Array(Version).check(Schema.isMinLength(1)),
  call: Schema.Struct({
    id: Schema.String,
    direction: Schema.Literals(["inbound", "outbound"]),
    from: Schema.String,
    to: Schema.String,
    provider: Schema.String,
    telephony_configuration_id: Schema.String,
    context: Schema.Record(Schema.String, Schema.Json)
  }),
  audio: Schema.Struct({
    encoding: Schema.Literals(["pcm_s16le", "mulaw", "alaw"]),
    sample_rate: Schema.Literals([8000, 16000, 24000, 48000]),
    frame_ms: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
  }),
  resume_token: Schema.String,
  resumed: Schema.optionalKey(Schema.Struct({ attempt: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)) }))
}).annotate({
  identifier: "CallStart",
  description:
    "The first message: which call this is, and the audio we propose. With `resumed` it is a call whose connection was lost."
})

export const CallDigit = Schema.Struct({
  type: Schema.Literal("digit"),
  digit: Schema.String,
  duration_ms: Schema.optionalKey(Milliseconds)
}).annotate({
  identifier: "CallDigit",
  description: "The person pressed a key. The duration only where the carrier tells it."
})

export const MarkReached = Schema.Struct({
  type: Schema.Literal("mark"),
  name: Schema.String,
  heard_ms: Milliseconds,
  cleared: Schema.optionalKey(Schema.Literal(true))
}).annotate({
  identifier: "MarkReached",
  description: "All audio before your mark was heard, or (cleared) thrown away."
})

export const Cleared = Schema.Struct({
  type: Schema.Literal("cleared"),
  heard_ms: Milliseconds,
  dropped_ms: Milliseconds
}).annotate({ identifier: "Cleared", description: "The answer to clear: how much of the utterance was heard." })

export const TransferState = Schema.Struct({
  type: Schema.Literal("transfer.state"),
  state: Schema.String,
  reason: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "TransferState", description: "Where a transfer stands." })

export const OperatorEvent = Schema.Struct({
  type: Schema.Literal("event"),
  name: text(maxEventName),
  data: Schema.Json
}).annotate({ identifier: "OperatorEvent", description: "Somebody told you something, by the API." })

export const AnsweringMachine = Schema.Struct({
  type: Schema.Literal("answering_machine"),
  result: Schema.Literals(["human", "machine", "unknown"]),
  source: Schema.Literals(["carrier", "switchboard"]),
  reason: Schema.optionalKey(Schema.String),
  at_ms: Milliseconds
}).annotate({
  identifier: "AnsweringMachine",
  description: "Who answered the call that you make, as the carrier or Switchboard's own detection has it."
})

export const AnsweringMachineBeep = Schema.Struct({
  type: Schema.Literal("answering_machine.beep"),
  at_ms: Milliseconds
}).annotate({
  identifier: "AnsweringMachineBeep",
  description: "The machine has beeped: what you say from now on is recorded."
})

export const ProblemCode = Schema.Literals([
  "unreadable_message",
  "message_too_large",
  "event_refused",
  "digits_not_supported",
  "digits_failed",
  "not_recording",
  "recording_refused"
])
export type ProblemCode = typeof ProblemCode.Type

export const ProtocolProblem = Schema.Struct({
  type: Schema.Literal("error"),
  code: ProblemCode,
  message: Schema.String
}).annotate({ identifier: "ProtocolProblem", description: "Something that you sent was not done. The call goes on." })

export const CallEnd = Schema.Struct({
  type: Schema.Literal("call.end"),
  reason: Schema.String,
  owner: Schema.String
}).annotate({ identifier: "CallEnd", description: "The last message: why the call ended, and who ended it." })

/** What we send as text. */
export const ToAgent = Schema.Union([
  CallStart,
  CallDigit,
  MarkReached,
  Cleared,
  TransferState,
  OperatorEvent,
  AnsweringMachine,
  AnsweringMachineBeep,
  ProtocolProblem,
  CallEnd
]).annotate({ identifier: "FromSwitchboard" })
export type ToAgent = typeof ToAgent.Type

/** What the agent says that it is. */
export const AgentIdentity = Schema.Struct({
  name: Schema.optionalKey(text(128)),
  version: Schema.optionalKey(text(128))
}).annotate({ identifier: "Agent", description: "What you are, for the call's event log." })
export type AgentIdentity = typeof AgentIdentity.Type

export const CallAccept = Schema.Struct({
  type: Schema.Literal("call.accept"),
  audio: Schema.optionalKey(AgentAudio),
  agent: Schema.optionalKey(AgentIdentity)
}).annotate({ identifier: "CallAccept", description: "Take the call, with the proposed audio or another." })

export const CallRefuse = Schema.Struct({
  type: Schema.Literal("call.refuse"),
  reason: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "CallRefuse", description: "Do not take the call. The caller is hung up on." })

export const MarkRequest = Schema.Struct({ type: Schema.Literal("mark"), name: text(128) }).annotate({
  identifier: "MarkRequest",
  description: "Tell me when everything sent so far was heard."
})

export const ClearRequest = Schema.Struct({ type: Schema.Literal("clear") }).annotate({
  identifier: "ClearRequest",
  description: "Silence the phone now and forget what is queued."
})

export const DigitsRequest = Schema.Struct({
  type: Schema.Literal("digits"),
  digits: Schema.String.check(Schema.isPattern(/^[0-9A-D*#wW]{1,64}$/u))
}).annotate({ identifier: "DigitsRequest", description: "Press keys on the call; w waits half a second, W a second." })

export const TransferRequest = Schema.Struct({
  type: Schema.Literal("transfer"),
  destination: text(256),
  timeout_s: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 600 }))),
  announcement: Schema.optionalKey(text(500))
}).annotate({ identifier: "TransferRequest", description: "Connect the caller to another destination." })

export const HangUpRequest = Schema.Struct({
  type: Schema.Literal("hangup"),
  now: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "HangUpRequest", description: "End the call after what is queued, or (now) at once." })

export const EventNote = Schema.Struct({
  type: Schema.Literal("event"),
  name: text(maxEventName),
  data: Schema.optionalKey(Schema.Json)
}).annotate({ identifier: "EventNote", description: "Write something into the call's event log." })

export const RecordingRequest = Schema.Struct({
  type: Schema.Literal("recording"),
  action: Schema.Literals(["start", "stop", "pause", "resume"])
}).annotate({ identifier: "RecordingRequest", description: "Begin, pause or end the recording of the call." })

/** What an agent may say once, first. */
export const FirstFromAgent = Schema.Union([CallAccept, CallRefuse])
export type FirstFromAgent = typeof FirstFromAgent.Type

/** What an agent may say during the call. */
export const FromAgent = Schema.Union([
  MarkRequest,
  ClearRequest,
  DigitsRequest,
  TransferRequest,
  HangUpRequest,
  EventNote,
  RecordingRequest
])
export type FromAgent = typeof FromAgent.Type
