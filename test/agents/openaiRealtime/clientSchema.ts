import type { RealtimeClientEvent } from "openai/resources/realtime/realtime"
import { type Result, Schema } from "effect"

/*
 * Every client event of the published API, read strictly: no field that it does not have, no value that it does not take.
 * Written from the types of the official client library, apart from the code that it checks.
 */

const optional = Schema.optionalKey
const many = <S extends Schema.Constraint>(schema: S) => Schema.mutable(Schema.Array(schema))
const event = { event_id: optional(Schema.String.check(Schema.isMaxLength(512))) }
const Base64 = Schema.String.check(Schema.isPattern(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/))
const ItemId = optional(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(32)))
const Milliseconds = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const Format = Schema.Union([
  Schema.Struct({ type: Schema.Literal("audio/pcm"), rate: optional(Schema.Literal(24000)) }),
  Schema.Struct({ type: Schema.Literal("audio/pcmu") }),
  Schema.Struct({ type: Schema.Literal("audio/pcma") })
])

const vad = { create_response: optional(Schema.Boolean), interrupt_response: optional(Schema.Boolean) }
const TurnDetection = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("server_vad"),
    ...vad,
    idle_timeout_ms: optional(Schema.NullOr(Milliseconds)),
    prefix_padding_ms: optional(Milliseconds),
    silence_duration_ms: optional(Milliseconds),
    threshold: optional(Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1 })))
  }),
  Schema.Struct({
    type: Schema.Literal("semantic_vad"),
    ...vad,
    eagerness: optional(Schema.Literals(["low", "medium", "high", "auto"]))
  })
])

const Tool = Schema.Struct({
  type: Schema.Literal("function"),
  name: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/)),
  description: optional(Schema.String),
  parameters: optional(Schema.Record(Schema.String, Schema.Json))
})
const Tokens = Schema.Union([Schema.Literal("inf"), Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4096 }))])
const Modalities = many(Schema.Literals(["text", "audio"])).check(Schema.isMaxLength(1))
const Reasoning = Schema.Struct({ effort: optional(Schema.Literals(["minimal", "low", "medium", "high", "xhigh"])) })

export const Session = Schema.Struct({
  type: Schema.Literal("realtime"),
  model: optional(Schema.String),
  instructions: optional(Schema.String),
  max_output_tokens: optional(Tokens),
  output_modalities: optional(Modalities),
  reasoning: optional(Reasoning),
  tools: optional(many(Tool)),
  tool_choice: optional(Schema.Literals(["none", "auto", "required"])),
  audio: optional(
    Schema.Struct({
      input: optional(
        Schema.Struct({
          format: optional(Format),
          noise_reduction: optional(Schema.Struct({ type: Schema.Literals(["near_field", "far_field"]) })),
          transcription: optional(Schema.Struct({ model: Schema.String, language: optional(Schema.String) })),
          turn_detection: optional(Schema.NullOr(TurnDetection))
        })
      ),
      output: optional(
        Schema.Struct({
          format: optional(Format),
          speed: optional(Schema.Number.check(Schema.isBetween({ minimum: 0.25, maximum: 1.5 }))),
          voice: optional(Schema.String)
        })
      )
    })
  )
})
export type Session = typeof Session.Type

const item = {
  id: ItemId,
  object: optional(Schema.Literal("realtime.item")),
  status: optional(Schema.Literals(["completed", "incomplete", "in_progress"]))
}
const message = { type: Schema.Literal("message"), ...item }
const InputText = Schema.Struct({ type: Schema.Literal("input_text"), text: Schema.String })

export const Item = Schema.Union([
  Schema.Struct({ ...message, role: Schema.Literals(["system"]), content: many(InputText) }),
  Schema.Struct({ ...message, role: Schema.Literals(["user"]), content: many(InputText) }),
  Schema.Struct({
    ...message,
    role: Schema.Literal("assistant"),
    content: many(Schema.Struct({ type: Schema.Literal("output_text"), text: Schema.String }))
  }),
  Schema.Struct({
    type: Schema.Literal("function_call_output"),
    ...item,
    call_id: Schema.String,
    output: Schema.String
  })
])

const named = <Type extends string>(type: Type) => ({ type: Schema.Literal(type), ...event })

export const ClientEventSchema = Schema.Union([
  Schema.Struct({
    ...named("conversation.item.create"),
    item: Item,
    previous_item_id: optional(Schema.String)
  }),
  Schema.Struct({ ...named("conversation.item.delete"), item_id: Schema.String }),
  Schema.Struct({ ...named("conversation.item.retrieve"), item_id: Schema.String }),
  Schema.Struct({
    ...named("conversation.item.truncate"),
    item_id: Schema.String,
    content_index: Schema.Int,
    audio_end_ms: Milliseconds
  }),
  Schema.Struct({ ...named("input_audio_buffer.append"), audio: Base64 }),
  Schema.Struct(named("input_audio_buffer.clear")),
  Schema.Struct(named("input_audio_buffer.commit")),
  Schema.Struct(named("output_audio_buffer.clear")),
  Schema.Struct({ ...named("response.cancel"), response_id: optional(Schema.String) }),
  Schema.Struct({
    ...named("response.create"),
    response: optional(
      Schema.Struct({
        instructions: optional(Schema.String),
        conversation: optional(Schema.Literals(["auto", "none"])),
        output_modalities: optional(Modalities),
        max_output_tokens: optional(Tokens),
        reasoning: optional(Reasoning),
        tools: optional(many(Tool)),
        tool_choice: optional(Schema.Literals(["none", "auto", "required"]))
      })
    )
  }),
  Schema.Struct({ ...named("session.update"), session: Session })
])

/** An event as the schema reads it; the compiler holds it to be one of the published events. */
export type ReadClientEvent = typeof ClientEventSchema.Type
type Fits<Published, _Ours extends Published> = true
export const isPublished: Fits<RealtimeClientEvent, ReadClientEvent> = true
/** No published event is missing. */
export const isComplete: Fits<ReadClientEvent["type"], RealtimeClientEvent["type"]> = true

export const decodeClientEvent: (text: string) => Result.Result<ReadClientEvent, Schema.SchemaError> =
  Schema.decodeUnknownResult(Schema.fromJsonString(ClientEventSchema), { onExcessProperty: "error" })
