import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { answer, callerRoom, destinationRoom, reject } from "../../../src/providers/vonage/ncco.ts"

const links = {
  answer: "https://voice.example.com/api/v1/telephony/answer/token",
  route: (path: string) => `https://voice.example.com/api/v1/telephony/vonage${path}/token`
}
const mediaUrl = "wss://voice.example.com/api/v1/telephony/ws/ticket"

describe("the answer to a call", () => {
  it("connects the media socket at 16 kHz, and nothing comes after it", () => {
    const reply = answer({ callId: "run-42", mediaUrl, links })
    assert.strictEqual(reply.status, 200)
    assert.strictEqual(reply.contentType, "application/json")
    assert.deepStrictEqual(JSON.parse(reply.body), [
      {
        action: "connect",
        eventType: "synchronous",
        eventUrl: ["https://voice.example.com/api/v1/telephony/vonage/media-status/token"],
        eventMethod: "POST",
        endpoint: [
          {
            type: "websocket",
            uri: mediaUrl,
            "content-type": "audio/l16;rate=16000",
            headers: { call_id: "run-42" },
            authorization: { type: "vonage" }
          }
        ]
      }
    ])
  })

  it("holds any id unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (callId) => {
        const [connect] = JSON.parse(answer({ callId, mediaUrl, links }).body)
        assert.strictEqual(connect.endpoint[0].headers.call_id, callId)
      })
    )
  })
})

describe("a refusal", () => {
  for (const refusal of [
    "unknown-number",
    "no-agent",
    "inactive",
    "busy",
    "not-allowed",
    "over",
    "draining"
  ] as const) {
    it(`is one sentence, because there is no action that hangs up: ${refusal}`, () => {
      const reply = reject(refusal)
      const ncco = JSON.parse(reply.body)
      assert.strictEqual(reply.status, 200)
      assert.strictEqual(reply.contentType, "application/json")
      assert.strictEqual(ncco.length, 1)
      assert.strictEqual(ncco[0].action, "talk")
      assert.match(ncco[0].text, /\.$/)
    })
  }
})

describe("a transfer's conversation", () => {
  it("begins for the destination with the announcement, cut to what Vonage speaks, and ends when it leaves", () => {
    const room = { action: "conversation", name: "room-1", startOnEnter: true, endOnExit: true }
    assert.deepStrictEqual(destinationRoom("room-1", undefined), [room])
    const [talk, ...rest] = destinationRoom("room-1", "x".repeat(2000))
    assert.deepStrictEqual(talk, { action: "talk", text: "x".repeat(1500), language: "en-US" })
    assert.deepStrictEqual(rest, [room])
  })

  it("does not end when the caller leaves, who leaves it when moved there again", () =>
    assert.deepStrictEqual(callerRoom("room-1"), [
      { action: "conversation", name: "room-1", startOnEnter: true, endOnExit: false }
    ]))
})
