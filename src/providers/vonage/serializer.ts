import { Option, Schema } from "effect"
import { type AudioFormat, bytesPerSample, SampleRate } from "../../Audio.ts"
import type { Frame, MediaCall, Outgoing, Serializer, WireCommand, WireEvent } from "../../Transport.ts"
import { callIdHeader } from "./ncco.ts"

type Message = Readonly<Record<string, Schema.Json>>

const ignored: WireEvent = { _tag: "Ignored" }

const readMessage = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))
const readRate = Schema.decodeUnknownOption(SampleRate)
const readNotify = Schema.decodeUnknownOption(Schema.Struct({ payload: Schema.Struct({ mark: Schema.String }) }))
const readDigit = Schema.decodeUnknownOption(
  Schema.Struct({
    digit: Schema.String.check(Schema.isPattern(/^[0-9*#A-D]$/)),
    duration: Schema.optionalKey(Schema.Finite)
  })
)

/** Linear PCM of 16 bits, mono, the lower byte first, at the rate that the first message names. */
const formatOf = (contentType: Schema.Json | undefined): AudioFormat | undefined => {
  const rate = /^audio\/l16; *rate=(\d{1,6})$/i.exec(typeof contentType === "string" ? contentType : "")?.[1]
  const sampleRate = Option.getOrUndefined(readRate(Number(rate)))
  return sampleRate === undefined ? undefined : { encoding: "pcm_s16le", sampleRate }
}

/** The headers that we gave to the socket come back beside Vonage's own fields. */
const parametersOf = (message: Message): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(message).flatMap(([name, value]) =>
      typeof value === "string" && name !== "event" && name !== "content-type" ? [[name, value]] : []
    )
  )

/**
 * The handshake. Vonage names no call in it; our own header does. One that names another of our calls is given an id that no call
 * has, so that the socket is refused as another call's.
 */
const connected =
  (call: MediaCall) =>
  (message: Message): WireEvent | undefined => {
    const format = formatOf(message["content-type"])
    if (format === undefined) return undefined
    const named = message[callIdHeader]
    const isOurs = named === undefined || named === call.callId
    if (!isOurs && call.providerCallId === undefined) return undefined
    return {
      _tag: "Started",
      info: {
        providerCallId: isOurs ? (call.providerCallId ?? call.callId) : `another than ${call.callId}`,
        streamId: call.callId,
        incomingFormat: format,
        outgoingFormat: format,
        parameters: parametersOf(message)
      }
    }
  }

const digit = (message: Message): WireEvent | undefined => {
  const read = Option.getOrUndefined(Option.orElse(readDigit(message), () => readDigit(message["dtmf"])))
  if (read === undefined) return undefined
  const durationMs = read.duration
  return { _tag: "Digit", digit: read.digit, ...(durationMs === undefined ? {} : { durationMs }) }
}

/** What was queued before our marker has been played. Payloads of another form are not ours. */
const notified = (message: Message): WireEvent =>
  Option.match(readNotify(message), {
    onNone: () => ignored,
    onSome: ({ payload }) => ({ _tag: "MarkReached", name: payload.mark })
  })

const text = (call: MediaCall) => {
  const readers: ReadonlyMap<string, (message: Message) => WireEvent | undefined> = new Map([
    ["websocket:connected", connected(call)],
    ["websocket:dtmf", digit],
    ["websocket:notify", notified]
  ])
  return (data: Uint8Array): WireEvent | undefined => {
    const message = Option.getOrUndefined(readMessage(Buffer.from(data).toString("utf8")))
    const event = message?.["event"]
    if (message === undefined || typeof event !== "string") return undefined
    const reader = readers.get(event)
    return reader === undefined ? ignored : reader(message)
  }
}

const sampleBytes = bytesPerSample({ encoding: "pcm_s16le", sampleRate: 16_000 })

const audio = (chunk: Uint8Array): WireEvent | undefined => {
  if (chunk.length === 0) return ignored
  return chunk.length % sampleBytes === 0 ? { _tag: "Audio", chunk } : undefined
}

const clear = JSON.stringify({ action: "clear" })

const encode =
  () =>
  (command: WireCommand): Outgoing | undefined => {
    switch (command._tag) {
      case "Audio":
        return command.chunk
      case "Mark":
        return JSON.stringify({ action: "notify", payload: { mark: command.name } })
      case "Clear":
        return clear
      case "Digits":
        return undefined
    }
  }

/**
 * The messages of a call's media socket (Vonage: Voice API, WebSockets): JSON in text frames, audio as bare PCM in binary ones. The
 * socket takes no digits from us.
 */
export const serializerFor = (call: MediaCall): Serializer => {
  const readText = text(call)
  return { decode: ({ binary, data }: Frame) => (binary ? audio(data) : readText(data)), encode }
}
