import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Redacted } from "effect"
import * as fc from "fast-check"
import { TelnyxWebhook } from "telnyx/lib/webhooks"
import { TestClock } from "effect/testing"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import { makeNonces } from "../../../src/carrier/nonces.ts"
import { readPublicKey, verifySignature } from "../../../src/providers/telnyx/signature.ts"
import { connectionId, offline, publicKeyA, publicKeyB, seedB, signed, stored, webhook } from "./account.ts"

const T1 =
  '{"data":{"event_type":"call.initiated","id":"0ccc7b54-4df3-4bca-a65a-3da1ecc777f0","occurred_at":"2023-11-14T22:13:20.000000Z","payload":{"call_control_id":"v3:test-ccid-1","call_leg_id":"428c31b6-7af4-4bcb-b7f5-5013ef9657c1","call_session_id":"428c31b6-abf3-3bc1-b7f4-5013ef9657c1","client_state":null,"connection_id":"1494404757140276705","direction":"incoming","from":"+15551230001","state":"parked","to":"+15551230002"},"record_type":"event"},"meta":{"attempt":1,"delivered_to":"https://example.com/telnyx/inbound"}}'
const T1signature = "qSMatQGahpgAIeTF/r0g1PuodFoebGeGRF+O8lMw9XFJT2plIio3QmjTF0b3f04tsYeiRkfdgOt/nZCYEtZXCA=="
const T2 =
  '{\n  "data": {\n    "event_type": "call.hangup",\n    "payload": { "call_control_id": "v3:test-ccid-2", "hangup_cause": "user_busy", "caller_id_name": "Zoë 🚀" },\n    "record_type": "event"\n  }\n}\n'
const T2signature = "xjJuU/VKOnAetrrbtHfUYBbQPVtND3tpQbCyxcaIARrq99hMkK4v2NMVd/tqD3nvrcAT2HpiqvtE/GRnwJXZAQ=="
const T3signature = "/fQ+qgb6hz+O6ry5QT5prtLrCysWqiWthSMcJoQLeStfdnhZgBEiZExtJZLgch/2ZjiLvKTwsnhifLkcxwJJCQ=="
const notANumber = "ZzJ+cVh8aC7Hx2NDop3brTzEUyeb5LV7oROe5HC4cXjAFtzCGKemSGjiXHf2uD8eBbOz4z5WHbC+MKC5rvBGBQ=="
const byKeyB = "HylLuRZZJAW00y2t7icoaXRpjDvgIRNqEAR9YzExUF+sSPWL5Ii/7OnMzlHkPq0urhgqo8OT6YRLCaGq65HOBw=="

interface Given {
  readonly body?: string
  readonly timestamp?: string | undefined
  readonly signature?: string | undefined
  readonly key?: string
}

const requestOf = ({ body = T1, ...given }: Given): RawRequest => ({
  method: "POST",
  publicUrl: "https://voice.example.com/x",
  headers: {
    "telnyx-timestamp": "timestamp" in given ? given.timestamp : "1700000000",
    "telnyx-signature-ed25519": "signature" in given ? given.signature : T1signature
  },
  body: Buffer.from(body, "utf8")
})

const checkAt = (clock: number, request: RawRequest, key = publicKeyA) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(clock * 1000)
    return yield* Effect.exit(offline((provider) => provider.verify(request), { ...stored, webhook_public_key: key }))
  })

/** Whether the signature is good now, by the machine's clock: the package that we compare with reads that one as well. */
const believed = (request: RawRequest): boolean =>
  Exit.isSuccess(
    Effect.runSyncExit(
      verifySignature(
        {
          publicKey: readPublicKey(Redacted.make(publicKeyA)),
          connectionId,
          configurationId: "one",
          nonces: makeNonces()
        },
        request
      )
    )
  )

const cases: ReadonlyArray<readonly [name: string, clock: number, given: Given, accepted: boolean]> = [
  ["T1", 1_700_000_000, {}, true],
  ["T1 300 s old", 1_700_000_300, {}, true],
  ["T1 300 s ahead", 1_699_999_700, {}, true],
  ["T1 301 s old", 1_700_000_301, {}, false],
  ["T1 301 s ahead", 1_699_999_699, {}, false],
  ["T2, pretty-printed", 1_700_000_000, { body: T2, signature: T2signature }, true],
  ["T2 written again", 1_700_000_000, { body: JSON.stringify(JSON.parse(T2)), signature: T2signature }, false],
  ["T2 without its last line break", 1_700_000_000, { body: T2.trimEnd(), signature: T2signature }, false],
  ["T3", 1_700_000_123, { body: "{}", timestamp: "1700000123", signature: T3signature }, true],
  ["T1 with another direction", 1_700_000_000, { body: T1.replace("incoming", "outgoing") }, false],
  ["T1 with another timestamp", 1_700_000_000, { timestamp: "1700000001" }, false],
  ["T1 with the same timestamp written differently", 1_700_000_000, { timestamp: "01700000000" }, false],
  ["T1 with letters in the timestamp", 1_700_000_000, { timestamp: "1700000000abc" }, false],
  ["a timestamp that is no number", 1_700_000_000, { timestamp: "not-a-number", signature: notANumber }, false],
  ["T1 under public key B", 1_700_000_000, { key: publicKeyB }, false],
  ["key B's signature under key A", 1_700_000_000, { signature: byKeyB }, false],
  ["key B's signature under key B", 1_700_000_000, { signature: byKeyB, key: publicKeyB }, true],
  ["32 bytes of signature", 1_700_000_000, { signature: Buffer.alloc(32).toString("base64") }, false],
  ["no signature", 1_700_000_000, { signature: undefined }, false],
  ["no timestamp", 1_700_000_000, { timestamp: undefined }, false],
  ["two signatures", 1_700_000_000, { signature: `${T1signature}, ${T1signature}` }, false],
  ["a public key with a line break", 1_700_000_000, { key: `${publicKeyA}\n` }, true],
  ["a byte order mark before the body", 1_700_000_000, { body: `\ufeff${T1}` }, false]
]

