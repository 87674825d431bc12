import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { validateSignature } from "plivo/dist/utils/security.js"
import { validateV3Signature } from "plivo/dist/utils/v3Security.js"
import {
  canonical,
  encodeForm,
  type Fields,
  signV2,
  signV3
} from "../../../../src/providers/plivo/simulator/signing.ts"

const token = "test-auth-token-0123456789abcdef0123456"
const host = "https://voice.example.com"
const abc: Fields = [["CallUUID", "abc"]]
const hangup: Fields = [
  ["CallUUID", "97ceeb52-58b6-11e1-86da-77300b68f8bb"],
  ["CallStatus", "completed"],
  ["Direction", "outbound"],
  ["Duration", "31"],
  ["Event", "Hangup"],
  ["From", "+14155550100"],
  ["HangupCause", "NORMAL_CLEARING"],
  ["To", "14155550111"]
]
const answer: Fields = [
  ["CallUUID", "97ceeb52-58b6-11e1-86da-77300b68f8bb"],
  ["Event", "StartApp"],
  ["From", "14155550100"],
  ["To", "14155550111"]
]
const vectors: ReadonlyArray<readonly ["GET" | "POST", string, Fields, string, string]> = [
  [
    "POST",
    `${host}/telephony/plivo/hangup/42`,
    hangup,
    "12345678901234567890",
    "xcvpkZlSuc+1+4Rjqr8N38c2lKMQ6o75RRU1bnAF7do="
  ],
  [
    "POST",
    `${host}/telephony/plivo/answer?run=42&org=7`,
    answer,
    "05429567804466091622",
    "4IdUzgqFCRrSusDRTfB4a9s7lUURdKHQJBuQDhtX918="
  ],
  ["POST", `${host}/telephony/plivo/answer?b=2&a=1`, [], "777", "CWCNt6sfDYxRjlzRyE9W1qvlqDnhHEQKMIuREGqiVSo="],
  ["POST", `${host}/telephony/plivo/answer`, [], "777", "nN2MrRajqhwMRJMpzhLSIbFXss4yLV1WQY0GvzNNb6w="],
  [
    "GET",
    `${host}/telephony/plivo/answer?To=14155550111&From=14155550100&CallUUID=abc-123&zeta=1&Alpha=2`,
    [],
    "nonce-42",
    "WqSVLGZ8Cx5zCXmb4suE4j0UHAk40re2Q87pR+hsjUU="
  ],
  [
    "POST",
    `${host}:8443/p`,
    [...abc, ["From", "+14155550100"]],
    "nonce-port",
    "1fAQ5Yn0Pu+CDmRdRMHIhgY9uiDyOqsatekGRDxNuso="
  ],
  [
    "POST",
    `${host}/p?x=%2B1%20a&e=`,
    [
      ["B", ""],
      ["A", "2"],
      ["A", "1"],
      ["a", "z"],
      ["C", "sp ace+plus"]
    ],
    "n6",
    "CJdZp8yIArqUwdue+9K/b87fVHJWWSJke/oQn6l66as="
  ],
  [
    "GET",
    "http://voice.example.com/media/7/42/cafe0123",
    [],
    "55443322110099887766",
    "sZyBqfw65YM8GInu0R97uGOiu906BFAdBZmo8bBXZSU="
  ],
  ["POST", `${host}/p`, [...abc, ["Speech", "olá ₹"]], "n8", "MdxjQlrV0VMXDyUTon+xSlm+35eKkaiZc1MrpbHWOg0="],
  ["POST", `${host}/p?a=2&a=1`, abc, "n9", "jD7DEwki3aSrzSMQan7FzhS+W9PJQM4cVpdWQOqvIYY="],
  ["POST", `${host}/p/`, abc, "n10", "fP8Aw7ceLkskH+9HaYT+oD0pK+fo5/UZzXz8myqyGcw="],
  ["POST", `${host}/p?`, abc, "n11", "cdGWYYRjr4eRNXeEC0/GXHq3z1Ln4WaloynCLLzdjaI="],
  ["POST", `${host}:443/p`, abc, "n12", "4K/9ZJiREP9wy9d3N+WUQ2a6NU/a1/5ySnDrzcAke24="],
  ["POST", `${host}/a%20b`, abc, "n13", "qmjs8AOFUGg1EYttjmo+gRx1Moewel0V0eTPuoeg+fc="],
  ["POST", "https://Voice.Example.com/p", abc, "n14", "3JghOrsCT4sK2c/76BM3B1roWF0/sTkIa9tgeKMHC5c="],
  ["POST", host, abc, "n15", "bQFvvnVJfyUYvNuBYvEtb5Msrj1aTRVZ3OO97Wa9Lj0="],
  ["POST", `${host}/p?empty`, abc, "n18", "Zp6k2SaOGRJiFnujHKpWUZ2I9qcOdGPhSVKfIwTkiuc="],
  ["POST", `${host}/p`, [...abc, ["Empty", ""]], "n19", "7Qrm2xqBaPkHk40wVsRShq1yB7pQMBKAO/CrEJW4/Tc="]
]

