import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { inboundAudio } from "../../../src/providers/telnyx/mediaFrame.ts"
import { decodeMessage, makeSerializer, unsupportedCodec } from "../../../src/providers/telnyx/serializer.ts"
import type { TransportInfo, WireEvent } from "../../../src/Transport.ts"

const streamId = "32DE0DEA-53CB-4B21-89A4-9E1819C043BC"
const callControlId = "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg"

/** The first frame of a stream. */
const text = (message: string): WireEvent | undefined =>
  makeSerializer().decode({ data: Buffer.from(message, "utf8"), binary: false })
const json = (message: unknown) => text(JSON.stringify(message))

/** As the documents lay it out, and with its keys sorted. */
const media = (payload: string, { chunk = "2", track = "inbound" } = {}) =>
  `{"event":"media","sequence_number":"4","stream_id":"${streamId}","media":{"track":"${track}","chunk":"${chunk}","timestamp":"5","payload":"${payload}"}}`
const sorted = (payload: string, { chunk = "2", track = "inbound" } = {}) =>
  `{"event":"media","media":{"chunk":"${chunk}","payload":"${payload}","timestamp":"5","track":"${track}"},"sequence_number":"4","stream_id":"${streamId}"}`

type Read = ReturnType<typeof decodeMessage>

/** What was read with its audio as plain numbers, so that any two can be compared. */
const plain = (read: Read) =>
  read !== undefined && "chunk" in read ? { ...read, chunk: Array.from(read.chunk) } : read

const start = (changes: Readonly<Record<string, unknown>> = {}) => ({
  event: "start",
  sequence_number: "1",
  stream_id: streamId,
  start: {
    user_id: "3E6F995F-85F7-4705-9741-53B116D28237",
    call_control_id: callControlId,
    call_session_id: "ff55a038-6f5d-11ef-9692-02420aeffb1f",
    from: "+15551230001",
    to: "+15551230002",
    tags: ["TAG1"],
    client_state: "eyJjYWxsIjoicnVuLTQyIn0=",
    custom_parameters: [],
    media_format: { encoding: "PCMU", sample_rate: 8000, channels: 1 },
    ...changes
  }
})

const infoOf = (event: WireEvent | undefined): TransportInfo =>
  event?._tag === "Started" ? event.info : assert.fail("it is no handshake")

