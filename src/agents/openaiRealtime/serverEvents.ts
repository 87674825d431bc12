import { Result, Schema } from "effect"

/*
 * What we read: the server events of the Realtime API (its generally available form), of each only what a phone call needs.
 * Fields that we can do without may be absent, for servers that speak the same protocol less completely.
 */

const Text = Schema.optionalKey(Schema.NullOr(Schema.String))

/** The session as the API has taken it. */
export const SessionUpdated = Schema.Struct({
  type: Schema.Literal("session.updated"),
  session: Schema.Struct({
    audio: Schema.optionalKey(
      Schema.Struct({
        input: Schema.optionalKey(
          Schema.Struct({
            turn_detection: Schema.optionalKey(
              Schema.NullOr(Schema.Struct({ interrupt_response: Schema.optionalKey(Schema.NullOr(Schema.Boolean)) }))
            )
          })
        )
      })
    )
  })
})

export const SessionCreated = Schema.Struct({ type: Schema.Literal("session.created") })

const Problem = Schema.Struct({ code: Text, message: Text, type: Text, event_id: Text })

export const ErrorEvent = Schema.Struct({ type: Schema.Literal("error"), error: Problem })

export const SpeechStarted = Schema.Struct({ type: Schema.Literal("input_audio_buffer.speech_started") })
export const SpeechStopped = Schema.Struct({
  type: Schema.Literals(["input_audio_buffer.speech_stopped", "input_audio_buffer.committed"])
})

/** A piece of the model's audio, in base64. */
export const AudioDelta = Schema.Struct({
  type: Schema.Literal("response.output_audio.delta"),
  response_id: Schema.String,
  item_id: Schema.String,
  content_index: Schema.Int,
  delta: Schema.String
})
export type AudioDelta = typeof AudioDelta.Type

export const AudioDone = Schema.Struct({
  type: Schema.Literal("response.output_audio.done"),
  response_id: Schema.String,
  item_id: Schema.String
})

/** More of what the model says in an item. */
export const AgentTranscriptDelta = Schema.Struct({
  type: Schema.Literal("response.output_audio_transcript.delta"),
  item_id: Schema.String,
  delta: Schema.String
})

/** All that the model says in an item, whether it was heard or not. */
export const AgentTranscript = Schema.Struct({
  type: Schema.Literal("response.output_audio_transcript.done"),
  item_id: Schema.String,
  transcript: Schema.String
})

export const CallerTranscript = Schema.Struct({
  type: Schema.Literal("conversation.item.input_audio_transcription.completed"),
  transcript: Schema.String
})

export const CallerTranscriptFailed = Schema.Struct({
  type: Schema.Literal("conversation.item.input_audio_transcription.failed"),
  error: Problem
})

export const ResponseCreated = Schema.Struct({
  type: Schema.Literal("response.created"),
  response: Schema.Struct({ id: Text })
})

export const ResponseDone = Schema.Struct({
  type: Schema.Literal("response.done"),
  response: Schema.Struct({
    id: Text,
    status: Text,
    status_details: Schema.optionalKey(
      Schema.NullOr(Schema.Struct({ error: Schema.optionalKey(Schema.NullOr(Problem)) }))
    )
  })
})

/** The model is done with an item of its response; a function call has all of these fields. */
export const OutputItemDone = Schema.Struct({
  type: Schema.Literal("response.output_item.done"),
  item: Schema.Struct({ type: Schema.String, status: Text, name: Text, call_id: Text, arguments: Text })
})

/** An item has become part of the conversation. */
export const ItemAdded = Schema.Struct({
  type: Schema.Literals(["conversation.item.added", "conversation.item.created"]),
  item: Schema.Struct({ id: Text })
})

const ServerEvent = Schema.Union([
  SessionCreated,
  SessionUpdated,
  ErrorEvent,
  SpeechStarted,
  SpeechStopped,
  AudioDelta,
  AudioDone,
  AgentTranscriptDelta,
  AgentTranscript,
  CallerTranscript,
  CallerTranscriptFailed,
  ResponseCreated,
  ResponseDone,
  OutputItemDone,
  ItemAdded
])
export type ServerEvent = typeof ServerEvent.Type
export type ApiProblem = typeof Problem.Type

/** What a text message of the API turned out to be. `Ignored` is of a type that we have no use for. */
export type Read =
  | { readonly _tag: "Event"; readonly event: ServerEvent }
  | { readonly _tag: "Ignored" }
  | { readonly _tag: "Unreadable"; readonly why: string }

/** The types of events that we read. */
export const readTypes: ReadonlySet<string> = new Set(
  ServerEvent.members.flatMap(({ fields: { type } }) => ("literals" in type ? type.literals : [type.literal]))
)

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeEnvelope = Schema.decodeUnknownResult(Schema.Struct({ type: Schema.String }))
const decodeEvent = Schema.decodeUnknownResult(ServerEvent)

const ignored = { _tag: "Ignored" } as const
const unreadable = (why: string) => ({ _tag: "Unreadable", why }) as const

/** Reads a text message of the API. */
export const readEvent = (text: string): Read => {
  const json = decodeJson(text)
  if (Result.isFailure(json)) return unreadable("it is not JSON")
  const envelope = decodeEnvelope(json.success)
  if (Result.isFailure(envelope)) return unreadable("it is not an object with a type")
  if (!readTypes.has(envelope.success.type)) return ignored
  const event = decodeEvent(json.success)
  return Result.isSuccess(event)
    ? { _tag: "Event", event: event.success }
    : unreadable(`the event ${envelope.success.type} is not as it should be`)
}
