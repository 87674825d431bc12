import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { fields, TwilioStreamSettings } from "../../../src/agents/twilioStream/settings.ts"
import { FormField, fieldErrors } from "../../../src/Form.ts"

const decode = Schema.decodeUnknownResult(TwilioStreamSettings, { errors: "all" })
const secret = "0123456789abcdef0123456789abcdef"
const url = "wss://bot.example/media-stream"

const errorsOf = (settings: unknown) =>
  Result.match(decode(settings), { onSuccess: () => [], onFailure: (error) => fieldErrors(error) })
const wrongFields = (settings: unknown) => errorsOf(settings).map(({ field }) => field)
const messageFor = (parameters: ReadonlyArray<string>) => errorsOf({ url, secret, parameters })[0]?.message ?? ""

describe("the settings of a Twilio stream agent", () => {
  it("are a URL, an auth token, parameters, and what every agent has", () => {
    assert.deepStrictEqual(
      wrongFields({ url, secret, parameters: ["plan=gold", "note=a=b", "empty="], line: { redial_s: 5 } }),
      []
    )
    assert.deepStrictEqual(wrongFields({ url: "https://bot.example", secret: "short" }), ["url", "secret"])
  })

  it("need a token unless the bot runs on this machine", () => {
    assert.deepStrictEqual(wrongFields({ url }), ["secret"])
    assert.deepStrictEqual(wrongFields({ url: "ws://localhost:5050/media-stream" }), [])
  })

  it("say what is wrong with a parameter, in words", () => {
    assert.include(messageFor(["gold"]), "name=value")
    assert.include(messageFor(["=gold"]), "name=value")
    assert.include(messageFor([" =gold"]), "name=value")
    assert.include(messageFor(["call_id=7"]), "filled in from the call")
    assert.include(messageFor(["a=1", "b=2", "a=3"]), "twice")
    assert.strictEqual(messageFor([`a=${"x".repeat(498)}`]), "")
    assert.include(messageFor([`a=${"x".repeat(499)}`]), "499")
    assert.notStrictEqual(messageFor(Array.from({ length: 51 }, (_, n) => `p${n}=`)), "")
    assert.deepStrictEqual(wrongFields({ url, secret, parameters: ["fine=1", "gold"] }), ["parameters.1"])
  })

  it("agree with the form", () => {
    assert.sameMembers(
      Array.from(new Set(fields.map(({ name }) => name.split(".")[0]))),
      Object.keys(TwilioStreamSettings.fields)
    )
    assert.deepStrictEqual(Schema.decodeSync(Schema.Array(FormField))(fields), fields)
    assert.deepStrictEqual(
      fields.filter(({ sensitive }) => sensitive).map(({ name }) => name),
      ["secret"]
    )
    assert.deepStrictEqual(
      fields.filter(({ required }) => required).map(({ name }) => name),
      ["url"]
    )
    assert.isTrue(fields.every(({ label }) => label !== ""))
  })
})
