import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import * as fc from "fast-check"
import { Settings } from "../../src/Settings.ts"
import { fromKeys, Secrets } from "../../src/store/Secrets.ts"
import { UrlTokens } from "../../src/organizations/UrlTokens.ts"

const key = (byte: number) => Redacted.make(Buffer.alloc(32, byte).toString("base64"))
const tokensOf = (...[first, ...rest]: [number, ...Array<number>]) =>
  Effect.provide(
    Effect.service(UrlTokens),
    UrlTokens.layer.pipe(
      Layer.provide(Layer.succeed(Secrets, fromKeys([key(first), ...rest.map(key)]))),
      Layer.provide(Settings.test({ PUBLIC_URL: "https://voice.example/prefix" }))
    )
  )

const id = "01900000-0000-7000-8000-00000000abcd"

describe("tokens in URLs", () => {
  it.effect("name their subject, and nothing of another kind", () =>
    Effect.gen(function* () {
      const tokens = yield* tokensOf(1)
      const token = tokens.sign("call", id)
      assert.match(token, /^[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}$/)
      assert.deepStrictEqual(tokens.read("call", token), Option.some(id))
      assert.isTrue(Option.isNone(tokens.read("transfer", token)))
      assert.isTrue(Option.isNone(tokens.read("configuration", token)))
      const links = tokens.callLinks(id, "acme")
      assert.strictEqual(links.answer, `https://voice.example/prefix/api/v1/telephony/answer/${token}`)
      assert.strictEqual(links.route("/status"), `https://voice.example/prefix/api/v1/telephony/acme/status/${token}`)
      assert.strictEqual(tokens.inbound("acme"), "https://voice.example/prefix/api/v1/telephony/inbound/acme")
      assert.strictEqual(
        tokens.inbound("acme", id),
        `https://voice.example/prefix/api/v1/telephony/inbound/acme/${tokens.sign("configuration", id)}`
      )
    })
  )

  it.effect("of an old key are good while the key stays listed, and the newest signs", () =>
    Effect.gen(function* () {
      const before = yield* tokensOf(1)
      const during = yield* tokensOf(2, 1)
      const after = yield* tokensOf(2)
      const old = before.sign("call", id)
      assert.deepStrictEqual(during.read("call", old), Option.some(id))
      assert.deepStrictEqual(after.read("call", during.sign("call", id)), Option.some(id))
      assert.isTrue(Option.isNone(after.read("call", old)))
    })
  )

  it.effect("that were tampered with name nothing", () =>
    Effect.gen(function* () {
      const tokens = yield* tokensOf(1)
      const token = tokens.sign("call", id)
      const other = fc.constantFrom(...Array.from("0123456789abcdefABCXYZ-_.%"))
      const tampered = fc
        .tuple(fc.nat(token.length - 1), fc.constantFrom("replace", "insert", "drop"), other)
        .map(([at, how, char]) =>
          how === "drop"
            ? token.slice(0, at) + token.slice(at + 1)
            : token.slice(0, at) + char + token.slice(how === "replace" ? at + 1 : at)
        )
      fc.assert(
        fc.property(fc.oneof(tampered, fc.string(), fc.uuid()), (wrong) => {
          // The last character of base64url has two bits that mean nothing: nobody gains by them.
          const same = wrong.length === token.length && wrong.slice(0, -1) === token.slice(0, -1)
          assert.isTrue(same || Option.isNone(tokens.read("call", wrong)), wrong)
        }),
        { numRuns: 1000 }
      )
    })
  )
})
