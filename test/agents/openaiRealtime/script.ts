import { Effect } from "effect"
import type { ConversationItem } from "openai/resources/realtime/realtime"
import { bytesForMs } from "../../../src/Audio.ts"
import { formatOf, type Visit } from "./fakeServer.ts"

/** Something that a model says, and what it calls meanwhile. */
export interface Saying {
  readonly response: string
  readonly item: string
  readonly audio: Uint8Array
  readonly words?: string
  readonly calls?: ReadonlyArray<{ readonly name: string; readonly callId: string; readonly arguments?: string }>
}

/** The model begins a response. */
export const begin = (visit: Visit, id: string) =>
  visit.emit({
    type: "response.created",
    response: { id, object: "realtime.response", status: "in_progress", output: [] }
  })

/** A piece of an item's audio. */
export const delta = (visit: Visit, response: string, item: string, audio: Uint8Array) =>
  visit.emit({
    type: "response.output_audio.delta",
    response_id: response,
    item_id: item,
    output_index: 0,
    content_index: 0,
    delta: Buffer.from(audio).toString("base64")
  })

const messageItem = (id: string, text: string): ConversationItem => ({
  id,
  type: "message",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_audio", transcript: text }]
})

/** An item's audio, its words, and all that belongs to it, in the order of the API; as much audio at a time as it sends. */
export const speak = Effect.fnUntraced(function* (visit: Visit, { audio, item, response, words = "" }: Saying) {
  const place = { response_id: response, item_id: item, output_index: 0, content_index: 0 }
  yield* visit.emit({
    type: "response.output_item.added",
    response_id: response,
    output_index: 0,
    item: { id: item, type: "message", role: "assistant", status: "in_progress", content: [] }
  })
  yield* visit.emit({
    type: "conversation.item.added",
    item: { id: item, type: "message", role: "assistant", status: "in_progress", content: [] }
  })
  yield* visit.emit({ type: "response.content_part.added", ...place, part: { type: "audio", transcript: "" } })
  const piece = bytesForMs(formatOf(visit.session()), 400)
  for (let at = 0; at < audio.length; at += piece) {
    yield* delta(visit, response, item, audio.subarray(at, at + piece))
  }
  yield* visit.emit({ type: "response.output_audio_transcript.delta", ...place, delta: words })
  yield* visit.emit({ type: "response.output_audio.done", ...place })
  yield* visit.emit({ type: "response.output_audio_transcript.done", ...place, transcript: words })
  yield* visit.emit({ type: "response.content_part.done", ...place, part: { type: "audio", transcript: words } })
  yield* visit.emit({
    type: "response.output_item.done",
    response_id: response,
    output_index: 0,
    item: messageItem(item, words)
  })
})

/** The model calls a function. */
export const callFunction = Effect.fnUntraced(function* (
  visit: Visit,
  response: string,
  {
    arguments: given = "{}",
    callId,
    name
  }: { readonly name: string; readonly callId: string; readonly arguments?: string }
) {
  const item = { id: `item_${callId}`, type: "function_call", name, call_id: callId } as const
  yield* visit.emit({
    type: "response.function_call_arguments.done",
    response_id: response,
    item_id: item.id,
    output_index: 1,
    call_id: callId,
    name,
    arguments: given
  })
  yield* visit.emit({
    type: "response.output_item.done",
    response_id: response,
    output_index: 1,
    item: { ...item, status: "completed", arguments: given }
  })
})

/** The model is done with a response. */
export const finish = (visit: Visit, id: string, status: "completed" | "cancelled" = "completed") =>
  visit.emit({ type: "response.done", response: { id, object: "realtime.response", status } })

/** A whole response, from its beginning to its end. */
export const respond = Effect.fnUntraced(function* (visit: Visit, saying: Saying) {
  yield* begin(visit, saying.response)
  yield* speak(visit, saying)
  for (const each of saying.calls ?? []) yield* callFunction(visit, saying.response, each)
  yield* finish(visit, saying.response)
})

/** The caller begins to speak; the API cancels the response in progress, as it does where it was asked to. */
export const callerSpeaks = Effect.fnUntraced(function* (visit: Visit, cancels?: string) {
  yield* visit.emit({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "item_caller" })
  if (cancels !== undefined) yield* finish(visit, cancels, "cancelled")
})

export const callerStops = (visit: Visit) =>
  visit.emit({ type: "input_audio_buffer.speech_stopped", audio_end_ms: 0, item_id: "item_caller" })
