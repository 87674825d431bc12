import { Result, Schema } from "effect"
import { type AudioFormat, bytesForMs, sameFormat } from "../../../Audio.ts"
import { converter } from "../../../audio/converter.ts"
import type { MediaCommand, MediaDialect } from "../../../simulator/MediaDialect.ts"

/** What the phone speaks, G.711 mu-law at 8 kHz; a stream in another format is converted. Frames are 20 ms. */
export const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
export const frameMs = 20
/** Plivo's documents say 40 s and 60 s. */
const playoutLimitMs = 60_000
const maxMessageBytes = 64 * 1024
/** Of base64. */
const maxPayload = 16 * 1024

const Incoming = Schema.fromJsonString(
  Schema.Union([
    Schema.Struct({
      event: Schema.Literal("playAudio"),
      streamId: Schema.optionalKey(Schema.String),
      media: Schema.Struct({ contentType: Schema.String, sampleRate: Schema.Number, payload: Schema.String })
    }),
    Schema.Struct({ event: Schema.Literal("checkpoint"), streamId: Schema.String, name: Schema.NonEmptyString }),
    Schema.Struct({ event: Schema.Literal("clearAudio"), streamId: Schema.String }),
    Schema.Struct({
      event: Schema.Literal("sendDTMF"),
      streamId: Schema.optionalKey(Schema.String),
      dtmf: Schema.String.check(Schema.isPattern(/^[0-9*#A-DwW]+$/))
    })
  ])
)
const decode = Schema.decodeUnknownResult(Incoming, { onExcessProperty: "error" })
const decodePayload = Schema.decodeUnknownResult(Schema.Uint8ArrayFromBase64)

const invalid = (error: string): MediaCommand => ({ _tag: "Invalid", error })

/** One socket's protocol (Plivo: Audio Streaming), from the carrier's side: strict about what it takes, exact in what it sends. */
export const makeDialect = (stream: {
  readonly accountId: string
  readonly callId: string
  readonly streamId: string
  readonly format: AudioFormat
  readonly bidirectional: boolean
  readonly extraHeaders: string
  readonly startedMs: number
  /** One frame goes out before `start`. */
  readonly mediaBeforeStart: boolean
  /** A checkpoint's audio was played, or everything was thrown away. */
  readonly onEvent: (event: { readonly _tag: "Played"; readonly name: string } | { readonly _tag: "Cleared" }) => void
}): MediaDialect => {
  const { callId, streamId } = stream
  const encoding = stream.format.encoding === "mulaw" ? "audio/x-mulaw" : "audio/x-l16"
  const { sampleRate } = stream.format
  const text = new TextDecoder("utf-8", { fatal: false })
  const encode = framer(stream.format)
  let sequenceNumber = 0
  let chunk = 0
  let timestamp = String(stream.startedMs)
  const message = (event: string, body: Readonly<Record<string, unknown>>) => {
    sequenceNumber += 1
    return JSON.stringify({ event, sequenceNumber, ...body })
  }
  const media = (frame: Uint8Array, timestampMs: number) => {
    chunk += 1
    timestamp = String(Math.round(stream.startedMs + timestampMs))
    const payload = encode(frame).toString("base64")
    return message("media", {
      streamId,
      media: { track: "inbound", timestamp, chunk, payload },
      extra_headers: stream.extraHeaders
    })
  }

  const read = (data: Uint8Array, binary: boolean): MediaCommand => {
    if (data.length > maxMessageBytes) return invalid("error: message larger than 64 KB")
    const decoded = binary ? undefined : decode(text.decode(data))
    if (decoded === undefined || Result.isFailure(decoded))
      return invalid("error: message does not follow the protocol")
    const command = decoded.success
    if (command.streamId !== undefined && command.streamId !== streamId) return invalid("error: unknown streamId")
    if (command.event === "sendDTMF") return { _tag: "Digits", digits: command.dtmf }
    if (!stream.bidirectional) return invalid("error: the stream is not bidirectional")
    if (command.event === "clearAudio") return { _tag: "Clear" }
    if (command.event === "checkpoint") return { _tag: "Mark", name: command.name }
    const { contentType, payload } = command.media
    if (contentType !== encoding || command.media.sampleRate !== sampleRate) {
      return invalid(`invalid_content_type: ${contentType} at ${command.media.sampleRate} on a stream of ${encoding}`)
    }
    if (payload.length > maxPayload) return invalid("error: audio chunk larger than 16 KB of base64")
    const bytes = decodePayload(payload)
    return Result.isSuccess(bytes)
      ? { _tag: "Audio", bytes: bytes.success }
      : invalid("playFailed: the payload is not base64")
  }

  return {
    format: stream.format,
    frameMs,
    playoutLimitMs,
    greeting: () => (stream.mediaBeforeStart ? [media(new Uint8Array(bytesForMs(format, frameMs)).fill(0xff), 0)] : []),
    start: ({ wrongCall }) =>
      message("start", {
        start: {
          callId: wrongCall ? "00000000-0000-4000-8000-000000000000" : callId,
          streamId,
          accountId: stream.accountId,
          tracks: ["inbound"],
          mediaFormat: { encoding, sampleRate }
        },
        extra_headers: stream.extraHeaders
      }),
    audio: media,
    digit: (digit) =>
      message("dtmf", {
        streamId,
        dtmf: { track: "inbound", digit, timestamp },
        extra_headers: stream.extraHeaders
      }),
    mark: (name) => {
      stream.onEvent({ _tag: "Played", name })
      return message("playedStream", { streamId, name })
    },
    // A checkpoint that was cleared before it was reached is never acknowledged.
    cleared: () => {
      stream.onEvent({ _tag: "Cleared" })
      return [message("clearedAudio", { streamId })]
    },
    // There is no word for the end: the socket closes.
    stop: () => undefined,
    read,
    errors: {
      slowReader: "DegradedStream: audio dropped, the server reads too slowly",
      playoutFull: "buffer_overflow: more than 60 s of audio were waiting",
      refused: (detail) => `connection_failed: ${detail}`,
      broken: (code) => `connection disconnected with the remote service: ${code}`
    }
  }
}

/** Frames of the phone in the stream's format, each of exactly one frame's length. */
const framer = (to: AudioFormat) => {
  const { convert } = converter(format, to)
  const size = bytesForMs(to, frameMs)
  let waiting = Buffer.alloc(0)
  return (frame: Uint8Array): Buffer => {
    if (sameFormat(format, to)) return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
    waiting = Buffer.concat([waiting, convert(frame)])
    const ready = waiting.subarray(0, size)
    waiting = waiting.subarray(ready.length)
    // What a resampler holds back at first.
    return Buffer.concat([Buffer.alloc(size - ready.length), ready])
  }
}
