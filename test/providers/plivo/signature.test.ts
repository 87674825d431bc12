import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Redacted } from "effect"
import * as fc from "fast-check"
import plivo from "plivo"
import { encodeForm, type FormFields } from "../../../src/carrier/forms.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import { canonical, sign, verifySignature, verifyUpgradeSignature } from "../../../src/providers/plivo/signature.ts"
import { authId, authToken, callUuid, mainToken } from "./account.ts"

interface Signed {
  readonly method?: string
  readonly url: string
  readonly fields?: FormFields
  readonly nonce: string
  readonly signature: string
}

const host = "https://voice.example.com"
const one: FormFields = [["CallUUID", "abc"]]
const hangup: FormFields = [
  ["CallUUID", callUuid],
  ["CallStatus", "completed"],
  ["Direction", "outbound"],
  ["Duration", "31"],
  ["Event", "Hangup"],
  ["From", "+14155550100"],
  ["HangupCause", "NORMAL_CLEARING"],
  ["To", "14155550111"]
]
const started: FormFields = [
  ["CallUUID", callUuid],
  ["Event", "StartApp"],
  ["From", "14155550100"],
  ["To", "14155550111"]
]
const mixed: FormFields = [
  ["B", ""],
  ["A", "2"],
  ["A", "1"],
  ["a", "z"],
  ["C", "sp ace+plus"]
]

/** The protocol's vectors, by number. */
const vectors: Readonly<Record<string, Signed>> = {
  "1 a hangup": {
    url: `${host}/telephony/plivo/hangup/42`,
    fields: hangup,
    nonce: "12345678901234567890",
    signature: "xcvpkZlSuc+1+4Rjqr8N38c2lKMQ6o75RRU1bnAF7do="
  },
  "2 with a query": {
    url: `${host}/telephony/plivo/answer?run=42&org=7`,
    fields: started,
    nonce: "05429567804466091622",
    signature: "4IdUzgqFCRrSusDRTfB4a9s7lUURdKHQJBuQDhtX918="
  },
  "3 a POST without fields": {
    url: `${host}/telephony/plivo/answer?b=2&a=1`,
    nonce: "777",
    signature: "CWCNt6sfDYxRjlzRyE9W1qvlqDnhHEQKMIuREGqiVSo="
  },
  "3b and without a query": {
    url: `${host}/telephony/plivo/answer`,
    nonce: "777",
    signature: "nN2MrRajqhwMRJMpzhLSIbFXss4yLV1WQY0GvzNNb6w="
  },
  "4 a GET": {
    method: "GET",
    url: `${host}/telephony/plivo/answer?To=14155550111&From=14155550100&CallUUID=abc-123&zeta=1&Alpha=2`,
    nonce: "nonce-42",
    signature: "WqSVLGZ8Cx5zCXmb4suE4j0UHAk40re2Q87pR+hsjUU="
  },
  "5 a port": {
    url: `${host}:8443/p`,
    fields: [
      ["CallUUID", "abc"],
      ["From", "+14155550100"]
    ],
    nonce: "nonce-port",
    signature: "1fAQ5Yn0Pu+CDmRdRMHIhgY9uiDyOqsatekGRDxNuso="
  },
  "6 repeated and blank fields, a decoded query": {
    url: `${host}/p?x=%2B1%20a&e=`,
    fields: mixed,
    nonce: "n6",
    signature: "CJdZp8yIArqUwdue+9K/b87fVHJWWSJke/oQn6l66as="
  },
  "8 beyond ASCII": {
    url: `${host}/p`,
    fields: [
      ["CallUUID", "abc"],
      ["Speech", "olá ₹"]
    ],
    nonce: "n8",
    signature: "MdxjQlrV0VMXDyUTon+xSlm+35eKkaiZc1MrpbHWOg0="
  },
  "9 a repeated query": {
    url: `${host}/p?a=2&a=1`,
    fields: one,
    nonce: "n9",
    signature: "jD7DEwki3aSrzSMQan7FzhS+W9PJQM4cVpdWQOqvIYY="
  },
  "10 a slash at the end": {
    url: `${host}/p/`,
    fields: one,
    nonce: "n10",
    signature: "fP8Aw7ceLkskH+9HaYT+oD0pK+fo5/UZzXz8myqyGcw="
  },
  "11 a bare question mark": {
    url: `${host}/p?`,
    fields: one,
    nonce: "n11",
    signature: "cdGWYYRjr4eRNXeEC0/GXHq3z1Ln4WaloynCLLzdjaI="
  },
  "12 the scheme's own port": {
    url: `${host}:443/p`,
    fields: one,
    nonce: "n12",
    signature: "4K/9ZJiREP9wy9d3N+WUQ2a6NU/a1/5ySnDrzcAke24="
  },
  "13 an encoded path": {
    url: `${host}/a%20b`,
    fields: one,
    nonce: "n13",
    signature: "qmjs8AOFUGg1EYttjmo+gRx1Moewel0V0eTPuoeg+fc="
  },
  "14 capitals in the host": {
    url: "https://Voice.Example.com/p",
    fields: one,
    nonce: "n14",
    signature: "3JghOrsCT4sK2c/76BM3B1roWF0/sTkIa9tgeKMHC5c="
  },
  "15 no path": { url: host, fields: one, nonce: "n15", signature: "bQFvvnVJfyUYvNuBYvEtb5Msrj1aTRVZ3OO97Wa9Lj0=" },
  "18 a query without value": {
    url: `${host}/p?empty`,
    fields: one,
    nonce: "n18",
    signature: "Zp6k2SaOGRJiFnujHKpWUZ2I9qcOdGPhSVKfIwTkiuc="
  },
  "19 an empty field": {
    url: `${host}/p`,
    fields: [
      ["CallUUID", "abc"],
      ["Empty", ""]
    ],
    nonce: "n19",
    signature: "7Qrm2xqBaPkHk40wVsRShq1yB7pQMBKAO/CrEJW4/Tc="
  }
}
const first: Signed = vectors["1 a hangup"] ?? assert.fail("no vector")
const second: Signed = vectors["2 with a query"] ?? assert.fail("no vector")
const withPort: Signed = vectors["12 the scheme's own port"] ?? assert.fail("no vector")

