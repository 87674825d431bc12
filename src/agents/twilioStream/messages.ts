import type { AudioChunk } from "../../Audio.ts"
import type { StreamSids } from "./sids.ts"

const base64 = (chunk: AudioChunk) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("base64")

/** What a bot is told over one stream, as text (Twilio: Media Streams, WebSocket messages). */
export interface StreamMessages {
  /** The first message, which alone has no number. */
  readonly connected: () => string
  readonly start: (customParameters: Readonly<Record<string, string>>) => string
  /** 20 ms of mu-law at 8 kHz; `timestampMs` is a whole number since the stream's start. */
  readonly media: (frame: AudioChunk, timestampMs: number) => string
  readonly mark: (name: string) => string
  readonly dtmf: (digit: string) => string
  readonly stop: () => string
}

/** The messages of a stream. They are numbered in the order in which they are made: make only what is sent. */
export const streamMessages = ({ accountSid, callSid, streamSid }: StreamSids): StreamMessages => {
  let sequence = 0
  let chunk = 0
  const message = (event: string, body: Readonly<Record<string, unknown>>) =>
    JSON.stringify({ event, sequenceNumber: String(++sequence), ...body, streamSid })
  return {
    connected: () => JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }),
    start: (customParameters) =>
      message("start", {
        start: {
          accountSid,
          streamSid,
          callSid,
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters
        }
      }),
    // Fifty a second: put together here. Nothing in it needs escaping.
    media: (frame, timestampMs) =>
      `{"event":"media","sequenceNumber":"${++sequence}","media":{"track":"inbound","chunk":"${++chunk}","timestamp":"${timestampMs}","payload":"${base64(frame)}"},"streamSid":"${streamSid}"}`,
    mark: (name) => message("mark", { mark: { name } }),
    dtmf: (digit) => message("dtmf", { dtmf: { track: "inbound_track", digit } }),
    stop: () => message("stop", { stop: { accountSid, callSid } })
  }
}
