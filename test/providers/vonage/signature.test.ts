import { assert, describe, it } from "@effect/vitest"
import { verifySignature as sdkVerify } from "@vonage/jwt"
import { Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import { spec } from "../../../src/providers/vonage/index.ts"
import { claimsOf, offline, request, sign, stored, url, webhook } from "./account.ts"
import { answered, answerWebhook, apiKey, issuedAt, query, secret, tokens } from "./signatureVectors.ts"

const get = (token: string, text = query) =>
  request("", token, { method: "GET", publicUrl: `https://voice.example.com/x?${text}`, body: new Uint8Array() })

/** Whether a request is let in at this time, s since 1970. */
const accepts = (raw: RawRequest, at = issuedAt, values = stored) =>
  Effect.andThen(
    TestClock.setTime(at * 1000),
    offline((provider) => Effect.map(Effect.exit(provider.verify(raw)), Exit.isSuccess), values)
  )

const vectors: ReadonlyArray<readonly [name: string, raw: RawRequest, accepted: boolean, at?: number]> = [
  ["V1, an event", request(answered, tokens.V1), true],
  ["V2, an answer webhook in UTF-8", request(answerWebhook, tokens.V2), true, issuedAt + 100],
  ["V3, no hash over an empty body", request("", tokens.V3), true],
  ["V3, no hash over a body", request(answered, tokens.V3), false],
  ["G1, a GET", get(tokens.G1), true],
  ["G1, a GET with another query", get(tokens.G1, query.replace("15551230002", "15551230003")), false],
  ["G1, a GET with another order of parameters", get(tokens.G1, query.split("&").reverse().join("&")), false],
  ["V11, a hash in capitals", request(answered, tokens.V11), true],
  ["N1, the wrong secret", request(answered, tokens.N1), false],
  ["N2, another body", request(answerWebhook, tokens.V1), false],
  ["N2b, one word changed", request(answered.replace("answered", "completed"), tokens.V1), false],
  ["N3, no algorithm", request(answered, tokens.N3), false],
  ["N4, HS512", request(answered, tokens.N4), false],
  ["N5, another account", request(answered, tokens.N5), false],
  ["N6, another application", request(answered, tokens.N6), false],
  ["N7, another issuer", request(answered, tokens.N7), false],
  ["N8, a stale token", request(answered, tokens.N8), false],
  ["N8b, after 300 s", request(answered, tokens.V1), true, issuedAt + 300],
  ["N8b, after 301 s", request(answered, tokens.V1), false, issuedAt + 301],
  ["N9, an expired token", request(answered, tokens.N9), false],
  ["N10, claims changed under the signature", request(answered, tokens.N10), false],
  ["30 s ahead of our clock", request(answered, tokens.V1), true, issuedAt - 30],
  ["31 s ahead of our clock", request(answered, tokens.V1), false, issuedAt - 31],
  ["no signature", request(answered, undefined), false],
  ["another scheme", { ...request(answered, undefined), headers: { authorization: `Basic ${tokens.V1}` } }, false],
  [
    "the scheme in small letters",
    { ...request(answered, undefined), headers: { authorization: `bearer ${tokens.V1}` } },
    true
  ],
  ["four parts", request(answered, `${tokens.V1}.x`), false],
  ["a body that a proxy has indented", request(JSON.stringify(JSON.parse(answered), null, 2), tokens.V1), true]
]

describe("the signature of a webhook", () => {
  for (const [name, raw, accepted, at] of vectors) {
    it.effect(`${name}: ${accepted ? "accepted" : "refused"}`, () =>
      Effect.map(accepts(raw, at), (verdict) => assert.strictEqual(verdict, accepted))
    )
  }

  it.effect("without a signature secret nothing is believed", () => {
    const { signature_secret: _, ...rest } = stored
    return Effect.map(accepts(request(answered, tokens.V1), issuedAt, rest), (verdict) => assert.isFalse(verdict))
  })

  it.effect(
    "a token counts for one request: the same again is let in, on another URL or with another body it is not",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(issuedAt * 1000)
        const verdicts = yield* offline((provider) =>
          Effect.forEach(
            [
              request(answered, tokens.V1),
              request(answered, tokens.V1),
              request(answered, tokens.V1, { publicUrl: `${url}x` }),
              request(JSON.stringify(JSON.parse(answered), null, 1), tokens.V1)
            ],
            (raw) => Effect.map(Effect.exit(provider.verify(raw)), Exit.isSuccess)
          )
        )
        assert.deepStrictEqual(verdicts, [true, true, false, false])
      })
  )

  it.effect("the official package signs as we check, and checks less than we do", () =>
    Effect.gen(function* () {
      assert.isTrue(sdkVerify(sign({ ...claimsOf(answered), exp: 4_000_000_000 }), secret))
      assert.isTrue(sdkVerify(tokens.N7, secret))
      assert.isFalse(yield* accepts(request(answered, tokens.N7)))
    })
  )

  it.effect("no changed character of token or body gets in", () =>
    Effect.gen(function* () {
      const samples = fc.sample(fc.tuple(fc.boolean(), fc.nat(), fc.constantFrom("A", "b", "0", "-", ".", " ")), 150)
      for (const [inToken, position, character] of samples) {
        const changed = (text: string) => {
          const at = position % text.length
          return text.slice(0, at) + character + text.slice(at + 1)
        }
        const token = inToken ? changed(tokens.V1) : tokens.V1
        const body = inToken ? answered : changed(answered)
        // The last character of a signature has bits that mean nothing.
        const same =
          body === answered &&
          token.split(".").length === 3 &&
          token
            .split(".")
            .every((part, at) =>
              Buffer.from(part, "base64url").equals(Buffer.from(tokens.V1.split(".")[at] ?? "", "base64url"))
            )
        if (!same) assert.isFalse(yield* accepts(request(body, token)), `${token} ${body}`)
      }
    })
  )
})

