import { Option, Result, Schema } from "effect"
import { msOf } from "../../../Audio.ts"
import type { MediaCommand, MediaDialect } from "../../../simulator/MediaDialect.ts"
import { microTime } from "./account.ts"
import { isBase64 } from "./body.ts"
import type { Leg } from "./leg.ts"
import type { StreamPlan } from "./streamOptions.ts"

export const frameMs = 20
/** Telnyx publishes no limit of its queue; ten minutes. */
const playoutLimitMs = 600_000
/** One message of raw audio holds so much, ms (Telnyx: media streaming). */
const messageMs = { min: 20, max: 30_000 }

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))
const decode = Schema.decodeUnknownResult(
  Schema.Union([
    Schema.Struct({ event: Schema.Literal("media"), media: Schema.Struct({ payload: Schema.String }) }),
    Schema.Struct({ event: Schema.Literal("mark"), mark: Schema.Struct({ name: Schema.NonEmptyString }) }),
    Schema.Struct({ event: Schema.Literal("clear") })
  ])
)

/** Taken without a word, and not heard by anybody. */
const notHeard = (error: string): MediaCommand => ({ _tag: "Invalid", error })

/** One stream's protocol, from the carrier's side (Telnyx: media streaming over WebSockets). All counters are texts. */
export const makeDialect = (options: {
  readonly plan: Omit<StreamPlan, "url" | "track" | "early">
  readonly streamId: string
  readonly userId: string
  readonly leg: Pick<Leg, "id" | "sessionId" | "from" | "to" | "clientState"> & {
    readonly record: Pick<Leg["record"], "togetherWith">
  }
  readonly nowMs: () => number
}): MediaDialect => {
  const { leg, plan, streamId, userId } = options
  const utf8 = new TextDecoder("utf-8", { fatal: false })
  let sequence = 0
  let chunk = 0
  const next = () => {
    sequence += 1
    return String(sequence)
  }

  const invalid = (code: number, title: string, detail: string): MediaCommand => ({
    _tag: "Invalid",
    error: `${code} ${title}: ${detail}`,
    reply: JSON.stringify({ event: "error", stream_id: streamId, payload: { code, title, detail } })
  })
  const malformed = invalid(100003, "malformed_frame", "The frame is not one that is known.")
  const unplayable = (detail: string) => invalid(100004, "invalid_media", detail)

  const audio = (payload: string): MediaCommand => {
    if (payload === "" || !isBase64(payload)) return unplayable("The payload is not base64.")
    if (plan.unheard !== undefined) return notHeard(plan.unheard)
    const bytes = Buffer.from(payload, "base64")
    const ms = msOf(plan.fromUs, bytes.length)
    if (plan.fromUs.encoding === "pcm_s16le" && bytes.length % 2 > 0) return unplayable("Half a sample.")
    if (ms < messageMs.min || ms > messageMs.max) return unplayable("A message holds 20 ms to 30 s of audio.")
    if (plan.oppositeOnly && leg.record.togetherWith.length === 0) {
      return notHeard("stream_bidirectional_target_legs is opposite, and there is no other leg")
    }
    return { _tag: "Audio", bytes }
  }

  const read = (data: Uint8Array, binary: boolean): MediaCommand => {
    const json = binary ? Option.none() : decodeJson(utf8.decode(data))
    const decoded = decode(Option.getOrUndefined(json))
    if (Result.isFailure(decoded)) return malformed
    const message = decoded.success
    if (message.event === "clear") return { _tag: "Clear" }
    return message.event === "mark" ? { _tag: "Mark", name: message.mark.name } : audio(message.media.payload)
  }

  return {
    format: plan.fromUs,
    frameMs,
    playoutLimitMs,
    greeting: () => [JSON.stringify({ event: "connected", version: "1.0.0" })],
    start: ({ wrongCall }) =>
      JSON.stringify({
        event: "start",
        sequence_number: next(),
        stream_id: streamId,
        start: {
          user_id: userId,
          call_control_id: wrongCall ? `v3:${"0".repeat(54)}` : leg.id,
          call_session_id: wrongCall ? "00000000-0000-0000-0000-000000000000" : leg.sessionId,
          from: leg.from,
          to: leg.to,
          tags: [],
          // Another call's stream carries that call's state.
          client_state: wrongCall ? null : leg.clientState,
          custom_parameters: plan.parameters,
          media_format: { encoding: plan.encoding, sample_rate: plan.toUs.sampleRate, channels: 1 }
        }
      }),
    audio: (frame, timestampMs) => {
      chunk += 1
      const payload = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("base64")
      return JSON.stringify({
        event: "media",
        sequence_number: next(),
        stream_id: streamId,
        media: { track: "inbound", chunk: String(chunk), timestamp: String(timestampMs), payload }
      })
    },
    digit: (digit) =>
      JSON.stringify({
        event: "dtmf",
        stream_id: streamId,
        occurred_at: microTime(options.nowMs()),
        sequence_number: next(),
        dtmf: { digit }
      }),
    mark: (name) => JSON.stringify({ event: "mark", stream_id: streamId, sequence_number: next(), mark: { name } }),
    stop: () =>
      JSON.stringify({
        event: "stop",
        sequence_number: next(),
        stream_id: streamId,
        stop: { user_id: userId, call_control_id: leg.id }
      }),
    read,
    errors: {
      slowReader: "100005 rate_limit_reached: audio was dropped, our side reads too slowly",
      playoutFull: "100005 rate_limit_reached: more than ten minutes of audio were waiting",
      refused: (detail) => `90046 Media Streaming Failed: ${detail}`,
      broken: (code) => `the media socket was closed with ${code}`
    }
  }
}
