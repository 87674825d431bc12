import type { AudioFormat } from "../../Audio.ts"
import type { Frame, MediaCall, Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { callOfMedia, readName } from "./ids.ts"
import { type ControlMessage, readControl } from "./messages.ts"

/** Asterisk's names of formats that we speak. Linear audio is in the byte order of its machine: little-endian. */
const formats: ReadonlyMap<string, AudioFormat> = new Map<string, AudioFormat>([
  ["ulaw", { encoding: "mulaw", sampleRate: 8000 }],
  ["alaw", { encoding: "alaw", sampleRate: 8000 }],
  ["slin", { encoding: "pcm_s16le", sampleRate: 8000 }],
  ["slin16", { encoding: "pcm_s16le", sampleRate: 16000 }]
])

const ignored: WireEvent = { _tag: "Ignored" }
const digit = /^[0-9*#A-D]$/

/**
 * Whose media it is. Asterisk knows the media channel, not the caller's: the name that we gave it holds the call. Another
 * call's media names another call; a release that does not tell is believed, because the ticket was this call's.
 */
const callIdOf = ({ callId, providerCallId }: MediaCall, channelId: string | undefined): string | undefined => {
  if (channelId === undefined) return providerCallId
  const own = readName(channelId)
  return own?.kind === "media" && own.callId === callId ? (providerCallId ?? callOfMedia(channelId)) : channelId
}

const started = (call: MediaCall, message: ControlMessage): WireEvent | undefined => {
  const format = formats.get(message.field("format") ?? "")
  const channelId = message.field("channel_id")
  const providerCallId = callIdOf(call, channelId)
  if (format === undefined || providerCallId === undefined) return undefined
  const info: TransportInfo = {
    providerCallId,
    streamId: channelId ?? message.field("connection_id") ?? "",
    incomingFormat: format,
    outgoingFormat: format,
    parameters: { notation: message.notation }
  }
  return { _tag: "Started", info }
}

const control = (call: MediaCall, message: ControlMessage): WireEvent | undefined => {
  switch (message.event) {
    case "MEDIA_START":
      return started(call, message)
    case "DTMF_END": {
      const pressed = message.field("digit") ?? ""
      return digit.test(pressed) ? { _tag: "Digit", digit: pressed } : undefined
    }
    case "MEDIA_MARK_PROCESSED": {
      const name = message.field("correlation_id")
      return name === undefined || name === "" ? ignored : { _tag: "MarkReached", name }
    }
    case "MEDIA_XOFF":
      return { _tag: "FlowControl", hold: true }
    case "MEDIA_XON":
      return { _tag: "FlowControl", hold: false }
    default:
      return ignored
  }
}

const decode =
  (call: MediaCall) =>
  ({ binary, data }: Frame): WireEvent | undefined => {
    if (binary) return data.length === 0 ? ignored : { _tag: "Audio", chunk: data }
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8")
    const message = readControl(text)
    return message === undefined ? undefined : control(call, message)
  }

/**
 * Audio goes out as it is: one message of whole 20 ms frames, because Asterisk throws the rest of a frame away. Marks are
 * younger than the JSON notation; an Asterisk that writes plain text may not know them, and never answer.
 */
const encode = ({ parameters }: TransportInfo) => {
  const isJson = parameters["notation"] === "json"
  const clear = isJson ? `{"command":"FLUSH_MEDIA"}` : "FLUSH_MEDIA"
  return (command: WireCommand): Outgoing | undefined => {
    switch (command._tag) {
      case "Audio":
        return command.chunk
      case "Mark":
        return isJson ? JSON.stringify({ command: "MARK_MEDIA", correlation_id: command.name }) : undefined
      case "Clear":
        return clear
      case "Digits":
        return undefined
    }
  }
}

/**
 * The messages of Asterisk's WebSocket channel for one call: audio in binary frames, control in text frames, as JSON or in
 * plain text. It presses no digits; that is done by REST.
 */
export const serializer = (call: MediaCall): Serializer => ({ decode: decode(call), encode })