describe("what Telnyx sends", () => {
  it("connected says nothing that matters: it comes while the phone rings", () =>
    assert.deepStrictEqual(text('{ "event": "connected", "version": "1.0.0" }'), { _tag: "Ignored" }))

  it("start completes the handshake", () =>
    assert.deepStrictEqual(json(start()), {
      _tag: "Started",
      info: {
        providerCallId: callControlId,
        streamId,
        incomingFormat: { encoding: "mulaw", sampleRate: 8000 },
        outgoingFormat: { encoding: "mulaw", sampleRate: 8000 },
        parameters: { client_state: "eyJjYWxsIjoicnVuLTQyIn0=" }
      }
    }))

  it("the caller's codec is the call's, whatever ours is; its names vary", () => {
    for (const [encoding, ours] of [
      ["PCMA", "alaw"],
      ["pcma", "alaw"],
      ["audio/x-alaw", "alaw"],
      ["PCMU", "mulaw"],
      ["audio/x-mulaw", "mulaw"]
    ] as const) {
      const info = infoOf(json(start({ media_format: { encoding, sample_rate: 8000, channels: 1 } })))
      assert.strictEqual(info.incomingFormat.encoding, ours)
      assert.strictEqual(info.outgoingFormat.encoding, "mulaw")
      assert.isUndefined(unsupportedCodec(info))
    }
    assert.strictEqual(infoOf(json(start({ media_format: undefined }))).incomingFormat.encoding, "mulaw")
  })

  it("a codec that we do not speak is named, so that the stream ends with a reason", () => {
    for (const encoding of ["G722", "OPUS", "AMR-WB", "L16"])
      assert.strictEqual(unsupportedCodec(infoOf(json(start({ media_format: { encoding } })))), encoding)
    const wide = { encoding: "PCMU", sample_rate: 16_000, channels: 1 }
    assert.isDefined(unsupportedCodec(infoOf(json(start({ media_format: wide })))))
  })

  it("start without its ids is none", () => {
    assert.isUndefined(json(start({ call_control_id: "" })))
    assert.isUndefined(json({ ...start(), stream_id: undefined }))
    assert.isUndefined(json({ event: "start" }))
  })

  it("media of any size is taken, its numbers as text or not; another track or none of audio is not", () => {
    assert.deepStrictEqual(plain(text(media("AAEC"))), { _tag: "Audio", chunk: [0, 1, 2] })
    assert.deepStrictEqual(plain(text(sorted("AAEC"))), { _tag: "Audio", chunk: [0, 1, 2] })
    const numbered = { event: "media", media: { track: "inbound", chunk: 2, timestamp: 5, payload: "AAEC" } }
    assert.deepStrictEqual(plain(json(numbered)), { _tag: "Audio", chunk: [0, 1, 2] })
    assert.deepStrictEqual(plain(json({ event: "media", media: { payload: "AAEC" } })), {
      _tag: "Audio",
      chunk: [0, 1, 2]
    })
    assert.deepStrictEqual(text(media("AAEC", { track: "outbound" })), { _tag: "Ignored" })
    assert.deepStrictEqual(text(media("")), { _tag: "Ignored" })
  })

  it("media whose payload is no base64 cannot be read", () => {
    for (const payload of ["AAE", "AAE*", "AA=C", "AAEC=", "====", "AA EC", "é".repeat(4)]) {
      assert.isUndefined(text(media(payload)), payload)
      assert.isUndefined(text(sorted(payload)), payload)
    }
  })

  it("digits, marks and the end", () => {
    const digit = (key: string) => json({ event: "dtmf", stream_id: streamId, dtmf: { digit: key } })
    for (const key of "0123456789*#ABCD") assert.deepStrictEqual(digit(key), { _tag: "Digit", digit: key })
    for (const key of ["", "12", "E", "a"]) assert.isUndefined(digit(key))
    const mark = { event: "mark", stream_id: streamId, sequence_number: "5", mark: { name: "utterance-17" } }
    assert.deepStrictEqual(json(mark), { _tag: "MarkReached", name: "utterance-17" })
    assert.deepStrictEqual(json({ event: "stop", stop: { call_control_id: callControlId } }), { _tag: "Stopped" })
  })

  it("errors in either form, and events that we do not know, are ignored", () => {
    const error = { event: "error", stream_id: streamId, payload: { code: 100_004, title: "invalid_media" } }
    assert.deepStrictEqual(json(error), { _tag: "Ignored" })
    assert.deepStrictEqual(json({ event: "error", error: { title: "x", code: "100003" } }), { _tag: "Ignored" })
    assert.deepStrictEqual(json({ event: "toString" }), { _tag: "Ignored" })
  })

  it("other frames cannot be read", () => {
    for (const message of ["", "{", "null", "[]", '"media"', "{}", '{"event":1}', '{"event":"mark"}'])
      assert.isUndefined(text(message), message)
    assert.isUndefined(makeSerializer().decode({ data: Buffer.from(media("AAEC")), binary: true }))
  })
})

describe("the short cut for media", () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("base64"))
  const layout = fc.constantFrom(media, sorted)

  it("is taken for both layouts", () => {
    fc.assert(
      fc.property(layout, payload, fc.nat(), (write, audio, number) => {
        const read = inboundAudio(Buffer.from(write(audio, { chunk: String(number) })))
        assert.strictEqual(read?.number, number)
        assert.strictEqual(Buffer.from(read?.chunk ?? []).toString("base64"), audio)
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
      '","payload":"AAAA'
    )
    fc.assert(
      fc.property(layout, payload, fc.nat(), fc.nat({ max: 3 }), piece, (write, audio, position, cut, inserted) => {
        const whole = write(audio)
        const at = position % (whole.length + 1)
        const changed = whole.slice(0, at) + inserted + whole.slice(at + cut)
        const short = inboundAudio(Buffer.from(changed))
        if (short !== undefined) assert.deepStrictEqual(plain(short), plain(decodeMessage(changed)))
      }),
      { numRuns: 2000 }
    )
  })

  it("never fails, on bytes or on JSON", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        (data, binary) => void makeSerializer().decode({ data, binary })
      )
    )
    const known = fc.constantFrom("start", "media", "dtmf", "mark", "stop", "connected", "error")
    fc.assert(fc.property(known, fc.dictionary(known, fc.jsonValue()), (event, rest) => void json({ ...rest, event })))
  })
})

