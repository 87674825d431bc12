import { Result, Schema } from "effect"
import { type AudioFormat, bytesPerSample, type Encoding, SampleRate } from "../Audio.ts"
import { converter } from "./converter.ts"

/** A WAV file's audio: samples of all channels in turn, whole ones only. Two channels are left, then right. */
export interface WavAudio {
  readonly format: AudioFormat
  readonly channels: 1 | 2
  readonly data: Uint8Array
}

/** The bytes are not a WAV file that Switchboard reads; the message says what is wrong and what would be right. */
export class WavError extends Schema.TaggedError<WavError>()("WavError", {
  reason: Schema.Literals(["not-wav", "no-format", "no-data", "unsupported"]),
  message: Schema.String
}) {}

/** The length of a part that is still being written. */
const openLength = 0xffffffff

/** Format tags of Microsoft's WAVE registry, as RFC 2361 lists them. */
const formatTags: Readonly<Record<Encoding, number>> = { mulaw: 7, alaw: 6, pcm_s16le: 1, pcm_s16be: 1 }
const extensibleTag = 0xfffe

const encodingOf = (tag: number, bits: number): Encoding | undefined =>
  tag === 1 && bits === 16
    ? "pcm_s16le"
    : tag === 7 && bits === 8
      ? "mulaw"
      : tag === 6 && bits === 8
        ? "alaw"
        : undefined

const isSampleRate = Schema.is(SampleRate)

interface RiffChunk {
  readonly id: string
  readonly body: Uint8Array
}

const textAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A file that was not closed says 0 or the largest length: its data is all that follows. */
const dataLength = (said: number, fileLength: number): number =>
  said === 0 && (fileLength === 0 || fileLength === openLength) ? openLength : said

/** The parts of a RIFF file up to its data. A part that claims more than there is ends with the file. */
const riffChunks = (bytes: Uint8Array): ReadonlyArray<RiffChunk> => {
  const view = viewOf(bytes)
  const fileLength = view.getUint32(4, true)
  const chunks: Array<RiffChunk> = []
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = textAt(bytes, at)
    const said = view.getUint32(at + 4, true)
    const length = id === "data" ? dataLength(said, fileLength) : said
    chunks.push({ id, body: bytes.subarray(at + 8, at + 8 + length) })
    if (id === "data") break
    at += 8 + length + (length % 2)
  }
  return chunks
}

const failure = (reason: WavError["reason"], message: string) => Result.fail(new WavError({ reason, message }))

const readFormat = (body: Uint8Array): Result.Result<Pick<WavAudio, "format" | "channels">, WavError> => {
  if (body.length < 16) return failure("no-format", "The WAV file has no complete 'fmt ' part. Save it again.")
  const view = viewOf(body)
  const announced = view.getUint16(0, true)
  const tag = announced === extensibleTag && body.length >= 26 ? view.getUint16(24, true) : announced
  const channels = view.getUint16(2, true)
  const sampleRate = view.getUint32(4, true)
  const bits = view.getUint16(14, true)
  const encoding = encodingOf(tag, bits)
  if (encoding === undefined) {
    return failure(
      "unsupported",
      `The WAV file has format ${tag} with ${bits} bits. Save it as 16-bit PCM, mu-law or A-law.`
    )
  }
  if (!isSampleRate(sampleRate)) {
    return failure(
      "unsupported",
      `The WAV file has ${sampleRate} samples per second. Convert it to 8000, 16000, 24000 or 48000.`
    )
  }
  if (channels !== 1 && channels !== 2) {
    return failure("unsupported", `The WAV file has ${channels} channels. Save it with one or two.`)
  }
  return Result.succeed({ format: { encoding, sampleRate }, channels })
}

/**
 * Reads a WAV file: 16-bit PCM, mu-law or A-law, one or two channels, 8 to 48 kHz. A file that was cut off, or never
 * closed, gives what is there. The data is a view of `bytes`.
 */
export const readWav = (bytes: Uint8Array): Result.Result<WavAudio, WavError> => {
  if (textAt(bytes, 0) !== "RIFF" || textAt(bytes, 8) !== "WAVE") {
    return failure("not-wav", "This is not a WAV file: it does not begin with RIFF and WAVE.")
  }
  const chunks = riffChunks(bytes)
  const format = chunks.find(({ id }) => id === "fmt ")
  const data = chunks.find(({ id }) => id === "data")
  if (format === undefined)
    return failure("no-format", "The WAV file has no 'fmt ' part before its audio. Save it again.")
  if (data === undefined) return failure("no-data", "The WAV file has no 'data' part: there is no audio in it.")
  return Result.map(readFormat(format.body), (described) => {
    const group = described.channels * bytesPerSample(described.format)
    return { ...described, data: data.body.subarray(0, data.body.length - (data.body.length % group)) }
  })
}

/** One channel of a recording: 0 is the only one or the left, 1 the right (the only one where there is no right). */
export const channelOf = ({ format, channels, data }: WavAudio, channel: 0 | 1): Uint8Array => {
  if (channels === 1) return data
  const size = bytesPerSample(format)
  return Uint8Array.from({ length: data.length / 2 }, (_, i) => {
    const sample = Math.floor(i / size)
    return data[(2 * sample + channel) * size + (i % size)] ?? 0
  })
}

/**
 * The header of a WAV file: 44 bytes for PCM (little-endian), 58 for G.711, which has a part with the number of
 * samples. `dataBytes` is at most 4 GiB - 58. Without it, this is the header of a file that is still being written:
 * readable after a crash, replaced on closing.
 */
export const wavHeader = (format: AudioFormat, channels: 1 | 2, dataBytes?: number): Uint8Array => {
  const size = bytesPerSample(format)
  const group = size * channels
  const formatBytes = size === 1 ? 18 : 16
  const length = size === 1 ? 58 : 44
  const header = new Uint8Array(length)
  const view = viewOf(header)
  const text = (at: number, value: string) => {
    for (let i = 0; i < value.length; i++) header[at + i] = value.charCodeAt(i)
  }
  const fileBytes = dataBytes === undefined ? openLength : length - 8 + dataBytes + (dataBytes % 2)
  text(0, "RIFF")
  view.setUint32(4, fileBytes, true)
  text(8, "WAVEfmt ")
  view.setUint32(16, formatBytes, true)
  view.setUint16(20, formatTags[format.encoding], true)
  view.setUint16(22, channels, true)
  view.setUint32(24, format.sampleRate, true)
  view.setUint32(28, format.sampleRate * group, true)
  view.setUint16(32, group, true)
  view.setUint16(34, size * 8, true)
  if (size === 1) {
    text(38, "fact")
    view.setUint32(42, 4, true)
    view.setUint32(46, dataBytes === undefined ? openLength : dataBytes / channels, true)
  }
  text(length - 8, "data")
  view.setUint32(length - 4, dataBytes ?? openLength, true)
  return header
}

/**
 * A whole WAV file. Big-endian PCM is turned into the little-endian that WAV holds; an unfinished sample at the end is
 * dropped.
 */
export const writeWav = (format: AudioFormat, bytes: Uint8Array, channels: 1 | 2 = 1): Uint8Array => {
  const stored: AudioFormat = format.encoding === "pcm_s16be" ? { ...format, encoding: "pcm_s16le" } : format
  const whole = bytes.subarray(0, bytes.length - (bytes.length % (channels * bytesPerSample(format))))
  const header = wavHeader(stored, channels, whole.length)
  const file = new Uint8Array(header.length + whole.length + (whole.length % 2))
  file.set(header)
  file.set(converter(format, stored).convert(whole), header.length)
  return file
}