const hash = (body: string) => createHash("sha256").update(body).digest("hex")

describe("the signature of a webhook", () => {
  it("is checked with vectors that are what the documents say", () => {
    assert.strictEqual(hash(T1), "1679be053164821ff6fb97743eeeb459b27e4060dda37837b937ebc9e13be17f")
    assert.strictEqual(hash(T2), "1f0a982ea810687c3c5d964a213d912ca477d90f5f3045fff46d84fb142336b1")
  })

  for (const [name, clock, { key, ...given }, accepted] of cases) {
    it.effect(`${accepted ? "accepts" : "refuses"} ${name}`, () =>
      Effect.map(checkAt(clock, requestOf(given), key), (exit) => assert.strictEqual(Exit.isSuccess(exit), accepted))
    )
  }

  it.effect("is not believed without a public key", () =>
    Effect.gen(function* () {
      const { webhook_public_key: _, ...keyless } = stored
      const error = yield* Effect.flip(offline((provider) => provider.verify(webhook("{}")), keyless))
      assert.include(error instanceof Error && "reason" in error ? error.reason : "", "public key")
    })
  )

  it.effect("is not believed for another application of the same account", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const other = { ...stored, connection_id: "1494404757140276799" }
      yield* Effect.flip(offline((provider) => provider.verify(requestOf({})), other))
      const { connection_id: _, ...own } = stored
      yield* offline((provider) => provider.verify(requestOf({})), own)
    })
  )

  it.effect("is good again at the same URL, for a redelivery, and at no other: the URL is not signed", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const first = requestOf({})
      yield* offline((provider) =>
        Effect.gen(function* () {
          yield* provider.verify(first)
          yield* provider.verify(first)
          yield* Effect.flip(provider.verify({ ...first, publicUrl: "https://voice.example.com/y" }))
        })
      )
    })
  )

  it("covers every byte of the body, and the timestamp", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: -250, max: 250 }),
        (body, position, flip, late) => {
          const timestamp = String(Math.floor(new Date().getTime() / 1000) + late)
          const headers = signed(body, timestamp)
          const sent: RawRequest = { method: "POST", publicUrl: "https://voice.example.com/x", headers, body }
          assert.isTrue(believed(sent))
          const tampered = Buffer.from(body)
          const at = position % Math.max(1, body.length)
          if (body.length > 0) tampered[at] = (tampered[at] ?? 0) ^ flip
          assert.strictEqual(believed({ ...sent, body: tampered }), body.length === 0)
          assert.isFalse(believed({ ...sent, body: Buffer.concat([body, Buffer.of(flip)]) }))
          const later = String(Number(timestamp) + 1)
          assert.isFalse(believed({ ...sent, headers: { ...headers, "telnyx-timestamp": later } }))
          assert.isFalse(believed({ ...sent, headers: signed(body, timestamp, seedB) }))
        }
      )
    )
  })

  it("reads any 32 bytes as a key, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const key = readPublicKey(Redacted.make(Buffer.from(bytes).toString("base64")))
        assert.strictEqual(key !== undefined, bytes.length === 32)
      })
    )
  })
})

describe("against Telnyx's own package", () => {
  it("what it accepts we accept, and what it refuses we refuse", async () => {
    const theirs = new TelnyxWebhook(publicKeyA)
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.constantFrom("", "x"), fc.boolean(), async (text, suffix, isOtherKey) => {
        const timestamp = String(Math.floor(new Date().getTime() / 1000))
        const headers = signed(Buffer.from(text), timestamp, isOtherKey ? seedB : undefined)
        const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value ?? ""]))
        const accepted = await theirs.verify(text + suffix, plain).then(
          () => true,
          () => false
        )
        const body = Buffer.from(text + suffix)
        assert.strictEqual(
          believed({ method: "POST", publicUrl: "https://voice.example.com/x", headers, body }),
          accepted
        )
        assert.strictEqual(accepted, suffix === "" && !isOtherKey)
      })
    )
  })
})
