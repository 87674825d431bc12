import type { RealtimeServerEvent } from "openai/resources/realtime/realtime"

type Fixtures = { readonly [Type in RealtimeServerEvent["type"]]: Extract<RealtimeServerEvent, { type: Type }> }

const event_id = "event_1"
const place = { event_id, response_id: "resp_1", item_id: "item_1", output_index: 0 }
const part = { ...place, content_index: 0 }
const problem = { type: "server_error", code: "rate_limit_exceeded", message: "Too many.", param: null }
const message = {
  id: "item_1",
  object: "realtime.item",
  type: "message",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_audio", transcript: "Hello." }]
} satisfies Fixtures["conversation.item.done"]["item"]
const session = {
  type: "realtime",
  model: "gpt-realtime-2.1",
  output_modalities: ["audio"],
  instructions: "You are helpful.",
  audio: {
    input: {
      format: { type: "audio/pcmu" },
      turn_detection: { type: "server_vad", threshold: 0.5, create_response: true, interrupt_response: true }
    },
    output: { format: { type: "audio/pcmu" }, voice: "marin", speed: 1 }
  },
  tool_choice: "auto",
  tools: []
} satisfies Fixtures["session.created"]["session"]

/** One of every event that the published API can send; the compiler says when one is missing or wrong. */
export const serverFixtures: Fixtures = {
  "conversation.created": { type: "conversation.created", event_id, conversation: { id: "conv_1" } },
  "conversation.item.created": { type: "conversation.item.created", event_id, item: message, previous_item_id: null },
  "conversation.item.added": { type: "conversation.item.added", event_id, item: message, previous_item_id: null },
  "conversation.item.done": { type: "conversation.item.done", event_id, item: message, previous_item_id: "item_0" },
  "conversation.item.deleted": { type: "conversation.item.deleted", event_id, item_id: "item_1" },
  "conversation.item.retrieved": { type: "conversation.item.retrieved", event_id, item: message },
  "conversation.item.truncated": {
    type: "conversation.item.truncated",
    event_id,
    item_id: "item_1",
    content_index: 0,
    audio_end_ms: 1500
  },
  "conversation.item.input_audio_transcription.completed": {
    type: "conversation.item.input_audio_transcription.completed",
    event_id,
    item_id: "item_2",
    content_index: 0,
    transcript: "I want to book a room.",
    usage: { type: "duration", seconds: 2 },
    logprobs: null
  },
  "conversation.item.input_audio_transcription.delta": {
    type: "conversation.item.input_audio_transcription.delta",
    event_id,
    item_id: "item_2",
    content_index: 0,
    delta: "I want"
  },
  "conversation.item.input_audio_transcription.failed": {
    type: "conversation.item.input_audio_transcription.failed",
    event_id,
    item_id: "item_2",
    content_index: 0,
    error: { code: "audio_unintelligible", message: "It could not be transcribed.", type: "transcription_error" }
  },
  "conversation.item.input_audio_transcription.segment": {
    type: "conversation.item.input_audio_transcription.segment",
    event_id,
    id: "seg_1",
    item_id: "item_2",
    content_index: 0,
    speaker: "A",
    start: 0,
    end: 1,
    text: "I want"
  },
  error: { type: "error", event_id, error: { ...problem, event_id: "sb_event_1" } },
  "input_audio_buffer.cleared": { type: "input_audio_buffer.cleared", event_id },
  "input_audio_buffer.committed": {
    type: "input_audio_buffer.committed",
    event_id,
    item_id: "item_2",
    previous_item_id: null
  },
  "input_audio_buffer.dtmf_event_received": {
    type: "input_audio_buffer.dtmf_event_received",
    event: "9",
    received_at: 1763805109
  },
  "input_audio_buffer.speech_started": {
    type: "input_audio_buffer.speech_started",
    event_id,
    audio_start_ms: 1000,
    item_id: "item_2"
  },
  "input_audio_buffer.speech_stopped": {
    type: "input_audio_buffer.speech_stopped",
    event_id,
    audio_end_ms: 2000,
    item_id: "item_2"
  },
  "input_audio_buffer.timeout_triggered": {
    type: "input_audio_buffer.timeout_triggered",
    event_id,
    audio_start_ms: 1000,
    audio_end_ms: 9000,
    item_id: "item_2"
  },
  "mcp_list_tools.completed": { type: "mcp_list_tools.completed", event_id, item_id: "item_3" },
  "mcp_list_tools.failed": { type: "mcp_list_tools.failed", event_id, item_id: "item_3" },
  "mcp_list_tools.in_progress": { type: "mcp_list_tools.in_progress", event_id, item_id: "item_3" },
  "output_audio_buffer.cleared": { type: "output_audio_buffer.cleared", event_id, response_id: "resp_1" },
  "output_audio_buffer.started": { type: "output_audio_buffer.started", event_id, response_id: "resp_1" },
  "output_audio_buffer.stopped": { type: "output_audio_buffer.stopped", event_id, response_id: "resp_1" },
  "rate_limits.updated": {
    type: "rate_limits.updated",
    event_id,
    rate_limits: [{ name: "tokens", limit: 50000, remaining: 49000, reset_seconds: 1 }]
  },
  "response.content_part.added": {
    type: "response.content_part.added",
    ...part,
    part: { type: "audio", transcript: "" }
  },
  "response.content_part.done": {
    type: "response.content_part.done",
    ...part,
    part: { type: "audio", transcript: "Hello." }
  },
  "response.created": {
    type: "response.created",
    event_id,
    response: { id: "resp_1", object: "realtime.response", status: "in_progress", output: [] }
  },
  "response.done": {
    type: "response.done",
    event_id,
    response: {
      id: "resp_1",
      object: "realtime.response",
      status: "failed",
      status_details: { type: "failed", error: { type: "server_error", code: "rate_limit_exceeded" } },
      output: [message],
      usage: { total_tokens: 10, input_tokens: 4, output_tokens: 6 }
    }
  },
  "response.function_call_arguments.delta": {
    type: "response.function_call_arguments.delta",
    ...place,
    call_id: "call_1",
    delta: '{"number"'
  },
  "response.function_call_arguments.done": {
    type: "response.function_call_arguments.done",
    ...place,
    call_id: "call_1",
    name: "look_up",
    arguments: '{"number":"7"}'
  },
  "response.mcp_call.completed": { type: "response.mcp_call.completed", event_id, item_id: "item_4", output_index: 0 },
  "response.mcp_call.failed": { type: "response.mcp_call.failed", event_id, item_id: "item_4", output_index: 0 },
  "response.mcp_call.in_progress": {
    type: "response.mcp_call.in_progress",
    event_id,
    item_id: "item_4",
    output_index: 0
  },
  "response.mcp_call_arguments.delta": { type: "response.mcp_call_arguments.delta", ...place, delta: "{}" },
  "response.mcp_call_arguments.done": { type: "response.mcp_call_arguments.done", ...place, arguments: "{}" },
  "response.output_audio.delta": { type: "response.output_audio.delta", ...part, delta: "/////w==" },
  "response.output_audio.done": { type: "response.output_audio.done", ...part },
  "response.output_audio_transcript.delta": {
    type: "response.output_audio_transcript.delta",
    ...part,
    delta: "Hel"
  },
  "response.output_audio_transcript.done": {
    type: "response.output_audio_transcript.done",
    ...part,
    transcript: "Hello."
  },
  "response.output_item.added": {
    type: "response.output_item.added",
    event_id,
    response_id: "resp_1",
    output_index: 0,
    item: { ...message, status: "in_progress", content: [] }
  },
  "response.output_item.done": {
    type: "response.output_item.done",
    event_id,
    response_id: "resp_1",
    output_index: 0,
    item: {
      id: "item_1",
      type: "function_call",
      status: "completed",
      name: "look_up",
      call_id: "call_1",
      arguments: '{"number":"7"}'
    }
  },
  "response.output_text.delta": { type: "response.output_text.delta", ...part, delta: "Hel" },
  "response.output_text.done": { type: "response.output_text.done", ...part, text: "Hello." },
  "session.created": { type: "session.created", event_id, session },
  "session.updated": { type: "session.updated", event_id, session }
}
