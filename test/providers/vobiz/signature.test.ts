import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Result } from "effect"
import * as fc from "fast-check"
import { makeNonces } from "../../../src/carrier/nonces.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { VobizConfig } from "../../../src/providers/vobiz/config.ts"
import { sign, verifySignature } from "../../../src/providers/vobiz/signature.ts"
import { authId, authToken, form, hangup, parentToken } from "./account.ts"

const host = "https://voice.example.com"
/** The protocol document's vectors: URL, nonce, then V3 and V2 under the account's token, and under the parent's. */
const vectors = [
  {
    url: `${host}/telephony/vobiz/answer/42`,
    nonce: "05429567804466091622",
    own: ["R8741asWfvCsY3m59VNVRZW4LV9k8tlcVrFVRWPN66g=", "3aXOdogCqYVzjxfs5anTMyfXMHEJ8Xs+YC5gSckUYHw="],
    parent: ["NE3dZWMcLZ6kmbairY3tHwgw/Q2/i30mXDTzRnQEGrQ=", "dHw0plhVBM+ZYR7Bq0HAmmEuGz5uhGO2FMr5soKw0CM="]
  },
  {
    url: `${host}/telephony/vobiz/hangup/42`,
    nonce: "12345678901234567890",
    own: ["vHC0BD/40FjFE7reO25Xoe97z0QMdwnwmKI8OV9hXx0=", "Q4gtHuO67DkuNfC2iABOOdqtTYuSrVTCwzlyaAxqMls="],
    parent: ["25ISWLLY/U4t/nTKwH2dpptEfztEDHOB4sAft0jE/ks=", "IF+eUz41JeTU3x926L0K4dICMDxI5DD4v1JTi9s9tb8="]
  },
  {
    url: `${host}:8443/telephony/vobiz/hangup/42/`,
    nonce: "12345678901234567890",
    own: ["fj/Z1efRWL0/5IZg5af3ms/DYO+sZqphE6AweVF41O0=", "EYfaXjmTRL4T+E57FK3AqZ2nBC49SEG6tONIBJiy+rY="],
    parent: ["3+96FH55QGbwv53aUXTTuKEOKEU9WBKphN/JWHh6Gic=", "V/ZJUStYYwIEHLD4yX4dffrMHACuDNYK7iwf2CDdTbE="]
  }
] as const
const [a, , d] = vectors
const [aV3, aV2] = a.own
const [parentV3] = a.parent

const config = (changes: Partial<VobizConfig> = {}): VobizConfig => ({
  authId: Redacted.make(authId),
  authToken: Redacted.make(authToken),
  signingTokens: [Redacted.make(authToken)],
  parentTokens: [Redacted.make(authToken)],
  applicationId: undefined,
  defaultCountry: undefined,
  ...changes
})
const withParent = config({ parentTokens: [Redacted.make(parentToken), Redacted.make(authToken)] })

const request = (url: string, headers: RawRequest["headers"], body = "", token?: "call"): RawRequest => ({
  method: "POST",
  publicUrl: url,
  headers: { ...form, ...headers },
  body: Buffer.from(body),
  ...(token === undefined ? {} : { urlToken: token })
})
const v3 = (signature: string, nonce?: string, name = "v3") => ({
  [`x-vobiz-signature-${name}`]: signature,
  ...(nonce === undefined ? {} : { "x-vobiz-signature-v3-nonce": nonce })
})
const v2 = (signature: string, nonce: string, name = "v2") => ({
  [`x-vobiz-signature-${name}`]: signature,
  "x-vobiz-signature-v2-nonce": nonce
})
const verdict = (raw: RawRequest, of = config(), nonces = makeNonces()) =>
  Effect.runSync(Effect.result(verifySignature(of, nonces)(raw)))
const accepts = (raw: RawRequest, of?: VobizConfig, nonces?: ReturnType<typeof makeNonces>) =>
  Result.isSuccess(verdict(raw, of, nonces))

describe("the document's vectors", () => {
  it.each(vectors)("verify: $url", ({ nonce, own, parent, url }) => {
    assert.isTrue(accepts(request(url, v3(own[0], nonce))))
    assert.isTrue(accepts(request(url, v2(own[1], nonce))))
    assert.isTrue(accepts(request(url, v3(parent[0], nonce, "ma-v3")), withParent))
    assert.isTrue(accepts(request(url, v2(parent[1], nonce, "ma-v2")), withParent))
  })

  it("are refused when something is changed that is signed", () => {
    const refused: ReadonlyArray<readonly [string, RawRequest["headers"]]> = [
      [`${host}/telephony/vobiz/answer/43`, v3(aV3, a.nonce)],
      [a.url, v3(aV3, "05429567804466091623")],
      [a.url, v3(parentV3, a.nonce)],
      [a.url, v3(parentV3, a.nonce, "ma-v3")],
      [a.url, v3(aV2, a.nonce)],
      [d.url.replace(":8443", ""), v3(d.own[0], d.nonce)],
      [d.url.replace(/\/$/, ""), v3(d.own[0], d.nonce)],
      [a.url, v3(aV3)],
      [a.url, v3("", a.nonce)],
      [a.url, v3(aV3.slice(0, -1), a.nonce)]
    ]
    for (const [url, headers] of refused) {
      assert.isFalse(accepts(request(url, headers)), JSON.stringify(headers))
      // A wrong signature is not made good by the token in the URL.
      assert.isFalse(accepts(request(url, headers, "", "call")), JSON.stringify(headers))
    }
  })

  it("are accepted with any query and any body, which are not signed", () => {
    assert.isTrue(accepts(request(`${a.url}?org=7&cap=abc`, v3(aV3, a.nonce))))
    assert.isTrue(accepts(request(a.url, v3(aV3, a.nonce), "CallStatus=failed")))
  })
})