const raw = (
  { method = "POST", url, fields, nonce, signature }: Signed,
  headers: RawRequest["headers"] = {}
): RawRequest => ({
  method,
  publicUrl: url,
  headers: {
    ...(fields === undefined ? {} : { "content-type": "application/x-www-form-urlencoded; charset=utf-8" }),
    "x-plivo-signature-v3": signature,
    "x-plivo-signature-v3-nonce": nonce,
    ...headers
  },
  body: Buffer.from(encodeForm(fields ?? []), "utf8")
})

const passes = (request: RawRequest, tokens: ReadonlyArray<string> = [authToken], account = authId) =>
  Exit.isSuccess(
    Effect.runSyncExit(
      verifySignature(
        tokens.map((token) => Redacted.make(token)),
        account,
        request
      )
    )
  )
const accepts = (signed: Signed, tokens?: ReadonlyArray<string>) => passes(raw(signed), tokens)
const upgradePasses = (request: RawRequest, tokens = [authToken]) =>
  Exit.isSuccess(
    Effect.runSyncExit(
      verifyUpgradeSignature(
        tokens.map((token) => Redacted.make(token)),
        request
      )
    )
  )

describe("the signature of a webhook", () => {
  for (const [name, vector] of Object.entries(vectors)) {
    it(`accepts ${name}; nothing of it can be changed`, () => {
      assert.isTrue(accepts(vector))
      assert.isFalse(accepts({ ...vector, nonce: `${vector.nonce}x` }))
      assert.isFalse(accepts(vector, [`${authToken}x`]))
      assert.isFalse(accepts({ ...vector, url: vector.url.replace(/voice/i, "evil") }))
      for (const victim of (vector.fields ?? []).keys()) {
        const changed = vector.fields?.map(([key, value], at) => [key, at === victim ? `${value}!` : value] as const)
        assert.isFalse(accepts({ ...vector, ...(changed === undefined ? {} : { fields: changed }) }))
      }
    })
  }

  it("refuses what the protocol's table refuses", () => {
    assert.isFalse(accepts({ ...second, url: second.url.replace("run=42", "run=43") }))
    assert.isFalse(accepts({ ...withPort, url: `${host}/p` }), "a port that was dropped")
    assert.isFalse(
      accepts({ ...withPort, signature: "GUfffSa1oCLNHZedF4WZPUxh0XVru4mAQOvNtpsO5wE=" }),
      "hashed without the port"
    )
    const dotted = "xHOuxvRC+ga5cR4xAC/EIhCSz/LCDdQmyJXExSuAtlI="
    assert.isFalse(
      accepts({ url: `${host}/p`, fields: one, nonce: "n16", signature: dotted }),
      "a dot in place of the mark"
    )
  })

  it("takes any of several signatures, with or without blanks between them", () => {
    for (const list of ["AAAA,*", "AAAA, *", "*,AAAA", " * "]) {
      assert.isTrue(accepts({ ...first, signature: list.replace("*", first.signature) }), list)
    }
    assert.isFalse(accepts({ ...first, signature: "AAAA, BBBB,," }))
  })

  it("takes the main account's signature with the main account's token, also beside a foreign one", () => {
    const main = "zRAPgH93nBNSmtiNYDYJcdMDu+GwOsV63IEFWqjRFec="
    const beside = raw({ ...second, signature: "AAAA" }, { "x-plivo-signature-ma-v3": main })
    const alone = raw(second, { "x-plivo-signature-v3": undefined, "x-plivo-signature-ma-v3": main })
    for (const request of [beside, alone]) {
      assert.isTrue(passes(request, [authToken, mainToken]))
      assert.isFalse(passes(request, [authToken]))
    }
  })

  it("never falls back to version 2, which leaves the body unsigned", () => {
    const request = raw(second, {
      "x-plivo-signature-v3": undefined,
      "x-plivo-signature-v2": "hJmXMX8P+wzghpihmp4uD8ActxBH6ElKefaQN0Wdm/g=",
      "x-plivo-signature-v2-nonce": second.nonce
    })
    assert.isFalse(passes(request))
  })

  it("needs a signature, a nonce, a form, and UTF-8", () => {
    assert.isFalse(accepts({ ...first, signature: "" }))
    assert.isFalse(accepts({ ...first, nonce: "" }))
    assert.isFalse(passes(raw(first, { "content-type": "application/json" })))
    assert.isFalse(passes({ ...raw(first), method: "PUT" }))
    assert.isFalse(passes({ ...raw(first), body: Buffer.from("a=%FF") }))
    const get = vectors["4 a GET"] ?? assert.fail("no vector")
    assert.isFalse(passes({ ...raw(get), body: Buffer.from("a=1") }), "a body that is not covered")
  })

  it("of another subaccount is refused, though the main account's token made it", () => {
    const fields: FormFields = [
      ["CallUUID", callUuid],
      ["AuthID", "SAABCDEFGHIJ12345678"]
    ]
    const url = `${host}/p`
    const signature = sign(Redacted.make(mainToken), canonical(url, [], fields), "n")
    const request = raw({ url, fields, nonce: "n", signature })
    assert.isTrue(passes(request, [mainToken], "SAABCDEFGHIJ12345678"))
    assert.isFalse(passes(request, [mainToken], "SA000000000000000000"))
  })

  it("a delivery that is repeated passes again", () => {
    assert.isTrue(accepts(first))
    assert.isTrue(accepts(first))
  })
})

