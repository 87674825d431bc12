/**
 * What we send: the client events of the Realtime API (its generally available form, as published with OpenAI's own client
 * library), as far as a phone call needs them. `event_id` comes back in an `error` that an event causes.
 */
export type ClientEvent =
  | { readonly type: "session.update"; readonly event_id: string; readonly session: Session }
  | { readonly type: "conversation.item.create"; readonly event_id: string; readonly item: Item }
  | {
      readonly type: "conversation.item.truncate"
      readonly event_id: string
      readonly item_id: string
      readonly content_index: number
      /** ms of the item's audio that were heard, whole. */
      readonly audio_end_ms: number
    }
  | {
      readonly type: "response.create"
      readonly event_id: string
      readonly response?: { readonly instructions: string }
    }
  | { readonly type: "response.cancel"; readonly event_id: string; readonly response_id?: string }

/** The head and the tail of an `input_audio_buffer.append`, whose audio is base64. */
export const appendHead = '{"type":"input_audio_buffer.append","audio":"'
export const appendTail = '"}'

/** A session's settings. Audio is G.711 at 8 kHz (`audio/pcmu`, `audio/pcma`) or linear PCM at 24 kHz. */
export interface Session {
  readonly type: "realtime"
  readonly output_modalities: Array<"audio">
  readonly instructions?: string
  readonly max_output_tokens?: number
  readonly reasoning?: { readonly effort: "minimal" | "low" | "medium" | "high" | "xhigh" }
  readonly tools?: Array<FunctionTool>
  readonly tool_choice?: "auto"
  readonly audio: {
    readonly input: {
      readonly format?: ApiFormat
      readonly noise_reduction?: { readonly type: "near_field" | "far_field" }
      readonly transcription?: { readonly model: string; readonly language?: string }
      readonly turn_detection: TurnDetection
    }
    readonly output: { readonly format?: ApiFormat; readonly voice?: string; readonly speed?: number }
  }
}

export type ApiFormat =
  | { readonly type: "audio/pcmu" }
  | { readonly type: "audio/pcma" }
  | { readonly type: "audio/pcm"; readonly rate: 24000 }

export type TurnDetection =
  | {
      readonly type: "server_vad"
      readonly create_response: true
      readonly interrupt_response: true
      readonly silence_duration_ms?: number
    }
  | {
      readonly type: "semantic_vad"
      readonly create_response: true
      readonly interrupt_response: true
      readonly eagerness?: "auto" | "low" | "medium" | "high"
    }

export interface FunctionTool {
  readonly type: "function"
  readonly name: string
  readonly description: string
  /** A JSON Schema of an object. */
  readonly parameters: object
}

/** An item of the conversation that we add. */
export type Item =
  | {
      readonly type: "message"
      readonly id: string
      readonly role: "user" | "system"
      readonly content: Array<{ readonly type: "input_text"; readonly text: string }>
    }
  | {
      readonly type: "message"
      readonly id: string
      readonly role: "assistant"
      readonly content: Array<{ readonly type: "output_text"; readonly text: string }>
    }
  | {
      readonly type: "function_call_output"
      readonly id: string
      readonly call_id: string
      readonly output: string
    }
