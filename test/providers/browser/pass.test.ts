import { randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { Refusal } from "../../../src/carrier/TelephonyProvider.ts"
import { spec } from "../../../src/providers/browser/index.ts"
import { provenPass, signPass } from "../../../src/providers/browser/pass.ts"
import { toolkit } from "../../carrier/localCarrier.ts"

const newKey = () => Redacted.make(new Uint8Array(randomBytes(32)))
const configurationId = "01900000-0000-7000-8000-000000000000"
const agentId = "01900000-0000-7000-8000-00000000000a"

const account = (ownKeys: ReadonlyArray<Redacted.Redacted<Uint8Array>>, id = configurationId) =>
  spec
    .load(Redacted.make({}), { configurationId: id, phoneNumbers: [], ownKeys })
    .pipe(Effect.provide(toolkit("http://127.0.0.1:9")), Effect.orDie)

const request = (body: string, change: Partial<RawRequest> = {}): RawRequest => ({
  method: "POST",
  publicUrl: "https://switchboard.example/api/v1/telephony/inbound/browser/token",
  headers: {},
  body: Buffer.from(body),
  urlToken: "configuration",
  ...change
})

const invited = (keys: ReadonlyArray<Redacted.Redacted<Uint8Array>>, id?: string) =>
  Effect.gen(function* () {
    const provider = yield* account(keys, id)
    const invite = provider.webPhone?.invite({ agentId, agentName: "Front desk" }) ?? Effect.die("no phone")
    return { provider, body: yield* invite }
  })

describe("a pass", () => {
  it.effect("begins a call to the agent that it names, and is another call each time", () =>
    Effect.gen(function* () {
      const { body, provider } = yield* invited([newKey()])
      const call = yield* Effect.flatMap(provider.verify(request(body)), provider.parseInbound)
      assert.deepInclude(call, { from: "browser", to: "Front desk", agentId })
      assert.match(call?.providerCallId ?? "", /^[0-9a-f-]{36}$/)
      const again = yield* Effect.flatMap(provider.verify(request(body)), provider.parseInbound)
      assert.strictEqual(again?.providerCallId, call?.providerCallId)
      const other = yield* provider.webPhone?.invite({ agentId, agentName: "Front desk" }) ?? Effect.die("no phone")
      const next = yield* Effect.flatMap(provider.verify(request(other)), provider.parseInbound)
      assert.notStrictEqual(next?.providerCallId, call?.providerCallId)
    })
  )

  it.effect("is good for 60 s", () =>
    Effect.gen(function* () {
      const { body, provider } = yield* invited([newKey()])
      yield* TestClock.adjust("59 seconds")
      yield* provider.verify(request(body))
      yield* TestClock.adjust("1 second")
      assert.include((yield* Effect.flip(provider.verify(request(body)))).reason, "expired")
    })
  )

  it.effect("counts only at its configuration's own URL, by POST", () =>
    Effect.gen(function* () {
      const { body, provider } = yield* invited([newKey()])
      const { urlToken: _, ...tokenless } = request(body)
      yield* Effect.flip(provider.verify(tokenless))
      yield* Effect.flip(provider.verify(request(body, { urlToken: "call" })))
      yield* Effect.flip(provider.verify(request(body, { method: "GET" })))
    })
  )

  it.effect("is of one configuration, also where two had the same key", () =>
    Effect.gen(function* () {
      const key = newKey()
      const { body } = yield* invited([key])
      const other = yield* account([key], "01900000-0000-7000-8000-000000000001")
      yield* Effect.flip(other.verify(request(body)))
      const stranger = yield* account([newKey()])
      yield* Effect.flip(stranger.verify(request(body)))
    })
  )

  it.effect("outlives a change of the service's key, and is made by none", () =>
    Effect.gen(function* () {
      const [old, fresh] = [newKey(), newKey()]
      const { body } = yield* invited([old])
      const rotated = yield* account([fresh, old])
      yield* rotated.verify(request(body))
      const keyless = yield* account([])
      yield* Effect.flip(keyless.verify(request(body)))
      yield* Effect.flip(keyless.webPhone?.invite({ agentId, agentName: "x" }) ?? Effect.void)
    })
  )

  it("is not good when any of its characters is another", () => {
    const keys = [newKey()]
    const pass = {
      configuration: configurationId,
      call: crypto.randomUUID(),
      agent: agentId,
      to: "Añna 🙂",
      expires: 1
    }
    const body = signPass(keys, pass) ?? ""
    assert.deepStrictEqual(
      provenPass(keys, body).pipe((found) => found._tag === "Some" && found.value),
      pass
    )
    const character = fc.constantFrom(
      ...Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \n\u0000é")
    )
    // The last character of 32 bytes in base64url has two bits that mean nothing.
    fc.assert(
      fc.property(fc.nat(body.length - 2), character, (at, other) => {
        if (body[at] === other) return
        assert.strictEqual(provenPass(keys, body.slice(0, at) + other + body.slice(at + 1))._tag, "None")
      })
    )
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 4000 }), (text) => provenPass(keys, text)._tag === "None")
    )
  })
})

describe("the provider without a carrier", () => {
  it.effect("answers and refuses with JSON for the page", () =>
    Effect.gen(function* () {
      const provider = yield* account([newKey()])
      const links = { answer: "", route: () => "" }
      const answer = provider.answer({ callId: "c1", mediaUrl: "wss://switchboard.example/ws/t", links })
      assert.deepStrictEqual(JSON.parse(answer.body), { media_url: "wss://switchboard.example/ws/t", call_id: "c1" })
      const reasons: ReadonlyArray<Refusal> = ["unknown-number", "no-agent", "inactive", "busy", "over", "draining"]
      for (const reason of reasons) {
        const { body, status } = provider.reject(reason)
        assert.strictEqual(status, 200)
        assert.match(body, new RegExp(`^\\{"refused":"${reason}","message":"[A-Z].*\\."\\}$`))
      }
    })
  )

  it.effect("lets no page of another site open the media socket", () =>
    Effect.gen(function* () {
      const provider = yield* account([newKey()])
      const verify = provider.verifyUpgrade ?? (() => Effect.die("no check"))
      const upgrade = (origin?: string, base = "https://switchboard.example") =>
        verify({ ...request(""), publicUrl: `${base}/api/v1/telephony/ws/t`, headers: { origin } })
      yield* upgrade()
      yield* upgrade("https://switchboard.example")
      yield* upgrade("http://127.0.0.1:8080", "http://127.0.0.1:8080")
      yield* upgrade("https://switchboard.example", "https://switchboard.example:443")
      for (const origin of [
        "https://evil.example",
        "http://switchboard.example",
        "null",
        "https://switchboard.example.evil"
      ])
        yield* Effect.flip(upgrade(origin))
    })
  )
})