const signedOver = (scheme: string) =>
  sign(Redacted.make(authToken), canonical(`${scheme}://voice.example.com/m`, [], []), "55443322110099887766")

describe("the signature of a media socket's upgrade", () => {
  const signature = "sZyBqfw65YM8GInu0R97uGOiu906BFAdBZmo8bBXZSU="
  const upgrade = (url: string, given = signature) =>
    raw({ method: "GET", url, nonce: "55443322110099887766", signature: given })

  it("7 is over http: where the stream is wss:", () => {
    assert.isTrue(upgradePasses(upgrade(`${host}/media/7/42/cafe0123`)))
    assert.isTrue(upgradePasses(upgrade("wss://voice.example.com/media/7/42/cafe0123")))
    assert.isFalse(upgradePasses(upgrade(`${host}/media/7/42/cafe0124`)))
    assert.isFalse(upgradePasses(upgrade(`${host}/media/7/42/cafe0123`), [mainToken]))
    assert.isFalse(upgradePasses(upgrade(`${host}/media/7/42/cafe0123`, "")))
  })

  it("may be over https: as Plivo's own stream libraries have it, but not over wss:", () => {
    assert.isTrue(upgradePasses(upgrade(`${host}/m`, signedOver("https"))))
    assert.isFalse(upgradePasses(upgrade(`${host}/m`, signedOver("wss"))))
  })
})

const grouped = (fields: FormFields) => {
  const groups: Record<string, Array<string>> = {}
  for (const [name, value] of fields) groups[name] = [...(groups[name] ?? []), value]
  return groups
}

describe("against Plivo's own package", () => {
  const official = ({ method = "POST", url, fields = [], nonce, signature }: Signed, token = authToken) =>
    plivo.validateV3Signature(method, url, nonce, token, signature, grouped(fields))

  it("the vectors are good there as well", () => {
    for (const [name, vector] of Object.entries(vectors)) assert.isTrue(official(vector), name)
  })

  it("does not trim a list of signatures, we do", () => {
    const spaced = { ...first, signature: `AAAA, ${first.signature}` }
    assert.isFalse(official(spaced))
    assert.isTrue(accepts(spaced))
  })

  const name = fc.string({ unit: fc.constantFrom("A", "a", "B", "_", "1", "Ż"), minLength: 1, maxLength: 4 })
  const value = fc.string({
    unit: fc.constantFrom("a", "Z", "1", " ", "+", "&", "=", ".", "?", "é", "₹"),
    maxLength: 8
  })
  const fields = fc.array(fc.tuple(name, value), { maxLength: 6 })
  const url = fc
    .tuple(
      fc.constantFrom("", ":443", ":8443"),
      fc.constantFrom("/p", "/a/b/", "/a-b_c~d"),
      fc.constantFrom("", "?b=2&a=1", "?x=%2B1", "?e=", "?a=2&a=1")
    )
    .map((parts) => host + parts.join(""))

  it("what we sign, it accepts; whatever is changed, both refuse", () => {
    fc.assert(
      fc.property(url, fields, fc.nat(), (address, list, seed) => {
        const query = Array.from(new URL(address).searchParams)
        const signature = sign(Redacted.make(authToken), canonical(address, query, list), "n")
        const signed: Signed = { url: address, fields: list, nonce: "n", signature }
        assert.isTrue(official(signed))
        assert.isTrue(accepts(signed))
        const more: Signed = { ...signed, fields: [...list, ["Extra", String(seed)]] }
        for (const other of [more, { ...signed, nonce: "m" }, { ...signed, url: address.replace("voice", "v0ice") }]) {
          assert.isFalse(official(other))
          assert.isFalse(accepts(other))
        }
      }),
      { numRuns: 150 }
    )
  })
})
