import { Option, Schema } from "effect"
import { bytesPerSample, SampleRate } from "../../Audio.ts"
import type { Frame, MediaCall, Outgoing, Serializer, WireCommand, WireEvent } from "../../Transport.ts"

const Message = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("start"),
    sample_rate: SampleRate,
    call_id: Schema.optionalKey(Schema.String)
  }),
  Schema.Struct({ type: Schema.Literal("digit"), digit: Schema.String.check(Schema.isPattern(/^[0-9*#A-D]$/)) }),
  Schema.Struct({ type: Schema.Literal("mark"), name: Schema.String }),
  Schema.Struct({ type: Schema.Literal("hangup") })
])
type Start = Extract<typeof Message.Type, { readonly type: "start" }>
const decodeMessage = Schema.decodeUnknownOption(Schema.fromJsonString(Message))

/**
 * The ticket in the socket's URL says which call it is; a page may say it too. One that names another call of ours is given an id
 * that no call has, so that the socket is refused as another call's.
 */
const started = (call: MediaCall, { call_id = call.callId, sample_rate: sampleRate }: Start): WireEvent => {
  const format = { encoding: "pcm_s16le", sampleRate } as const
  return {
    _tag: "Started",
    info: {
      providerCallId: call_id === call.callId ? (call.providerCallId ?? call.callId) : `another than ${call.callId}`,
      streamId: call.callId,
      incomingFormat: format,
      outgoingFormat: format,
      parameters: {}
    }
  }
}

const text = (call: MediaCall, data: Uint8Array): WireEvent | undefined => {
  const message = Option.getOrUndefined(decodeMessage(Buffer.from(data).toString("utf8")))
  switch (message?.type) {
    case "start":
      return started(call, message)
    case "digit":
      return { _tag: "Digit", digit: message.digit }
    case "mark":
      return { _tag: "MarkReached", name: message.name }
    case "hangup":
      return { _tag: "Stopped" }
    case undefined:
      return undefined
  }
}

const sampleBytes = bytesPerSample({ encoding: "pcm_s16le", sampleRate: 16_000 })

const audio = (chunk: Uint8Array): WireEvent | undefined =>
  chunk.length > 0 && chunk.length % sampleBytes === 0 ? { _tag: "Audio", chunk } : undefined

const clear = JSON.stringify({ type: "clear" })

const encode =
  () =>
  (command: WireCommand): Outgoing | undefined => {
    switch (command._tag) {
      case "Audio":
        return command.chunk
      case "Mark":
        return JSON.stringify({ type: "mark", name: command.name })
      case "Clear":
        return clear
      case "Digits":
        return undefined
    }
  }

/** The messages of a call's media socket (docs/providers/browser.md): JSON in text frames, audio as bare PCM in binary ones. */
export const serializerFor = (call: MediaCall): Serializer => ({
  decode: ({ binary, data }: Frame) => (binary ? audio(data) : text(call, data)),
  encode
})
