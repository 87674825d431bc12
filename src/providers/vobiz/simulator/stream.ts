import { Result, Schema } from "effect"
import type { AudioFormat } from "../../../Audio.ts"
import { type Converter, converter } from "../../../audio/converter.ts"
import type { MediaCommand, MediaDialect } from "../../../simulator/MediaDialect.ts"

/** What the telephone line carries: G.711 mu-law at 8 kHz, in frames of 20 ms. */
export const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
export const frameMs = 20
/** Not published; the protocol that this one imitates keeps 60 s. */
const playoutLimitMs = 60_000
/** Not published either; taken from the same. */
const maxMessageBytes = 64 * 1024
/** The stream's account is an internal number, not the one of the credentials. */
const internalAccountId = "500025"

/** `contentType` of `<Stream>`: what we are sent. What we send is independent of it. */
export type StreamFormat = "audio/x-mulaw;rate=8000" | "audio/x-l16;rate=8000" | "audio/x-l16;rate=16000"

/** Documents differ about the byte order of L16; little-endian is what most imply. */
const formats: Readonly<Record<StreamFormat, AudioFormat>> = {
  "audio/x-mulaw;rate=8000": format,
  "audio/x-l16;rate=8000": { encoding: "pcm_s16le", sampleRate: 8000 },
  "audio/x-l16;rate=16000": { encoding: "pcm_s16le", sampleRate: 16_000 }
}

export const isContentType = (written: string): written is StreamFormat => Object.hasOwn(formats, written)

const PlayAudio = Schema.Struct({
  event: Schema.Literal("playAudio"),
  streamId: Schema.String,
  media: Schema.Union([
    Schema.Struct({
      contentType: Schema.Literal("audio/x-mulaw"),
      sampleRate: Schema.Literal(8000),
      payload: Schema.Uint8ArrayFromBase64
    }),
    Schema.Struct({
      contentType: Schema.Literal("audio/x-l16"),
      sampleRate: Schema.Literals([8000, 16_000, 24_000]),
      payload: Schema.Uint8ArrayFromBase64
    })
  ])
})
const Incoming = Schema.fromJsonString(
  Schema.Union([
    PlayAudio,
    Schema.Struct({ event: Schema.Literal("checkpoint"), streamId: Schema.String, name: Schema.NonEmptyString }),
    Schema.Struct({ event: Schema.Literal("clearAudio"), streamId: Schema.String }),
    Schema.Struct({ event: Schema.Literal("stop"), streamId: Schema.String })
  ])
)
const decode = Schema.decodeUnknownResult(Incoming, { onExcessProperty: "error" })

const invalid = (error: string): MediaCommand => ({ _tag: "Invalid", error: `stream: ${error}` })

/** What a stream tells its status callback while it runs. */
export type StreamNews = { readonly event: "PlayedStream"; readonly name: string } | { readonly event: "ClearedAudio" }

/** One stream's protocol, from the carrier's side: strict about what it takes, exact in what it sends. */
export const makeDialect = (stream: {
  readonly callId: string
  readonly streamId: string
  readonly contentType: StreamFormat
  readonly bidirectional: boolean
  readonly startedMs: number
  readonly clearedAfterMs: number
  readonly tell: (news: StreamNews) => void
}): MediaDialect => {
  const { callId, contentType, streamId, tell } = stream
  const text = new TextDecoder("utf-8", { fatal: false })
  const wire = formats[contentType]
  const toWire = converter(format, wire)
  let fromWire: { readonly kind: string; readonly converter: Converter } | undefined
  let sequenceNumber = 0
  let chunk = 0
  let lastTimestamp = String(stream.startedMs)

  /** Speech of our side as the line carries it; undefined when the format changes within the stream. */
  const onTheLine = (media: (typeof PlayAudio.Type)["media"]) => {
    const kind = `${media.contentType};rate=${media.sampleRate}`
    const from: AudioFormat =
      media.contentType === "audio/x-mulaw" ? format : { encoding: "pcm_s16le", sampleRate: media.sampleRate }
    fromWire ??= { kind, converter: converter(from, format) }
    return fromWire.kind === kind ? fromWire.converter.convert(media.payload) : undefined
  }

  const read = (data: Uint8Array, binary: boolean): MediaCommand => {
    if (binary) return invalid("a binary message")
    if (data.length > maxMessageBytes) return invalid("a message of more than 64 KB")
    const decoded = decode(text.decode(data))
    if (Result.isFailure(decoded)) return invalid("a message that does not follow the protocol")
    const command = decoded.success
    if (command.streamId !== streamId) return invalid("a message with another streamId")
    if (command.event === "stop") return { _tag: "Stop" }
    if (!stream.bidirectional) return invalid(`${command.event} on a stream that is not bidirectional`)
    if (command.event === "clearAudio") return { _tag: "Clear" }
    if (command.event === "checkpoint") return { _tag: "Mark", name: command.name }
    const bytes = onTheLine(command.media)
    return bytes === undefined ? invalid("playAudio changes its format") : { _tag: "Audio", bytes }
  }

  return {
    format,
    frameMs,
    playoutLimitMs,
    greeting: () => [],
    start: ({ wrongCall }) =>
      JSON.stringify({
        sequenceNumber: 0,
        event: "start",
        start: {
          callId: wrongCall ? "00000000-0000-4000-8000-000000000000" : callId,
          streamId,
          accountId: internalAccountId,
          tracks: ["inbound"],
          mediaFormat: {
            encoding: contentType.startsWith("audio/x-l16") ? "audio/x-l16" : "audio/x-mulaw",
            sampleRate: wire.sampleRate
          }
        },
        // `extraHeaders` never arrive here.
        extra_headers: "{}"
      }),
    audio: (frame, timestampMs) => {
      sequenceNumber += 1
      chunk += 1
      lastTimestamp = String(stream.startedMs + timestampMs + frameMs)
      const bytes = toWire.convert(frame)
      const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")
      const media = { track: "inbound", timestamp: lastTimestamp, chunk, payload }
      return JSON.stringify({ sequenceNumber, streamId, event: "media", media, extra_headers: "{}" })
    },
    // That it exists is documented, its body is not: taken from the protocol that this one imitates.
    digit: (digit) =>
      JSON.stringify({ event: "dtmf", streamId, dtmf: { track: "inbound", digit, timestamp: lastTimestamp } }),
    mark: (name) => {
      tell({ event: "PlayedStream", name })
      return JSON.stringify({ event: "playedStream", name })
    },
    stop: () => undefined,
    // Marks that were cleared never come back.
    cleared: () => {
      tell({ event: "ClearedAudio" })
      return [JSON.stringify({ event: "clearedAudio", streamId })]
    },
    clearing: { afterMs: stream.clearedAfterMs, early: "stream: playAudio before clearedAudio was dropped" },
    read,
    errors: {
      slowReader: "stream: connection degraded",
      playoutFull: "stream: outbound audio dropped, more than 60 s were waiting",
      refused: (detail) => `stream: the socket was refused: ${detail}`,
      broken: (code) => `stream: connection disconnected with the remote service (${code})`
    }
  }
}
