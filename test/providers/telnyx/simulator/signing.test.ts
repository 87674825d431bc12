import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { TelnyxWebhook } from "telnyx/lib/webhooks"
import { newSigningKey, sign, signingKeyFromSeed } from "../../../../src/providers/telnyx/simulator/signing.ts"

const keyA = signingKeyFromSeed(Buffer.from("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", "hex"))
const keyB = signingKeyFromSeed(Buffer.from("a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf", "hex"))

const compact =
  '{"data":{"event_type":"call.initiated","id":"0ccc7b54-4df3-4bca-a65a-3da1ecc777f0","occurred_at":"2023-11-14T22:13:20.000000Z","payload":{"call_control_id":"v3:test-ccid-1","call_leg_id":"428c31b6-7af4-4bcb-b7f5-5013ef9657c1","call_session_id":"428c31b6-abf3-3bc1-b7f4-5013ef9657c1","client_state":null,"connection_id":"1494404757140276705","direction":"incoming","from":"+15551230001","state":"parked","to":"+15551230002"},"record_type":"event"},"meta":{"attempt":1,"delivered_to":"https://example.com/telnyx/inbound"}}'
const pretty =
  '{\n  "data": {\n    "event_type": "call.hangup",\n    "payload": { "call_control_id": "v3:test-ccid-2", "hangup_cause": "user_busy", "caller_id_name": "Zoë 🚀" },\n    "record_type": "event"\n  }\n}\n'

describe("the signature of the fake", () => {
  it("matches the published vectors", () => {
    assert.strictEqual(keyA.publicKey, "ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ=")
    assert.strictEqual(keyB.publicKey, "T9CZzNR9eJPf6ewkQU7LDZtUICMqrTDZHEZb4zy+ZcQ=")
    assert.strictEqual(
      sign(keyA, "1700000000", compact),
      "qSMatQGahpgAIeTF/r0g1PuodFoebGeGRF+O8lMw9XFJT2plIio3QmjTF0b3f04tsYeiRkfdgOt/nZCYEtZXCA=="
    )
    assert.strictEqual(
      sign(keyA, "1700000000", pretty),
      "xjJuU/VKOnAetrrbtHfUYBbQPVtND3tpQbCyxcaIARrq99hMkK4v2NMVd/tqD3nvrcAT2HpiqvtE/GRnwJXZAQ=="
    )
    assert.strictEqual(
      sign(keyA, "1700000123", "{}"),
      "/fQ+qgb6hz+O6ry5QT5prtLrCysWqiWthSMcJoQLeStfdnhZgBEiZExtJZLgch/2ZjiLvKTwsnhifLkcxwJJCQ=="
    )
    assert.strictEqual(
      sign(keyA, "not-a-number", compact),
      "ZzJ+cVh8aC7Hx2NDop3brTzEUyeb5LV7oROe5HC4cXjAFtzCGKemSGjiXHf2uD8eBbOz4z5WHbC+MKC5rvBGBQ=="
    )
    assert.strictEqual(
      sign(keyB, "1700000000", compact),
      "HylLuRZZJAW00y2t7icoaXRpjDvgIRNqEAR9YzExUF+sSPWL5Ii/7OnMzlHkPq0urhgqo8OT6YRLCaGq65HOBw=="
    )
  })

  it.live("is what the carrier's own library expects, for any body, and nothing else is", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 200 }), async (text) => {
          const key = newSigningKey()
          const timestamp = String(Math.floor(Date.now() / 1000))
          const body = text.toWellFormed()
          const headers = { "telnyx-timestamp": timestamp, "telnyx-signature-ed25519": sign(key, timestamp, body) }
          const taken = (publicKey: string, payload: string) =>
            new TelnyxWebhook(publicKey)
              .verify(payload, headers)
              .then(() => true)
              .catch(() => false)
          assert.isTrue(await taken(key.publicKey, body))
          assert.isFalse(await taken(key.publicKey, `${body} `))
          assert.isFalse(await taken(keyA.publicKey, body))
        }),
        { numRuns: 20 }
      )
    )
  )
})
