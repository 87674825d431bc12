import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { inboundAudio } from "../../../src/providers/twilio/mediaFrame.ts"
import { decodeMessage, serializer } from "../../../src/providers/twilio/serializer.ts"
import type { TransportInfo, WireEvent } from "../../../src/Transport.ts"

const streamId = "MZ00000000000000000000000000000004"
const text = (message: string): WireEvent | undefined =>
  serializer.decode({ data: Buffer.from(message, "utf8"), binary: false })
const json = (message: unknown) => text(JSON.stringify(message))

const media = (payload: string, changes: Readonly<Record<string, string>> = {}) =>
  `{"event":"media","sequenceNumber":"${changes["sequenceNumber"] ?? "2"}","media":{"track":"${changes["track"] ?? "inbound"}","chunk":"1","timestamp":"57","payload":"${payload}"},"streamSid":"${changes["streamSid"] ?? streamId}"}`

/** An event with its audio as plain numbers, so that any two can be compared. */
const plain = (event: WireEvent | undefined) =>
  event?._tag === "Audio" ? { _tag: event._tag, chunk: Array.from(event.chunk) } : event

const start = {
  event: "start",
  sequenceNumber: "1",
  start: {
    accountSid: "AC00000000000000000000000000000001",
    streamSid: streamId,
    callSid: "CA00000000000000000000000000000002",
    tracks: ["inbound"],
    mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
    customParameters: { runId: "run-42" }
  },
  streamSid: streamId
}

describe("what Twilio sends", () => {
  it("connected says nothing that matters", () =>
    assert.deepStrictEqual(text('{"event":"connected","protocol":"Call","version":"1.0.0"}'), { _tag: "Ignored" }))

  it("start completes the handshake", () =>
    assert.deepStrictEqual(json(start), {
      _tag: "Started",
      info: {
        providerCallId: "CA00000000000000000000000000000002",
        streamId,
        incomingFormat: { encoding: "mulaw", sampleRate: 8000 },
        outgoingFormat: { encoding: "mulaw", sampleRate: 8000 },
        parameters: { runId: "run-42" }
      },
      accountId: "AC00000000000000000000000000000001"
    }))

  it("start in another format, or without its ids, is not one", () => {
    const inFormat = (mediaFormat: unknown) => json({ ...start, start: { ...start.start, mediaFormat } })
    assert.isUndefined(inFormat({ encoding: "audio/x-l16", sampleRate: 8000, channels: 1 }))
    assert.isUndefined(inFormat({ encoding: "audio/x-mulaw", sampleRate: 16000, channels: 1 }))
    assert.isUndefined(json({ ...start, start: { ...start.start, callSid: "" } }))
    assert.isUndefined(json({ event: "start" }))
  })

  it("media is 160 bytes of mu-law; silence is 0xFF", () => {
    const payload = Buffer.alloc(160, 0xff).toString("base64")
    assert.strictEqual(payload, `${"/".repeat(213)}w==`)
    assert.deepStrictEqual(plain(text(media(payload))), {
      _tag: "Audio",
      chunk: Array.from({ length: 160 }, () => 0xff)
    })
  })

  it("media of other sizes is taken, of another track or without audio is not", () => {
    assert.deepStrictEqual(plain(text(media("AAEC"))), { _tag: "Audio", chunk: [0, 1, 2] })
    assert.deepStrictEqual(text(media("AAEC", { track: "outbound" })), { _tag: "Ignored" })
    assert.deepStrictEqual(text(media("")), { _tag: "Ignored" })
  })

  it("media whose payload is no base64 cannot be read", () => {
    for (const payload of ["AAE", "AAE*", "AA=C", "AAEC=", "====", "A===", "AA EC", "AAEC\n", "é".repeat(4)]) {
      assert.isUndefined(json({ event: "media", media: { track: "inbound", payload } }), payload)
      assert.isUndefined(text(media(payload)), payload)
    }
  })

  it("digits, marks and the end", () => {
    const digit = (key: string) =>
      json({ event: "dtmf", streamSid: streamId, dtmf: { track: "inbound_track", digit: key } })
    for (const key of "0123456789*#ABCD") assert.deepStrictEqual(digit(key), { _tag: "Digit", digit: key })
    for (const key of ["", "12", "E", "a"]) assert.isUndefined(digit(key))
    assert.deepStrictEqual(json({ event: "mark", mark: { name: "g3-0007" } }), { _tag: "MarkReached", name: "g3-0007" })
    assert.deepStrictEqual(json({ event: "stop", stop: { callSid: "CA" } }), { _tag: "Stopped" })
  })

  it("events that we do not know are ignored, other frames cannot be read", () => {
    assert.deepStrictEqual(json({ event: "toString" }), { _tag: "Ignored" })
    for (const message of [
      "",
      "{",
      "null",
      "[]",
      '"media"',
      "{}",
      '{"event":1}',
      '{"event":"mark"}',
      '{"event":"media"}'
    ]) {
      assert.isUndefined(text(message), message)
    }
    assert.isUndefined(serializer.decode({ data: Buffer.from(media("AAEC")), binary: true }))
  })

  it("reads a frame that lies within a larger buffer", () => {
    const bytes = new TextEncoder().encode(`xx${media("AAEC")}yy`)
    const data = bytes.subarray(2, bytes.length - 2)
    assert.deepStrictEqual(plain(serializer.decode({ data, binary: false })), { _tag: "Audio", chunk: [0, 1, 2] })
  })
})

