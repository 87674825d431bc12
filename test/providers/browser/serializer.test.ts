import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { serializerFor } from "../../../src/providers/browser/serializer.ts"
import type { TransportInfo } from "../../../src/Transport.ts"

const call = { callId: "ours", providerCallId: "theirs", accountId: undefined }
const { decode, encode } = serializerFor(call)

const text = (value: string) => decode({ data: Buffer.from(value), binary: false })
const json = (value: unknown) => text(JSON.stringify(value))
const bytes = (data: Uint8Array) => decode({ data, binary: true })

const infoOf = (event: ReturnType<typeof decode>): TransportInfo | undefined =>
  event?._tag === "Started" ? event.info : undefined

describe("the messages of a page", () => {
  it("starts at the rate that the page names, both ways", () => {
    for (const sampleRate of [8000, 16_000, 24_000, 48_000]) {
      const info = infoOf(json({ type: "start", sample_rate: sampleRate }))
      assert.deepInclude(info, { providerCallId: "theirs", parameters: {} })
      assert.deepEqual(info?.incomingFormat, { encoding: "pcm_s16le", sampleRate })
      assert.deepEqual(info?.outgoingFormat, { encoding: "pcm_s16le", sampleRate })
    }
    for (const sampleRate of [44_100, 0, -8000, 16_000.5, "16000", null, undefined])
      assert.isUndefined(json({ type: "start", sample_rate: sampleRate }))
  })

  it("is of this call, or names another, which no call has", () => {
    const start = { type: "start", sample_rate: 16_000 }
    assert.strictEqual(infoOf(json({ ...start, call_id: "ours" }))?.providerCallId, "theirs")
    assert.notStrictEqual(infoOf(json({ ...start, call_id: "theirs" }))?.providerCallId, "theirs")
  })

  it("reads keys, marks and the hanging up, with fields that are not known yet", () => {
    assert.deepEqual(json({ type: "digit", digit: "#", since: 7 }), { _tag: "Digit", digit: "#" })
    assert.deepEqual(json({ type: "mark", name: "m1" }), { _tag: "MarkReached", name: "m1" })
    assert.deepEqual(json({ type: "hangup" }), { _tag: "Stopped" })
    for (const digit of ["", "12", "E", "w", 1]) assert.isUndefined(json({ type: "digit", digit }))
  })

  it("takes whole samples", () => {
    const chunk = Uint8Array.of(1, 2, 3, 4)
    assert.deepEqual(bytes(chunk), { _tag: "Audio", chunk })
    assert.isUndefined(bytes(Uint8Array.of(1, 2, 3)))
    assert.isUndefined(bytes(new Uint8Array(0)))
  })

  it("never fails, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (data, binary) => void decode({ data, binary }))
    )
    const key = fc.constantFrom("sample_rate", "call_id", "digit", "name", "__proto__", "toString")
    const type = fc.constantFrom("start", "digit", "mark", "hangup", "toString", "constructor")
    fc.assert(
      fc.property(type, fc.dictionary(key, fc.jsonValue()), (type, rest) => {
        const event = json({ ...rest, type })
        if (event?._tag === "Digit") assert.match(event.digit, /^[0-9*#A-D]$/)
      })
    )
  })

  it("are answered with bare audio and JSON, and never with digits", () => {
    const info = infoOf(json({ type: "start", sample_rate: 16_000 })) ?? assert.fail("no start")
    const say = encode(info)
    const chunk = Uint8Array.of(1, 2)
    assert.strictEqual(say({ _tag: "Audio", chunk }), chunk)
    assert.strictEqual(say({ _tag: "Mark", name: 'a"b' }), '{"type":"mark","name":"a\\"b"}')
    assert.strictEqual(say({ _tag: "Clear" }), '{"type":"clear"}')
    assert.isUndefined(say({ _tag: "Digits", digits: "1" }))
  })
})
