import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { inboundAudio } from "../../../src/providers/cloudonix/mediaFrame.ts"
import { decodeMessage, serializerFor } from "../../../src/providers/cloudonix/serializer.ts"
import type { TransportInfo, WireEvent } from "../../../src/Transport.ts"
import { domain, token } from "./account.ts"

const serializer = serializerFor(domain)
const streamId = "s-5d2c"
const text = (message: string): WireEvent | undefined =>
  serializer.decode({ data: Buffer.from(message, "utf8"), binary: false })
const json = (message: unknown) => text(JSON.stringify(message))

const media = (payload: string, changes: Readonly<Record<string, string>> = {}) =>
  `{"event":"media","sequenceNumber":"${changes["sequenceNumber"] ?? "2"}","streamSid":"${streamId}","media":{"track":"${changes["track"] ?? "inbound"}","chunk":"1","timestamp":"20","payload":"${payload}"}}`

/** An event with its audio as plain numbers, so that any two can be compared. */
const plain = (event: WireEvent | undefined) =>
  event?._tag === "Audio" ? { _tag: event._tag, chunk: Array.from(event.chunk) } : event

const started = (changes: Readonly<Record<string, unknown>> = {}) => ({
  event: "start",
  sequenceNumber: "1",
  streamSid: streamId,
  start: {
    streamSid: streamId,
    callSid: "0f9c7a52-1d",
    session: token,
    accountSid: "acme",
    from: "+442071838750",
    to: "+14155550123",
    context: "inbound",
    tracks: ["inbound"],
    mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
    customParameters: { runId: "run-42" },
    ...changes
  }
})

describe("what Cloudonix sends", () => {
  it("connected says nothing that matters, with and without protocol", () => {
    assert.deepStrictEqual(text('{"event":"connected","protocol":"Call","version":"1.0.0"}'), { _tag: "Ignored" })
    assert.deepStrictEqual(text('{"event":"connected"}'), { _tag: "Ignored" })
  })

  it("start names the call by session, not by callSid, and the domain by its short name", () =>
    assert.deepStrictEqual(json(started()), {
      _tag: "Started",
      info: {
        providerCallId: token,
        streamId,
        incomingFormat: { encoding: "mulaw", sampleRate: 8000 },
        outgoingFormat: { encoding: "mulaw", sampleRate: 8000 },
        parameters: { runId: "run-42" }
      },
      accountId: domain
    }))

  it("start with a short name says nothing of a domain with a name of its own, a full one does", () => {
    const custom = serializerFor("voice.example.com")
    const account = (accountSid: string) => {
      const event = custom.decode({ data: Buffer.from(JSON.stringify(started({ accountSid }))), binary: false })
      return event?._tag === "Started" ? event.accountId : assert.fail("not started")
    }
    assert.isUndefined(account("voice"))
    assert.strictEqual(account("voice.example.com"), "voice.example.com")
    assert.strictEqual(account("other.example.com"), "other.example.com")
  })

  it("start without one of its ids, or in another format, is not one; without a format it is", () => {
    for (const missing of ["streamSid", "callSid", "session", "accountSid"]) {
      assert.isUndefined(json(started({ [missing]: undefined })), missing)
      assert.isUndefined(json(started({ [missing]: "" })), missing)
    }
    assert.isUndefined(json(started({ session: "../x" })))
    assert.isUndefined(json(started({ mediaFormat: { encoding: "audio/x-l16", sampleRate: 8000, channels: 1 } })))
    assert.isUndefined(json(started({ mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 16000, channels: 1 } })))
    assert.isUndefined(json({ event: "start" }))
    assert.strictEqual(json(started({ mediaFormat: undefined }))?._tag, "Started")
  })

  it("parameters never replace what the handshake itself says, and only text is kept", () => {
    const event = json(started({ customParameters: { session: "forged", from: "x", n: 1, list: [] } }))
    assert.strictEqual(event?._tag, "Started")
    if (event?._tag !== "Started") return
    assert.strictEqual(event.info.providerCallId, token)
    assert.deepStrictEqual(event.info.parameters, { session: "forged", from: "x" })
  })

  it("media is mu-law; another track or no audio is of no interest, no base64 cannot be read", () => {
    const silence = Buffer.alloc(160, 0xff)
    assert.deepStrictEqual(plain(text(media(silence.toString("base64")))), {
      _tag: "Audio",
      chunk: Array.from(silence)
    })
    assert.deepStrictEqual(text(media("AAEC", { track: "outbound" })), { _tag: "Ignored" })
    assert.deepStrictEqual(text(media("")), { _tag: "Ignored" })
    assert.deepStrictEqual(plain(json({ event: "media", media: { payload: "AAEC" } })), {
      _tag: "Audio",
      chunk: [0, 1, 2]
    })
    for (const payload of ["AAE", "AAE*", "AA=C", "====", "AA EC"]) assert.isUndefined(text(media(payload)), payload)
  })

  it("digits and the end, with and without more about it", () => {
    for (const key of "0123456789*#ABCD")
      assert.deepStrictEqual(json({ event: "dtmf", streamSid: streamId, dtmf: { digit: key } }), {
        _tag: "Digit",
        digit: key
      })
    assert.isUndefined(json({ event: "dtmf", dtmf: { digit: "12" } }))
    assert.deepStrictEqual(json({ event: "stop", stop: { session: token, callSid: "0f9c7a52-1d" } }), {
      _tag: "Stopped"
    })
    assert.deepStrictEqual(json({ event: "stop" }), { _tag: "Stopped" })
  })

  it("marks, which we did not send, and unknown events are ignored; other frames cannot be read", () => {
    assert.deepStrictEqual(json({ event: "mark", mark: { name: "g1-0001" } }), { _tag: "Ignored" })
    assert.deepStrictEqual(json({ event: "toString" }), { _tag: "Ignored" })
    for (const message of ["", "{", "null", "[]", '"media"', "{}", '{"event":1}', '{"event":"media"}'])
      assert.isUndefined(text(message), message)
    assert.isUndefined(serializer.decode({ data: Buffer.from(media("AAEC")), binary: true }))
  })

  it("is read within a larger buffer, too", () => {
    const bytes = new TextEncoder().encode(`xx${media("AAEC")}yy`)
    const data = bytes.subarray(2, bytes.length - 2)
    assert.deepStrictEqual(plain(serializer.decode({ data, binary: false })), { _tag: "Audio", chunk: [0, 1, 2] })
  })
})