describe("what we send", () => {
  const encode = makeSerializer().encode(infoOf(json(start())))
  const written = (command: Parameters<typeof encode>[0]): string => {
    const message = encode(command)
    if (typeof message === "string") return message
    return message !== undefined && "binary" in message && !message.binary
      ? Buffer.from(message.data).toString("utf8")
      : assert.fail("Telnyx takes text frames only")
  }
  const sent = (command: Parameters<typeof encode>[0]): unknown => JSON.parse(written(command))

  it("has exactly the keys that Telnyx takes", () => {
    const bytes = Uint8Array.from([9, 0xff, 0x7f, 9]).subarray(1, 3)
    assert.deepStrictEqual(sent({ _tag: "Audio", chunk: bytes }), { event: "media", media: { payload: "/38=" } })
    assert.deepStrictEqual(sent({ _tag: "Mark", name: 'g"1' }), { event: "mark", mark: { name: 'g"1' } })
    assert.deepStrictEqual(sent({ _tag: "Clear" }), { event: "clear" })
  })

  it("has no digits: the stream takes none", () => assert.isUndefined(encode({ _tag: "Digits", digits: "1" })))

  it("audio and marks come back unchanged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.string(), (chunk, name) => {
        assert.deepStrictEqual(plain(text(written({ _tag: "Audio", chunk }))), { _tag: "Audio", chunk: [...chunk] })
        assert.deepStrictEqual(text(written({ _tag: "Mark", name })), { _tag: "MarkReached", name })
      })
    )
  })
})

/** What a stream gives for frames that arrive with these numbers; the audio of frame n is the byte n. */
const heard = (numbers: ReadonlyArray<number>) => {
  const { decode } = makeSerializer()
  return numbers.map((number) => {
    const payload = Buffer.of(number & 0xff).toString("base64")
    const event = decode({ data: Buffer.from(media(payload, { chunk: String(number) })), binary: false })
    return event?._tag === "Audio" ? Array.from(event.chunk) : []
  })
}

describe("the order of media, which Telnyx does not promise", () => {
  it("costs nothing while it is kept", () => assert.deepStrictEqual(heard([7, 8, 9, 10]), [[7], [8], [9], [10]]))

  it("is restored when two frames are swapped", () =>
    assert.deepStrictEqual(heard([1, 3, 2, 4, 7, 6, 5, 8]), [[1], [], [2, 3], [4], [], [], [5, 6, 7], [8]]))

  it("waits for a lost frame no longer than for three others, and drops it when it comes after all", () =>
    assert.deepStrictEqual(heard([1, 3, 4, 5, 6, 2, 7]), [[1], [], [], [3, 4, 5], [6], [], [7]]))

  it("begins anew with a count that begins anew", () =>
    assert.deepStrictEqual(heard([200, 201, 1, 2]), [[200], [201], [1], [2]]))

  it("is given up for numbers that do not count the frames", () => {
    const numbers = Array.from({ length: 40 }, (_, index) => index * 2)
    const audio = heard(numbers)
    assert.deepStrictEqual(audio.flat(), numbers)
    assert.isTrue(audio.slice(-20).every((frame) => frame.length === 1))
  })

  it("never invents, repeats or reorders audio", () => {
    const arrivals = fc
      .array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 60 })
      .map((shifts) => shifts.map((shift, index) => ({ index, at: index + shift * 0.9 })))
      .map((frames) => frames.toSorted((one, other) => one.at - other.at).map(({ index }) => index))
    fc.assert(
      fc.property(arrivals, (numbers) => {
        const audio = heard(numbers).flat()
        assert.deepStrictEqual(
          audio,
          Array.from(new Set(audio)).toSorted((one, other) => one - other)
        )
      })
    )
  })
})
