import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { serializerFor } from "../../../src/providers/vonage/serializer.ts"
import type { WireEvent } from "../../../src/Transport.ts"
import { callUuid } from "./account.ts"

const call = { callId: "run-42", providerCallId: callUuid, accountId: undefined }
const { decode, encode } = serializerFor(call)
const text = (message: string): WireEvent | undefined => decode({ data: Buffer.from(message, "utf8"), binary: false })
const json = (message: unknown) => text(JSON.stringify(message))
const binary = (data: Uint8Array) => decode({ data, binary: true })

const format = { encoding: "pcm_s16le", sampleRate: 16_000 } as const
const connected = { event: "websocket:connected", "content-type": "audio/l16;rate=16000", call_id: "run-42" }

const idOf = (event: WireEvent | undefined) => (event?._tag === "Started" ? event.info.providerCallId : undefined)

describe("what Vonage sends", () => {
  it("connected completes the handshake: the call is the one that our header names", () =>
    assert.deepStrictEqual(json({ ...connected, flag: true }), {
      _tag: "Started",
      info: {
        providerCallId: callUuid,
        streamId: "run-42",
        incomingFormat: format,
        outgoingFormat: format,
        parameters: { call_id: "run-42" }
      }
    }))

  it("connected of another call is refused, without a header it is believed by its ticket", () => {
    assert.notStrictEqual(idOf(json({ ...connected, call_id: "run-43" })), callUuid)
    assert.isDefined(idOf(json({ ...connected, call_id: "run-43" })))
    assert.strictEqual(idOf(json({ ...connected, call_id: undefined })), callUuid)
    const unknown = serializerFor({ ...call, providerCallId: undefined })
    const unknownJson = (message: unknown) =>
      unknown.decode({ data: Buffer.from(JSON.stringify(message)), binary: false })
    assert.isDefined(idOf(unknownJson(connected)))
    assert.isUndefined(unknownJson({ ...connected, call_id: "run-43" }))
  })

  it("connected takes the rate that it names, and no other encoding", () => {
    const rateOf = (contentType: unknown) => {
      const event = json({ ...connected, "content-type": contentType })
      return event?._tag === "Started" ? event.info.incomingFormat.sampleRate : undefined
    }
    assert.strictEqual(rateOf("audio/l16;rate=8000"), 8000)
    assert.strictEqual(rateOf("audio/l16; rate=24000"), 24_000)
    for (const other of ["audio/l16;rate=11025", "audio/mulaw;rate=8000", "audio/l16", 16_000, undefined])
      assert.isUndefined(rateOf(other))
  })

  it("audio is the message itself, without a copy", () => {
    const frame = new Uint8Array(640).fill(7)
    const event = binary(frame)
    assert.strictEqual(event?._tag === "Audio" ? event.chunk : undefined, frame)
    assert.deepStrictEqual(binary(new Uint8Array()), { _tag: "Ignored" })
    assert.isUndefined(binary(new Uint8Array(641)))
  })

  it("digits come flat or nested", () => {
    assert.deepStrictEqual(json({ event: "websocket:dtmf", digit: "5", duration: 260 }), {
      _tag: "Digit",
      digit: "5",
      durationMs: 260
    })
    assert.deepStrictEqual(json({ event: "websocket:dtmf", dtmf: { digit: "#" } }), { _tag: "Digit", digit: "#" })
    for (const key of "0123456789*#ABCD")
      assert.strictEqual(json({ event: "websocket:dtmf", digit: key })?._tag, "Digit")
    for (const key of ["", "12", "E", 5, null]) assert.isUndefined(json({ event: "websocket:dtmf", digit: key }))
  })

  it("an echoed notify is a mark, another's payload and an acknowledged clear are nothing", () => {
    assert.deepStrictEqual(json({ event: "websocket:notify", payload: { mark: "g3-7" } }), {
      _tag: "MarkReached",
      name: "g3-7"
    })
    assert.deepStrictEqual(json({ event: "websocket:notify", payload: { other: 1 } }), { _tag: "Ignored" })
    assert.deepStrictEqual(json({ event: "websocket:cleared" }), { _tag: "Ignored" })
    assert.deepStrictEqual(json({ event: "websocket:tomorrow" }), { _tag: "Ignored" })
  })

  it("text that is no event cannot be read", () => {
    for (const message of ["", "{", "null", "[]", '"x"', "{}", '{"event":1}', "Hello"])
      assert.isUndefined(text(message))
  })

  it("never fails, on bytes or on JSON", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        (data, isBinary) => void decode({ data, binary: isBinary })
      )
    )
    const event = fc.constantFrom("websocket:connected", "websocket:dtmf", "websocket:notify", "toString")
    const key = fc.constantFrom("content-type", "call_id", "digit", "dtmf", "payload", "mark", "__proto__")
    fc.assert(
      fc.property(event, fc.dictionary(key, fc.jsonValue()), (name, rest) => void json({ ...rest, event: name }))
    )
  })
})

describe("what we send", () => {
  const info = {
    providerCallId: callUuid,
    streamId: "run-42",
    incomingFormat: format,
    outgoingFormat: format,
    parameters: {}
  }
  const send = encode(info)

  it("audio is binary and bare, commands are text", () => {
    const chunk = new Uint8Array(640)
    assert.strictEqual(send({ _tag: "Audio", chunk }), chunk)
    assert.strictEqual(send({ _tag: "Clear" }), '{"action":"clear"}')
    assert.strictEqual(send({ _tag: "Mark", name: 'g"1' }), '{"action":"notify","payload":{"mark":"g\\"1"}}')
    assert.isUndefined(send({ _tag: "Digits", digits: "1" }))
  })

  it("marks come back unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const sent = send({ _tag: "Mark", name })
        const { payload } = JSON.parse(typeof sent === "string" ? sent : "{}")
        assert.deepStrictEqual(json({ event: "websocket:notify", payload }), { _tag: "MarkReached", name })
      })
    )
  })
})