/** Fields as the carrier's library takes them: a list where a name comes several times. */
const forLibrary = (fields: Fields) => {
  const names = new Set(fields.map(([name]) => name))
  return Object.fromEntries(
    Array.from(names, (name) => {
      const values = fields.filter(([other]) => other === name).map(([, value]) => value)
      return [name, values.length === 1 ? values[0] : values]
    })
  )
}

describe("signatures", () => {
  it("are those of the documented vectors", () => {
    for (const [method, url, fields, nonce, signature] of vectors) {
      assert.strictEqual(signV3(token, method, url, fields, nonce), signature, url)
    }
  })

  it("have a question mark and no dot where there are fields and no query", () => {
    assert.strictEqual(canonical("POST", `${host}/p`, abc, "n1"), `${host}/p?CallUUIDabc.n1`)
    assert.strictEqual(
      canonical("POST", `${host}/telephony/plivo/answer?run=42&org=7#rc=2`, abc, "n1"),
      `${host}/telephony/plivo/answer?org=7&run=42.CallUUIDabc.n1`
    )
  })

  it.prop(
    "are accepted by the carrier's own library, and refused when something was altered",
    [
      Schema.Literals(["GET", "POST"]),
      Schema.Record(
        Schema.String.check(Schema.isPattern(/^[A-Za-z]{1,8}$/)),
        Schema.String.check(Schema.isPattern(/^[ -~]{0,12}$/))
      )
    ],
    ([method, params]) => {
      const all: Fields = Object.entries(params)
      const url =
        method === "GET"
          ? `${host}/p?${encodeForm([["k", "v"], ...all.filter(([name]) => name !== "k")])}`
          : `${host}/p`
      const fields = method === "GET" ? [] : all
      const signature = signV3(token, method, url, fields, "12345")
      const told = forLibrary(fields)
      const valid = validateV3Signature(method, url, "12345", token, signature, told)
      return (
        valid &&
        !validateV3Signature(method, url, "123456", token, signature, told) &&
        !validateV3Signature(method, url, "12345", `${token}x`, signature, told) &&
        !validateV3Signature("POST", url, "12345", token, signature, { ...told, Altered: "1" })
      )
    }
  )

  it("of the older scheme bind neither query nor body", () => {
    const nonce = "05429567804466091622"
    const vectorsV2 = [
      [`${host}/telephony/plivo/hangup/42`, "U45Vn91orhm2TCL6R+XYLuQmGu0akxTmV0q4BmZ8Je8="],
      [`${host}/telephony/plivo/answer?run=42&org=7`, "hJmXMX8P+wzghpihmp4uD8ActxBH6ElKefaQN0Wdm/g="],
      [`${host}/telephony/plivo/answer?run=43`, "hJmXMX8P+wzghpihmp4uD8ActxBH6ElKefaQN0Wdm/g="],
      [`${host}:8443/p/`, "1czuJGVqgQS7Ytr787ysVv8t/IWsb3N1EDnt6HUrTLk="]
    ] as const
    for (const [url, signature] of vectorsV2) assert.strictEqual(signV2(token, url, nonce), signature, url)
    assert.isTrue(validateSignature("https://answer.url", "12345", signV2("t", "https://answer.url", "12345"), "t"))
  })
})
