import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { makeSpeaker, readCommand } from "../../../../src/providers/ari/simulator/control.ts"
import { readEndpoint, readSocketOptions } from "../../../../src/providers/ari/simulator/dialString.ts"
import { formatNamed } from "../../../../src/providers/ari/simulator/formats.ts"
import { mediaTarget } from "../../../../src/providers/ari/simulator/mediaSocket.ts"
import { releaseOf } from "../../../../src/providers/ari/simulator/release.ts"

const ulaw = formatNamed("ulaw") ?? assert.fail("ulaw")
const start = { connectionId: "ID", channelName: "WebSocket/gateway_media/0x7f", channelId: "CH", format: ulaw }
const status = { length: 12, full: false, bulk: true, paused: false }

const number = (written: string) => readEndpoint(written)?.number

describe("media control", () => {
  it("is said with blanks and colons in plain text", () => {
    const say = makeSpeaker("plain-text", releaseOf("22.9.1"), "gw-1")
    assert.strictEqual(
      say.start(start),
      "MEDIA_START connection_id:ID channel:WebSocket/gateway_media/0x7f channel_id:CH format:ulaw optimal_frame_size:160 ptime:20"
    )
    assert.strictEqual(
      say.status(status),
      "STATUS channel_id:gw-1 queue_length:12 xon_level:800 xoff_level:900 queue_full:false bulk_media:true media_paused:false"
    )
    assert.strictEqual(say.digit("5"), "DTMF_END digit:5 channel_id:gw-1")
    assert.strictEqual(say.driver({ event: "MEDIA_XOFF" }), "MEDIA_XOFF")
    assert.strictEqual(say.driver({ event: "MEDIA_MARK_PROCESSED", id: "m1" }), "MEDIA_MARK_PROCESSED m1")
    assert.strictEqual(say.driver({ event: "MEDIA_BUFFERING_COMPLETED", id: "" }), "MEDIA_BUFFERING_COMPLETED")
    assert.strictEqual(say.error("free text"), "ERROR channel_id:gw-1 error_text:free text")
  })

  it("is an object in JSON", () => {
    const say = makeSpeaker("json", releaseOf("22.9.1"), "CH")
    assert.strictEqual(say.driver({ event: "MEDIA_XON" }), '{"event":"MEDIA_XON","channel_id":"CH"}')
    assert.strictEqual(say.digit("5"), '{"event":"DTMF_END","channel_id":"CH","digit":"5"}')
    assert.strictEqual(
      say.driver({ event: "MEDIA_MARK_PROCESSED", id: "" }),
      '{"event":"MEDIA_MARK_PROCESSED","channel_id":"CH","correlation_id":""}'
    )
    assert.strictEqual(
      say.status(status),
      '{"event":"STATUS","channel_id":"CH","queue_length":12,"xon_level":800,"xoff_level":900,"queue_full":false,"bulk_media":true,"media_paused":false}'
    )
  })

  it("names no channel and knows no ERROR in the first releases", () => {
    const say = makeSpeaker("plain-text", releaseOf("20.16.0"), "CH")
    assert.notInclude(say.start(start), "channel_id")
    assert.strictEqual(say.digit("5"), "DTMF_END digit:5")
    assert.isUndefined(say.error("x"))
  })

  it("is read in the format of the call only", () => {
    const json = '{"command":"STOP_MEDIA_BUFFERING","correlation_id":"a"}'
    assert.deepStrictEqual(readCommand(json, "json"), { name: "STOP_MEDIA_BUFFERING", id: "a", direction: undefined })
    assert.strictEqual(readCommand("FLUSH_MEDIA", "json"), "unreadable")
    assert.strictEqual(readCommand('{"order":1}', "json"), "unknown")
    assert.deepInclude(readCommand("MARK_MEDIA a b", "plain-text"), { name: "MARK_MEDIA", id: "a b" })
    assert.deepInclude(readCommand(json, "plain-text"), { name: json })
  })

  it("survives any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const read = readCommand(text, "json")
        assert.isTrue(typeof read === "string" || typeof read.name === "string")
        assert.isObject(readCommand(text, "plain-text"))
      })
    )
  })
})

describe("dial strings", () => {
  it("turn the commas of v() into ampersands, and refuse what is not URI-encoded", () => {
    const read = readSocketOptions("c(ulaw)nf(json)v(call=a%2Fb,token=x%2By%3D)d(in)", false)
    const options = Result.getOrElse(read, () => assert.fail("refused"))
    assert.deepStrictEqual(options, {
      codec: "ulaw",
      autoAnswer: false,
      uriParameters: "call=a%2Fb,token=x%2By%3D",
      control: "json",
      direction: "in",
      passthrough: false
    })
    assert.strictEqual(
      mediaTarget("wss://h.example/ws", options.uriParameters),
      "wss://h.example/ws?call=a%2Fb&token=x%2By%3D"
    )
    assert.strictEqual(mediaTarget("wss://h.example/ws?a=1", "b=2"), "wss://h.example/ws?a=1&b=2")
    for (const bad of ["v(call=a/b)", "v(call=ä)", "v(call)", "c(dance)", "d(up)"]) {
      assert.isTrue(Result.isFailure(readSocketOptions(bad, false)), bad)
    }
    assert.isTrue(Result.isFailure(readSocketOptions("v(a=1)", true)))
    const odd = Result.getOrElse(readSocketOptions("f(xml)", false), () => assert.fail("refused"))
    assert.strictEqual(odd.control, "plain-text")
  })

  it("say whom they call", () => {
    assert.strictEqual(number("PJSIP/15550001111@trunk"), "15550001111")
    assert.strictEqual(number("Local/5551234@ctx/n"), "5551234")
    assert.strictEqual(number("PJSIP/trunk/sip:+15550001111@203.0.113.9"), "+15550001111")
    assert.strictEqual(number("PJSIP/8001"), "8001")
    assert.isUndefined(number("8001"))
    assert.isUndefined(number("PJSIP/"))
  })

  it("are read whatever they are", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        readEndpoint(text)
        readSocketOptions(text, false)
      })
    )
  })
})
