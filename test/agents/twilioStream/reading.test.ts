import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readArrival, readMessage } from "../../../src/agents/twilioStream/reading.ts"

const streamSid = "MZ00000000000000000000000000000004"
const read = (text: string) => readArrival({ data: Buffer.from(text), binary: false }, streamSid)
const readJson = (message: unknown) => read(JSON.stringify(message))
const media = (payload: unknown, sid: unknown = streamSid) => ({ event: "media", streamSid: sid, media: { payload } })

describe("what a bot sends", () => {
  it("is read as audio, marks and clears", () => {
    const audio = Buffer.from([1, 2, 3, 4])
    const expected = { _tag: "Media", chunk: audio } as const
    assert.deepStrictEqual(readJson(media(audio.toString("base64"))), expected)
    assert.deepStrictEqual(
      read(`{"event": "media", "streamSid": "${streamSid}", "media": {"payload": "AQIDBA=="}}`),
      expected,
      "as Python's encoder writes it"
    )
    assert.deepStrictEqual(
      read(`{"media":{"payload":"AQIDBA=="},"streamSid":"${streamSid}","event":"media"}`),
      expected
    )
    assert.deepStrictEqual(readJson({ ...media("AQIDBA=="), sequenceNumber: "7" }), expected)
    assert.deepStrictEqual(
      read(`{"event":"media","streamSid":"${streamSid}","media":{"payload":"\\/\\/8="}}`),
      { _tag: "Media", chunk: Buffer.from([0xff, 0xff]) },
      "as PHP's encoder writes it"
    )
    assert.deepStrictEqual(readJson(media("")), { _tag: "Media", chunk: Buffer.alloc(0) })
    assert.deepStrictEqual(readJson({ event: "mark", streamSid, mark: { name: "said" } }), {
      _tag: "Mark",
      name: "said"
    })
    assert.deepStrictEqual(readJson({ event: "clear", streamSid }), { _tag: "Clear" })
  })

  it("does nothing when it is for another stream, or no event of the protocol", () => {
    for (const sid of ["MZ00000000000000000000000000000005", "", null, 7]) {
      assert.deepInclude(readJson(media("AQIDBA==", sid)), { _tag: "Ignored", reason: "another_stream" })
    }
    assert.deepInclude(readJson({ event: "clear" }), { _tag: "Ignored", reason: "another_stream" })
    for (const event of ["stop", "dtmf", "constructor", "__proto__", ""]) {
      assert.deepInclude(readJson({ event, streamSid }), { _tag: "Ignored", reason: "unknown_event" })
    }
  })

  it("is unreadable when it is no JSON, binary, or not whole", () => {
    for (const text of [
      "",
      "{",
      "7",
      "[]",
      "null",
      '{"streamSid":"x"}',
      '{"event":7}',
      JSON.stringify(media(7)),
      JSON.stringify(media("AQIDBA=")),
      JSON.stringify(media("AQID BA=")),
      JSON.stringify({ event: "media", streamSid }),
      JSON.stringify({ event: "mark", streamSid }),
      JSON.stringify({ event: "mark", streamSid, mark: { name: "" } }),
      JSON.stringify({ event: "mark", streamSid, mark: { name: "x".repeat(1025) } })
    ]) {
      assert.strictEqual(read(text)._tag, "Unreadable", text)
    }
    const binary = readArrival(
      { data: Buffer.from(JSON.stringify({ event: "clear", streamSid })), binary: true },
      streamSid
    )
    assert.strictEqual(binary._tag, "Unreadable")
  })

  it("is the same audio that the bot put in, however it is laid out", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(undefined, 1, 4), (audio, indent) => {
        const text = JSON.stringify(media(Buffer.from(audio).toString("base64")), null, indent)
        assert.deepStrictEqual(read(text), { _tag: "Media", chunk: Buffer.from(audio) })
      })
    )
  })

  it("means the same to the quick reader as to the parser", () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((audio) => Buffer.from(audio).toString("base64")),
      fc.string({ maxLength: 12 }),
      fc.stringMatching(/^[A-Za-z0-9+/=]{0,12}$/)
    )
    const sid = fc.constantFrom(streamSid, "MZ5", "", 'MZ"')
    fc.assert(
      fc.property(payload, sid, fc.boolean(), (text, of, spaced) => {
        const json = JSON.stringify(media(text, of))
        const message = spaced ? json.replaceAll(/(?<=":|",)(?=["{])/g, " ") : json
        assert.deepStrictEqual(read(message), readMessage(message, streamSid))
      })
    )
  })

  it("may be anything", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text))
        ),
        (data) => {
          assert.include(
            ["Unreadable", "Ignored"],
            readArrival({ data: Buffer.from(data), binary: false }, streamSid)._tag
          )
        }
      )
    )
    fc.assert(
      fc.property(
        fc.constantFrom("media", "mark", "clear"),
        fc.dictionary(fc.constantFrom("media", "mark", "streamSid", "x"), fc.jsonValue()),
        (event, rest) => {
          assert.include(["Unreadable", "Ignored", "Mark", "Media", "Clear"], readJson({ ...rest, event })._tag)
        }
      )
    )
  })

  it("may be nested as deep as a message is long", () => {
    assert.strictEqual(read("[".repeat(500_000))._tag, "Unreadable")
    assert.strictEqual(read(`${"[".repeat(500_000)}${"]".repeat(500_000)}`)._tag, "Unreadable")
  })
})
