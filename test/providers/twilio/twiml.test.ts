import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { Refusal } from "../../../src/carrier/TelephonyProvider.ts"
import { answer, reject } from "../../../src/providers/twilio/twiml.ts"
import { parseXml } from "../../carrier/strictXml.ts"

const links = {
  answer: "https://voice.example.com/api/v1/telephony/answer/token",
  route: (path: string) => `https://voice.example.com/api/v1/telephony/twilio${path}/to&ken`
}

describe("the answer to a call", () => {
  it("connects the media socket both ways and then hangs up, without a pause", () => {
    const reply = answer({ callId: "run-42", mediaUrl: "wss://voice.example.com/api/v1/telephony/ws/ticket", links })
    assert.strictEqual(reply.status, 200)
    assert.strictEqual(reply.contentType, "text/xml; charset=utf-8")
    assert.strictEqual(
      reply.body,
      '<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="wss://voice.example.com/api/v1/telephony/ws/ticket" name="run-42" statusCallback="https://voice.example.com/api/v1/telephony/twilio/stream-status/to&amp;ken" statusCallbackMethod="POST"/></Connect><Hangup/></Response>'
    )
  })

  it("is well-formed whatever the ids hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (callId) => {
        assert.isDefined(parseXml(answer({ callId, mediaUrl: `wss://h/${callId}`, links }).body))
      })
    )
  })
})

describe("a refusal", () => {
  it("is a busy tone when that is the reason", () =>
    assert.strictEqual(
      reject("busy").body,
      '<?xml version="1.0" encoding="UTF-8"?><Response><Reject reason="busy"/></Response>'
    ))

  for (const refusal of [
    "unknown-number",
    "no-agent",
    "inactive",
    "not-allowed",
    "over",
    "draining"
  ] as const satisfies ReadonlyArray<Refusal>) {
    it(`is spoken and followed by a hang-up: ${refusal}`, () => {
      const reply = reject(refusal)
      const document = parseXml(reply.body)
      const [say, hangUp] = document?.children ?? []
      assert.strictEqual(reply.status, 200)
      assert.strictEqual(reply.contentType, "text/xml; charset=utf-8")
      assert.strictEqual(document?.name, "Response")
      assert.isObject(say)
      assert.strictEqual(typeof say === "object" ? say.name : "", "Say")
      assert.deepStrictEqual(hangUp, { name: "Hangup", attributes: {}, children: [] })
    })
  }
})
