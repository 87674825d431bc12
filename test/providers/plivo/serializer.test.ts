import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { inboundAudio } from "../../../src/providers/plivo/mediaFrame.ts"
import { decodeMessage, serializer } from "../../../src/providers/plivo/serializer.ts"
import type { TransportInfo, WireCommand, WireEvent } from "../../../src/Transport.ts"

const streamId = "5b6c7d8e-0000-4000-8000-000000000001"
const text = (message: string) => serializer.decode({ data: Buffer.from(message, "utf8"), binary: false })
const json = (message: unknown) => text(JSON.stringify(message))
const media = (
  payload: string,
  changes: { readonly track?: string; readonly timestamp?: string; readonly tail?: string } = {}
) =>
  `{"event":"media","sequenceNumber":42,"streamId":"${streamId}","media":{"track":"${changes.track ?? "inbound"}","timestamp":${changes.timestamp ?? '"1729865617780"'},"chunk":41,"payload":"${payload}"}${changes.tail ?? ',"extra_headers":"runId=42"'}}`

/** An event with its audio as plain numbers, so that any two can be compared. */
const plain = (event: WireEvent | undefined) =>
  event?._tag === "Audio" ? { _tag: event._tag, chunk: Array.from(event.chunk) } : event

const start = {
  callId: "97ceeb52-58b6-11e1-86da-77300b68f8bb",
  streamId,
  accountId: "MAXXXXXXXXXXXXXXXXXX",
  tracks: ["inbound"],
  mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000 }
}
const mulaw = { encoding: "mulaw", sampleRate: 8000 } as const
const info: TransportInfo = {
  providerCallId: start.callId,
  streamId,
  incomingFormat: mulaw,
  outgoingFormat: mulaw,
  parameters: { extra_headers: "runId=42" }
}

describe("what Plivo sends", () => {
  it("start completes the handshake", () =>
    assert.deepStrictEqual(json({ event: "start", sequenceNumber: 1, start, extra_headers: "runId=42" }), {
      _tag: "Started",
      info,
      accountId: "MAXXXXXXXXXXXXXXXXXX"
    }))

  it("start may name the stream beside it and the call as callUUID, but must name both, in a format that we know", () => {
    const { callId, streamId: _, ...rest } = start
    const other = json({ event: "start", streamId, start: { ...rest, callUUID: callId } })
    assert.deepStrictEqual(other, {
      _tag: "Started",
      info: { ...info, parameters: {} },
      accountId: "MAXXXXXXXXXXXXXXXXXX"
    })
    assert.isUndefined(json({ event: "start", start: { ...rest, callId } }))
    assert.isUndefined(json({ event: "start", start: { ...rest, streamId } }))
    for (const mediaFormat of [
      { encoding: "audio/x-mulaw", sampleRate: 16000 },
      { encoding: "audio/opus", sampleRate: 8000 },
      {}
    ])
      assert.isUndefined(json({ event: "start", start: { ...start, mediaFormat } }))
  })

  it("linear audio is taken where Plivo declares it", () => {
    const event = json({
      event: "start",
      start: { ...start, mediaFormat: { encoding: "audio/x-l16", sampleRate: 16000 } }
    })
    assert.deepStrictEqual(event?._tag === "Started" ? event.info.outgoingFormat : undefined, {
      encoding: "pcm_s16le",
      sampleRate: 16000
    })
  })

  it("media is audio of the caller; silence is 0xFF", () => {
    const chunk = Array.from({ length: 160 }, () => 0xff)
    const payload = Buffer.from(chunk).toString("base64")
    assert.deepStrictEqual(plain(text(media(payload))), { _tag: "Audio", chunk })
    assert.deepStrictEqual(text(media("AAEC", { track: "outbound" })), { _tag: "Ignored" })
    assert.deepStrictEqual(text(media("")), { _tag: "Ignored" })
    for (const bad of ["AAE", "AAE*", "AA=C", "AAEC="]) assert.isUndefined(text(media(bad)), bad)
  })

  it("digits and checkpoints", () => {
    const digit = (key: string) =>
      json({ event: "dtmf", streamId, dtmf: { track: "inbound", digit: key, timestamp: "1" } })
    for (const key of "0123456789*#ABCD") assert.deepStrictEqual(digit(key), { _tag: "Digit", digit: key })
    for (const key of ["", "12", "E"]) assert.isUndefined(digit(key))
    assert.deepStrictEqual(json({ event: "playedStream", streamId, name: "utterance-7" }), {
      _tag: "MarkReached",
      name: "utterance-7"
    })
  })

  it("stop is not the end of the stream, nor is anything else but the socket's close", () => {
    for (const event of ["stop", "clearedAudio", "playFailed", "error", "toString"])
      assert.deepStrictEqual(json({ event, reason: "x" }), { _tag: "Ignored" })
    for (const message of ["", "{", "null", "[]", "{}", '{"event":1}', '{"event":"media"}', '{"event":"playedStream"}'])
      assert.isUndefined(text(message), message)
    assert.isUndefined(serializer.decode({ data: Buffer.from(media("AAEC")), binary: true }))
  })
})