describe("several signatures", () => {
  it("one good one is enough, also in a list", () => {
    assert.isTrue(accepts(request(a.url, { ...v3("wrong", a.nonce), ...v2(aV2, a.nonce) })))
    assert.isTrue(accepts(request(a.url, v3(`wrong, ${aV3}`, a.nonce))))
  })

  it("the main account's own token is good for its MA signature", () => {
    assert.isTrue(accepts(request(a.url, v3(aV3, a.nonce, "ma-v3"))))
  })

  it("a token that is rotated out is good until it is taken away", () => {
    const rotating = config({ signingTokens: [Redacted.make("new"), Redacted.make(authToken)] })
    assert.isTrue(accepts(request(a.url, v3(aV3, a.nonce)), rotating))
    assert.isFalse(accepts(request(a.url, v3(aV3, a.nonce)), config({ signingTokens: [Redacted.make("new")] })))
  })
})

describe("a nonce", () => {
  it("is good again for the same bytes, not for another body or query", () => {
    const nonces = makeNonces()
    const both = { ...v3(aV3, a.nonce), ...v2(aV2, "05429567804466091622") }
    assert.isTrue(accepts(request(a.url, both, hangup), config(), nonces))
    assert.isTrue(accepts(request(a.url, both, hangup), config(), nonces))
    assert.isFalse(accepts(request(a.url, both, "CallStatus=failed"), config(), nonces))
    assert.isFalse(accepts(request(`${a.url}?x=1`, both, hangup), config(), nonces))
  })

  it("of a second signature is used up with the first", () => {
    const nonces = makeNonces()
    const second = "99999999999999999999"
    const signed = v2(sign(Redacted.make(authToken), a.url, "", second), second)
    assert.isTrue(accepts(request(a.url, { ...v3(aV3, a.nonce), ...signed }, hangup), config(), nonces))
    assert.isFalse(accepts(request(a.url, signed, "CallStatus=failed"), config(), nonces))
  })

  it("cannot lend its digits to the URL", () => {
    const moved = request(`${a.url}${a.nonce.slice(0, 2)}`, v2(aV2, a.nonce.slice(2)))
    assert.isFalse(accepts(moved))
  })

  it("that was not proved is not remembered", () => {
    const nonces = makeNonces()
    assert.isFalse(accepts(request(a.url, v3("wrong", a.nonce), "x=1"), config(), nonces))
    assert.isTrue(accepts(request(a.url, v3(aV3, a.nonce), "x=2"), config(), nonces))
  })
})

describe("without any signature", () => {
  it("only our own URL is believed", () => {
    assert.isTrue(accepts(request(a.url, {}, hangup, "call")))
    assert.isTrue(accepts(request(a.url, { "x-vobiz-signature": "c29tZXRoaW5n" }, hangup, "call")))
    assert.isFalse(accepts(request(a.url, {}, hangup)))
  })

  it("half a signature is not none", () => {
    assert.isFalse(accepts(request(a.url, { "x-vobiz-signature-v2-nonce": a.nonce }, hangup, "call")))
  })
})

describe("the account in the body", () => {
  const others = "ParentAuthID=MA_OTHER001&CallUUID=1"

  it("must be ours, signed or not; a sub-account's webhooks name the main account", () => {
    assert.isFalse(accepts(request(a.url, v3(aV3, a.nonce), others)))
    assert.isFalse(accepts(request(a.url, {}, others, "call")))
    const sub = config({ authId: Redacted.make("SA_TEST0001") })
    assert.isTrue(accepts(request(a.url, v3(aV3, a.nonce), others), sub))
    assert.isFalse(accepts(request(a.url, {}, others), sub))
  })
})

it("refuses every forgery, says no secret, and never fails", () => {
  const text = fc.string({ maxLength: 60 })
  const names = fc.constantFrom("v3", "v2", "ma-v3", "ma-v2", "v3-nonce", "v2-nonce")
  fc.assert(
    fc.property(fc.dictionary(names, text), fc.uint8Array({ maxLength: 60 }), text, (given, body, path) => {
      const headers = Object.fromEntries(
        Object.entries(given).map(([name, value]) => [`x-vobiz-signature-${name}`, value])
      )
      const outcome = verdict({ method: "POST", publicUrl: `${host}/${path}`, headers, body })
      assert.isTrue(Result.isFailure(outcome))
      assert.notInclude(JSON.stringify(outcome), authToken)
    })
  )
})