describe("the short cut for media", () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("base64"))
  const layouts = [
    (audio: string) => media(audio),
    (audio: string) =>
      `{"event":"media","sequenceNumber":"7","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"${audio}"},"streamSid":"${streamId}"}`
  ]

  it("is taken for the layout of the documents, and for Twilio's", () => {
    fc.assert(
      fc.property(payload, fc.constantFrom(...layouts), (audio, layout) => {
        const chunk = inboundAudio(Buffer.from(layout(audio)))
        assert.strictEqual(chunk === undefined ? undefined : Buffer.from(chunk).toString("base64"), audio)
      })
    )
  })

  it("gives what the parser gives, whatever is done to the frame", () => {
    const piece = fc.constantFrom("", '"', "\\", ",", "{", "}", " ", "1", "=", "é", "\u0000", '","payload":"AAAA', '"}')
    fc.assert(
      fc.property(
        payload,
        fc.constantFrom(...layouts),
        fc.nat(),
        fc.nat({ max: 3 }),
        piece,
        (audio, layout, ...rest) => {
          const [position, cut, inserted] = rest
          const whole = layout(audio)
          const at = position % (whole.length + 1)
          const changed = whole.slice(0, at) + inserted + whole.slice(at + cut)
          assert.deepStrictEqual(plain(text(changed)), plain(decodeMessage(changed)))
        }
      ),
      { numRuns: 2000 }
    )
  })

  it("never fails, on bytes or on JSON", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        (data, binary) => void serializer.decode({ data, binary })
      )
    )
    text("[".repeat(60_000))
    text(`{"event":"start","start":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`)
    const known = fc.constantFrom("start", "media", "dtmf", "mark", "stop", "connected")
    fc.assert(fc.property(known, fc.dictionary(known, fc.jsonValue()), (event, rest) => void json({ ...rest, event })))
  })
})

describe("what we send", () => {
  const info: TransportInfo = {
    providerCallId: token,
    streamId: 's"4',
    incomingFormat: { encoding: "mulaw", sampleRate: 8000 },
    outgoingFormat: { encoding: "mulaw", sampleRate: 8000 },
    parameters: {}
  }
  const encode = serializer.encode(info)
  const sent = (command: Parameters<typeof encode>[0]): unknown => {
    const message = encode(command)
    if (typeof message === "string") return JSON.parse(message)
    return message !== undefined && "binary" in message && !message.binary
      ? JSON.parse(Buffer.from(message.data).toString("utf8"))
      : undefined
  }

  it("is audio and clear, in text", () => {
    const bytes = Uint8Array.from([9, 0xff, 0x7f, 9]).subarray(1, 3)
    assert.deepStrictEqual(sent({ _tag: "Audio", chunk: bytes }), {
      event: "media",
      streamSid: 's"4',
      media: { payload: "/38=" }
    })
    assert.deepStrictEqual(sent({ _tag: "Clear" }), { event: "clear", streamSid: 's"4' })
  })

  it("is no mark, which nobody is sure to answer, and no digits", () => {
    assert.isUndefined(encode({ _tag: "Mark", name: "g1-0001" }))
    assert.isUndefined(encode({ _tag: "Digits", digits: "1" }))
  })
})