describe("the short cut for media", () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("base64"))

  it("is taken for what Plivo writes, figures as numbers or text", () => {
    fc.assert(
      fc.property(payload, fc.constantFrom('"1729865617780"', "1729865617780", "0"), (audio, timestamp) => {
        for (const tail of ["", ',"extra_headers":""', ',"extra_headers":"{a=1;b}"']) {
          const chunk = inboundAudio(Buffer.from(media(audio, { timestamp, tail })))
          assert.strictEqual(chunk === undefined ? undefined : Buffer.from(chunk).toString("base64"), audio)
        }
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
      "0",
      "-",
      "=",
      "é",
      "\u0000",
      "\n",
      '","payload":"AAAA'
    )
    fc.assert(
      fc.property(payload, fc.nat(), fc.nat({ max: 3 }), piece, (audio, position, cut, inserted) => {
        const whole = media(audio)
        const at = position % (whole.length + 1)
        const changed = whole.slice(0, at) + inserted + whole.slice(at + cut)
        assert.deepStrictEqual(plain(text(changed)), plain(decodeMessage(changed)))
      }),
      { numRuns: 1500 }
    )
  })

  it("never fails, on bytes or on JSON", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.boolean(),
        (data, binary) => void serializer.decode({ data, binary })
      )
    )
    const known = fc.constantFrom("start", "media", "dtmf", "playedStream", "stop")
    fc.assert(fc.property(known, fc.dictionary(known, fc.jsonValue()), (event, rest) => void json({ ...rest, event })))
  })
})

const sent = (command: WireCommand, of = info): unknown => {
  const message = serializer.encode(of)(command)
  if (message === undefined || message instanceof Uint8Array) return assert.fail("Plivo takes text frames only")
  if (typeof message !== "string") assert.isFalse(message.binary)
  return JSON.parse(typeof message === "string" ? message : Buffer.from(message.data).toString("utf8"))
}

describe("what we send", () => {
  it("has exactly the keys that Plivo takes", () => {
    const chunk = Uint8Array.from([9, 0xff, 0x7f, 9]).subarray(1, 3)
    assert.deepStrictEqual(sent({ _tag: "Audio", chunk }), {
      event: "playAudio",
      media: { contentType: "audio/x-mulaw", sampleRate: 8000, payload: "/38=" }
    })
    const odd = { ...info, streamId: 's"4' }
    assert.deepStrictEqual(sent({ _tag: "Mark", name: 'g"1' }, odd), {
      event: "checkpoint",
      streamId: 's"4',
      name: 'g"1'
    })
    assert.deepStrictEqual(sent({ _tag: "Clear" }, odd), { event: "clearAudio", streamId: 's"4' })
    assert.deepStrictEqual(sent({ _tag: "Digits", digits: "1234#" }), { event: "sendDTMF", dtmf: "1234#" })
  })

  it("audio has the content type and rate of the stream", () => {
    const linear = { encoding: "pcm_s16le", sampleRate: 16000 } as const
    assert.deepStrictEqual(sent({ _tag: "Audio", chunk: Uint8Array.of(0, 1) }, { ...info, outgoingFormat: linear }), {
      event: "playAudio",
      media: { contentType: "audio/x-l16", sampleRate: 16000, payload: "AAE=" }
    })
  })
})