describe("the short cut for media", () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("base64"))

  it("is taken for what Twilio writes", () => {
    fc.assert(
      fc.property(payload, fc.nat(), (audio, sequenceNumber) => {
        const chunk = inboundAudio(Buffer.from(media(audio, { sequenceNumber: String(sequenceNumber) })))
        assert.strictEqual(chunk === undefined ? undefined : Buffer.from(chunk).toString("base64"), audio)
      })
    )
  })

  it("gives what the parser gives, whatever is done to the frame", () => {
    const piece = fc.constantFrom(
      "",
      '"',
      "\\",
      "\\/",
      ",",
      "{",
      "}",
      " ",
      "1",
      "=",
      "é",
      "\u0000",
      '","payload":"AAAA',
      '"},"streamSid":"M'
    )
    fc.assert(
      fc.property(payload, fc.nat(), fc.nat({ max: 3 }), piece, (audio, position, cut, inserted) => {
        const whole = media(audio)
        const at = position % (whole.length + 1)
        const changed = whole.slice(0, at) + inserted + whole.slice(at + cut)
        assert.deepStrictEqual(plain(text(changed)), plain(decodeMessage(changed)))
      }),
      { numRuns: 2000 }
    )
  })

  it("is not taken for another order or layout, which the parser reads all the same", () => {
    const other = JSON.stringify({ streamSid: streamId, media: { payload: "AAEC", track: "inbound" }, event: "media" })
    assert.isUndefined(inboundAudio(Buffer.from(other)))
    assert.deepStrictEqual(plain(text(other)), { _tag: "Audio", chunk: [0, 1, 2] })
    const escaped = media("\\/\\/8=")
    assert.isUndefined(inboundAudio(Buffer.from(escaped)))
    assert.deepStrictEqual(plain(text(escaped)), { _tag: "Audio", chunk: [0xff, 0xff] })
  })

  it("never fails, on bytes or on JSON", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        (data, binary) => void serializer.decode({ data, binary })
      )
    )
    const known = fc.constantFrom("start", "media", "dtmf", "mark", "stop", "connected")
    fc.assert(fc.property(known, fc.dictionary(known, fc.jsonValue()), (event, rest) => void json({ ...rest, event })))
  })
})

describe("what we send", () => {
  const info: TransportInfo = {
    providerCallId: "CA1",
    streamId: 'MZ"4',
    incomingFormat: { encoding: "mulaw", sampleRate: 8000 },
    outgoingFormat: { encoding: "mulaw", sampleRate: 8000 },
    parameters: {}
  }
  const encode = serializer.encode(info)
  /** Twilio takes text frames only (error 31950). */
  const written = (command: Parameters<typeof encode>[0]): string => {
    const message = encode(command)
    if (typeof message === "string") return message
    assert.isTrue(message !== undefined && "binary" in message && !message.binary)
    return message !== undefined && "binary" in message ? Buffer.from(message.data).toString("utf8") : ""
  }
  const sent = (command: Parameters<typeof encode>[0]): unknown => JSON.parse(written(command))

  it("has exactly the keys that Twilio takes", () => {
    const bytes = Uint8Array.from([9, 0xff, 0x7f, 9]).subarray(1, 3)
    assert.deepStrictEqual(sent({ _tag: "Audio", chunk: bytes }), {
      event: "media",
      streamSid: 'MZ"4',
      media: { payload: "/38=" }
    })
    assert.deepStrictEqual(sent({ _tag: "Mark", name: 'g"1' }), {
      event: "mark",
      streamSid: 'MZ"4',
      mark: { name: 'g"1' }
    })
    assert.deepStrictEqual(sent({ _tag: "Clear" }), { event: "clear", streamSid: 'MZ"4' })
  })

  it("has no digits: the stream takes none", () => assert.isUndefined(encode({ _tag: "Digits", digits: "1" })))

  it("audio and marks come back unchanged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.string(), (chunk, name) => {
        assert.deepStrictEqual(plain(text(written({ _tag: "Audio", chunk }))), {
          _tag: "Audio",
          chunk: Array.from(chunk)
        })
        assert.deepStrictEqual(text(written({ _tag: "Mark", name })), { _tag: "MarkReached", name })
      })
    )
  })
})
