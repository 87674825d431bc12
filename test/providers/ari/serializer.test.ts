import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readControl } from "../../../src/providers/ari/messages.ts"
import { serializer } from "../../../src/providers/ari/serializer.ts"
import type { TransportInfo, WireEvent } from "../../../src/Transport.ts"
import { callChannel, callId, mediaChannel } from "./pbx.ts"

const call = { callId, providerCallId: "1757062800.12", accountId: undefined }
const { decode, encode } = serializer(call)
const text = (message: string, by = decode): WireEvent | undefined => by({ data: Buffer.from(message), binary: false })

const jsonStart = (channel = mediaChannel, format = "ulaw") =>
  `{"event":"MEDIA_START","connection_id":"switchboard_media","channel":"WebSocket/switchboard_media/0x7f10","channel_id":"${channel}","format":"${format}","optimal_frame_size":160,"ptime":20,"channel_variables":{"MEDIA_WEBSOCKET_CONNECTION_ID":"switchboard_media","MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE":"160"}}`
const plainStart = (channel: string) =>
  `MEDIA_START connection_id:switchboard_media channel:WebSocket/switchboard_media/0x7f10 ${channel}format:ulaw optimal_frame_size:160 ptime:20`

const infoOf = (event: WireEvent | undefined): TransportInfo =>
  event?._tag === "Started" ? event.info : assert.fail(`no start: ${event?._tag}`)

describe("the media messages of Asterisk", () => {
  it("start with the media channel's name, in both notations", () => {
    const mulaw = { encoding: "mulaw", sampleRate: 8000 } as const
    assert.deepInclude(infoOf(text(jsonStart())), {
      providerCallId: "1757062800.12",
      streamId: mediaChannel,
      incomingFormat: mulaw,
      outgoingFormat: mulaw
    })
    assert.strictEqual(infoOf(text(plainStart(`channel_id:${mediaChannel} `))).providerCallId, "1757062800.12")
    assert.deepStrictEqual(infoOf(text(jsonStart(mediaChannel, "slin16"))).incomingFormat, {
      encoding: "pcm_s16le",
      sampleRate: 16000
    })
  })

  it("name our own channel where the dial's answer is not known yet", () => {
    const { decode } = serializer({ ...call, providerCallId: undefined })
    assert.strictEqual(infoOf(text(jsonStart(), decode)).providerCallId, callChannel)
  })

  it("of another call name another call, so that the socket is refused", () => {
    const other = mediaChannel.replace("1111-7111", "9999-7999")
    assert.strictEqual(infoOf(text(jsonStart(other))).providerCallId, other)
    assert.strictEqual(infoOf(text(jsonStart("1757062800.13"))).providerCallId, "1757062800.13")
  })

  it("of old releases do not name the channel: the ticket is believed", () => {
    assert.strictEqual(infoOf(text(plainStart(""))).providerCallId, "1757062800.12")
  })

  it("bring audio of any length in binary messages, also before the start", () => {
    for (const length of [1, 80, 160, 240, 320, 1920]) {
      const data = new Uint8Array(length).fill(7)
      assert.deepStrictEqual(decode({ data, binary: true }), { _tag: "Audio", chunk: data })
    }
    assert.deepStrictEqual(decode({ data: new Uint8Array(), binary: true }), { _tag: "Ignored" })
  })

  it("bring digits, marks and flow control in both notations", () => {
    const pairs: ReadonlyArray<readonly [json: string, plain: string, event: WireEvent]> = [
      [
        `{"event":"DTMF_END","channel_id":"CH","digit":"5"}`,
        "DTMF_END digit:5 channel_id:CH",
        { _tag: "Digit", digit: "5" }
      ],
      [`{"event":"DTMF_END","channel_id":"CH","digit":"#"}`, "DTMF_END digit:#", { _tag: "Digit", digit: "#" }],
      [`{"event":"MEDIA_XOFF","channel_id":"CH"}`, "MEDIA_XOFF", { _tag: "FlowControl", hold: true }],
      [`{"event":"MEDIA_XON","channel_id":"CH"}`, "MEDIA_XON", { _tag: "FlowControl", hold: false }],
      [
        `{"event":"MEDIA_MARK_PROCESSED","channel_id":"CH","correlation_id":"g0-1"}`,
        "MEDIA_MARK_PROCESSED g0-1",
        { _tag: "MarkReached", name: "g0-1" }
      ],
      [`{"event":"QUEUE_DRAINED","channel_id":"CH"}`, "QUEUE_DRAINED", { _tag: "Ignored" }],
      [`{"event":"NEW_THING"}`, "NEW_THING a:b", { _tag: "Ignored" }],
      [
        `{"event":"ERROR","channel_id":"CH","error_text":"a: b"}`,
        "ERROR channel_id:CH error_text:free text",
        { _tag: "Ignored" }
      ]
    ]
    for (const [json, plain, event] of pairs) {
      assert.deepStrictEqual(text(json), event, json)
      assert.deepStrictEqual(text(plain), event, plain)
    }
  })

  it("in plain text are a word and pairs split at the first colon", () => {
    const status = readControl(
      "STATUS channel_id:gw-1 queue_length:12 xon_level:800 xoff_level:900 queue_full:false bulk_media:true media_paused:false"
    )
    assert.strictEqual(status?.event, "STATUS")
    for (const [name, value] of Object.entries({ channel_id: "gw-1", queue_length: "12", bulk_media: "true" }))
      assert.strictEqual(status?.field(name), value)
    assert.strictEqual(readControl("X_Y url:http://a")?.field("url"), "http://a")
  })

  it("that cannot be read are undefined, never a failure", () => {
    for (const message of ["", "{", "[]", `{"no":"event"}`, "lower case", `{"event":"DTMF_END","digit":"55"}`])
      assert.isUndefined(text(message), message)
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (data, binary) => {
        decode({ data, binary })
      })
    )
    fc.assert(fc.property(fc.string(), (message) => void text(message)))
    fc.assert(fc.property(fc.json(), (message) => void text(message)))
  })
})

describe("what Asterisk is sent", () => {
  const json = encode(infoOf(text(jsonStart())))
  const plain = encode(infoOf(text(plainStart(""))))

  it("is audio as it is, in one binary message", () => {
    const chunk = new Uint8Array(160)
    assert.strictEqual(json({ _tag: "Audio", chunk }), chunk)
    assert.strictEqual(plain({ _tag: "Audio", chunk }), chunk)
  })

  it("is a flush for a barge-in, in the notation that Asterisk began with", () => {
    assert.strictEqual(json({ _tag: "Clear" }), `{"command":"FLUSH_MEDIA"}`)
    assert.strictEqual(plain({ _tag: "Clear" }), "FLUSH_MEDIA")
  })

  it("is a mark only where marks are known, and never longer than the 128 bytes that are read", () => {
    assert.isUndefined(plain({ _tag: "Mark", name: "g0-1" }))
    const mark = json({ _tag: "Mark", name: "g123456789-1234567890" })
    assert.strictEqual(mark, `{"command":"MARK_MEDIA","correlation_id":"g123456789-1234567890"}`)
    assert.isAtMost(typeof mark === "string" ? mark.length : 999, 128)
  })

  it("is no digit: those go by REST", () => {
    assert.isUndefined(json({ _tag: "Digits", digits: "1" }))
  })
})
