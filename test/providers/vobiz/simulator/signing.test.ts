import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { encodeForm, signatureHeaders, signV2, signV3 } from "../../../../src/providers/vobiz/simulator/signing.ts"

const T = "test-auth-token-0123456789abcdef0123456"
const P = "parent-auth-token-fedcba9876543210fedcba"
const host = "https://voice.example.com"
const a = "05429567804466091622"
const c = "12345678901234567890"

describe("the signature of the fake", () => {
  it("matches the vectors of the protocol", () => {
    const vectors = [
      [
        `${host}/telephony/vobiz/answer/42`,
        a,
        "R8741asWfvCsY3m59VNVRZW4LV9k8tlcVrFVRWPN66g=",
        "3aXOdogCqYVzjxfs5anTMyfXMHEJ8Xs+YC5gSckUYHw=",
        "NE3dZWMcLZ6kmbairY3tHwgw/Q2/i30mXDTzRnQEGrQ=",
        "dHw0plhVBM+ZYR7Bq0HAmmEuGz5uhGO2FMr5soKw0CM="
      ],
      [
        `${host}/telephony/vobiz/answer/42?org=7&cap=abc`,
        a,
        "R8741asWfvCsY3m59VNVRZW4LV9k8tlcVrFVRWPN66g=",
        "3aXOdogCqYVzjxfs5anTMyfXMHEJ8Xs+YC5gSckUYHw=",
        "NE3dZWMcLZ6kmbairY3tHwgw/Q2/i30mXDTzRnQEGrQ=",
        "dHw0plhVBM+ZYR7Bq0HAmmEuGz5uhGO2FMr5soKw0CM="
      ],
      [
        `${host}/telephony/vobiz/hangup/42`,
        c,
        "vHC0BD/40FjFE7reO25Xoe97z0QMdwnwmKI8OV9hXx0=",
        "Q4gtHuO67DkuNfC2iABOOdqtTYuSrVTCwzlyaAxqMls=",
        "25ISWLLY/U4t/nTKwH2dpptEfztEDHOB4sAft0jE/ks=",
        "IF+eUz41JeTU3x926L0K4dICMDxI5DD4v1JTi9s9tb8="
      ],
      [
        `${host}:8443/telephony/vobiz/hangup/42/`,
        c,
        "fj/Z1efRWL0/5IZg5af3ms/DYO+sZqphE6AweVF41O0=",
        "EYfaXjmTRL4T+E57FK3AqZ2nBC49SEG6tONIBJiy+rY=",
        "3+96FH55QGbwv53aUXTTuKEOKEU9WBKphN/JWHh6Gic=",
        "V/ZJUStYYwIEHLD4yX4dffrMHACuDNYK7iwf2CDdTbE="
      ]
    ] as const
    for (const [url, nonce, v3, v2, maV3, maV2] of vectors) {
      const headers = signatureHeaders({ kinds: "all", token: T, parentToken: P, url, nonce, fields: [["a", "b"]] })
      assert.strictEqual(headers["X-Vobiz-Signature-V3"], v3)
      assert.strictEqual(headers["X-Vobiz-Signature-V2"], v2)
      assert.strictEqual(headers["X-Vobiz-Signature-MA-V3"], maV3)
      assert.strictEqual(headers["X-Vobiz-Signature-MA-V2"], maV2)
      assert.strictEqual(headers["X-Vobiz-Signature-V3-Nonce"], nonce)
      assert.strictEqual(headers["X-Vobiz-Signature-V2-Nonce"], nonce)
      assert.lengthOf(headers["X-Vobiz-Signature"] ?? "", 28)
    }
  })

  it("covers path, port, trailing slash and nonce, and differs by version and token", () => {
    const right = signV3(T, `${host}/telephony/vobiz/answer/42`, a)
    assert.strictEqual(
      signV3(T, `${host}/telephony/vobiz/answer/43`, a),
      "Lo+nGSfgULJb9Dw4lrLWwqC9J8Q1P+bW1F70F4l3cn4="
    )
    assert.strictEqual(
      signV3(T, `${host}/telephony/vobiz/answer/42`, "05429567804466091623"),
      "gudY8+0kXGLqmAKKTQCo1yNNykefDeVcAU/R+cTp5Q4="
    )
    const hangup = signV3(T, `${host}:8443/telephony/vobiz/hangup/42/`, c)
    assert.notStrictEqual(signV3(T, `${host}/telephony/vobiz/hangup/42/`, c), hangup)
    assert.notStrictEqual(signV3(T, `${host}:8443/telephony/vobiz/hangup/42`, c), hangup)
    assert.notStrictEqual(signV2(T, `${host}/telephony/vobiz/answer/42`, a), right)
    assert.notStrictEqual(signV3(P, `${host}/telephony/vobiz/answer/42`, a), right)
  })

  it("covers neither query nor fragment nor fields", () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), fc.webFragments(), fc.string(), (query, fragment, value) => {
        const bare = `${host}/x`
        const changed = `${bare}?${query}#${fragment}`
        assert.strictEqual(signV3(T, changed, a), signV3(T, bare, a))
        assert.strictEqual(signV2(T, changed, a), signV2(T, bare, a))
        const common = { kinds: "v3", token: T, parentToken: P, url: bare, nonce: a } as const
        assert.deepStrictEqual(
          signatureHeaders({ ...common, fields: [["a", value]] }),
          signatureHeaders({ ...common, fields: [] })
        )
      })
    )
  })

  it("encodes forms so that every value comes back", () => {
    const field = fc.tuple(fc.constantFrom("From", "To", "ŻÓ"), fc.string({ unit: "grapheme", maxLength: 12 }))
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
        const sent = fields.map(([name, value]) => [name, value.toWellFormed()] as const)
        assert.deepStrictEqual(
          Array.from(new URLSearchParams(encodeForm(sent))),
          sent.map(([name, value]) => [name, value])
        )
      })
    )
  })
})