const upgrade = (token: string | undefined) => request("", token, { method: "GET", publicUrl: "https://h/ws/ticket" })

const admits = (raw: RawRequest) =>
  Effect.andThen(
    TestClock.setTime(issuedAt * 1000),
    offline((provider) =>
      Effect.map(Effect.exit(provider.verifyUpgrade?.(raw) ?? Effect.die("no capability")), Exit.isSuccess)
    )
  )

describe("the upgrade of a media socket", () => {
  it.effect("is checked where it is signed, whatever its hash covers; unsigned ones are let in by their ticket", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* admits(upgrade(sign(claimsOf("anything")))))
      assert.isTrue(yield* admits(upgrade(undefined)))
      for (const token of [tokens.N1, tokens.N5, tokens.N6, tokens.N7, tokens.N8, tokens.N3])
        assert.isFalse(yield* admits(upgrade(token)))
      assert.isFalse(yield* admits({ ...upgrade(undefined), headers: { authorization: "Basic abc" } }))
    })
  )

  it.effect("its token is good for no webhook afterwards", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(issuedAt * 1000)
      const [opened, verified] = yield* offline((provider) =>
        Effect.gen(function* () {
          const opening = provider.verifyUpgrade?.(upgrade(tokens.V1)) ?? Effect.die("no capability")
          const opened = yield* Effect.exit(opening)
          return [opened, yield* Effect.exit(provider.verify(request(answered, tokens.V1)))] as const
        })
      )
      assert.isTrue(Exit.isSuccess(opened))
      assert.isTrue(Exit.isFailure(verified))
    })
  )
})

describe("whose request it is", () => {
  it("is claimed by the token", () => {
    assert.strictEqual(spec.claimedAccountId(webhook({})), apiKey)
    assert.isTrue(spec.recognize(webhook({})))
    assert.isTrue(spec.recognize(get(tokens.G1)))
  })

  it("another carrier's token, or none, is not recognised", () => {
    for (const token of [undefined, "x", "a.b.c", tokens.N7, sign({ iss: "Vonage" }), sign({ api_key: "k" })])
      assert.isFalse(spec.recognize(request(answered, token)))
  })

  it("never fails on any header", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (authorization) => {
        const raw = { ...request(answered, undefined), headers: { authorization: `Bearer ${authorization}` } }
        void spec.recognize(raw)
        void spec.claimedAccountId(raw)
      })
    )
  })
})
