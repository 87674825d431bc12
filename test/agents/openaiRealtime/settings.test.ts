import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as fc from "fast-check"
import { fields } from "../../../src/agents/openaiRealtime/fields.ts"
import { RealtimeSettings } from "../../../src/agents/openaiRealtime/settings.ts"
import { parseTools } from "../../../src/agents/openaiRealtime/toolList.ts"
import { FormField, fieldErrors } from "../../../src/Form.ts"

const decode = Schema.decodeUnknownResult(RealtimeSettings, { errors: "all" })
const good = { api_key: "sk-0123456789", model: "gpt-realtime-2.1" }

const errorsOf = (settings: unknown) =>
  Result.match(decode(settings), { onSuccess: () => [], onFailure: (error) => fieldErrors(error) })
const wrongFields = (settings: unknown) => errorsOf(settings).map(({ field }) => field)

const tool = { name: "look_up", description: "Looks up.", url: "https://tools.example/look-up" }
const whyNot = (tools: unknown) =>
  Result.match(parseTools(typeof tools === "string" ? tools : JSON.stringify(tools)), {
    onSuccess: () => undefined,
    onFailure: (why) => why
  })

describe("the settings of a realtime model", () => {
  it("are a key and a model, and whatever else one likes", () => {
    assert.deepStrictEqual(wrongFields(good), [])
    assert.deepStrictEqual(
      wrongFields({
        ...good,
        url: "wss://realtime.example/v1/realtime?deployment=blue",
        voice: "marin",
        instructions: "Be brief.",
        greeting: "Greet.",
        turn_detection: "semantic_vad",
        eagerness: "low",
        silence_ms: 300,
        noise_reduction: "off",
        speed: 1.25,
        max_output_tokens: 4096,
        reasoning_effort: "minimal",
        transcription_model: "gpt-transcribe",
        transcription_language: "en",
        hear_digits: false,
        allow_end_call: false,
        allow_transfer: true,
        allow_digits: true,
        tools: JSON.stringify([tool]),
        tools_secret: "0123456789abcdef",
        line: { redial_s: 5 }
      }),
      []
    )
  })

  it("need a key unless the API runs on this machine", () => {
    assert.deepStrictEqual(wrongFields({ model: "m" }), ["api_key"])
    assert.deepStrictEqual(wrongFields({ model: "m", url: "ws://localhost:9000" }), [])
    assert.deepStrictEqual(wrongFields({ model: "m", url: "wss://other.example" }), ["api_key"])
  })

  it("name the field that is wrong, never its value", () => {
    const cases: ReadonlyArray<readonly [string, unknown]> = [
      ["url", "https://api.example"],
      ["url", "wss://user:word@api.example"],
      ["url", "wss://api.example/?api-key=abc"],
      ["url", "wss://api.example/#x"],
      ["api_key", "with space"],
      ["model", ""],
      ["silence_ms", 20],
      ["speed", 2],
      ["max_output_tokens", 5000],
      ["turn_detection", "none"],
      ["transcription_language", "English"],
      ["tools", "{}"],
      ["tools_secret", "short"]
    ]
    for (const [field, value] of cases) {
      const errors = errorsOf({ ...good, [field]: value })
      assert.deepStrictEqual(
        errors.map((error) => error.field),
        [field],
        `${field}: ${String(value)}`
      )
      assert.isAbove(errors[0]?.message.length ?? 0, 10)
    }
    const failed = errorsOf({ ...good, api_key: "not a good key at all", tools_secret: "too-short" })
    assert.notMatch(JSON.stringify(failed), /good key|too-short/)
  })

  it("agree with the form", () => {
    assert.deepStrictEqual(
      new Set(fields.map(({ name }) => name.split(".")[0])),
      new Set(Object.keys(RealtimeSettings.fields))
    )
    assert.deepStrictEqual(Schema.decodeSync(Schema.Array(FormField))(fields), fields)
    assert.deepStrictEqual(
      fields.filter(({ sensitive }) => sensitive).map(({ name }) => name),
      ["api_key", "tools_secret"]
    )
    assert.deepStrictEqual(
      fields.filter(({ required }) => required).map(({ name }) => name),
      ["model"]
    )
    const shown = Object.fromEntries(
      fields.flatMap(({ name, placeholder }) =>
        name === "tools" && placeholder !== undefined ? [[name, placeholder]] : []
      )
    )
    assert.deepStrictEqual(wrongFields({ ...good, ...shown }), [])
  })
})

describe("the tools of a realtime model", () => {
  it("are a list of functions with a URL", () => {
    assert.isUndefined(whyNot([tool, { ...tool, name: "other", parameters: { type: "object", properties: {} } }]))
    assert.isUndefined(whyNot([]))
  })

  it("say what is wrong, and where", () => {
    const cases: ReadonlyArray<readonly [unknown, RegExp]> = [
      ["{", /^must be JSON/],
      ["{}", /^must be a list/],
      [[tool, { ...tool, name: "with space" }], /^tool 2: name /],
      [[{ ...tool, description: undefined }], /^tool 1: description is missing/],
      [[{ ...tool, descripton: "x" }], /^tool 1: descripton is not something that a tool has/],
      [[{ ...tool, url: "ftp://tools.example" }], /^tool 1: url must be an address that begins with https/],
      [[{ ...tool, url: "https://user:word@tools.example" }], /^tool 1: url must not hold/],
      [[{ ...tool, parameters: { type: "string" } }], /^tool 1: parameters must be a JSON Schema/],
      [[{ ...tool, parameters: [] }], /^tool 1: parameters/],
      [[tool, tool], /^tool 2: name is taken/],
      [[{ ...tool, name: "end_call" }], /^tool 1: name is taken/],
      [["x"], /^tool 1/],
      [Array.from({ length: 33 }, (_, n) => ({ ...tool, name: `t${n}` })), /more than 32/]
    ]
    for (const [tools, why] of cases) assert.match(whyNot(tools) ?? "nothing", why)
  })

  it("survive any text and any JSON", () => {
    fc.assert(fc.property(fc.string(), (text) => typeof (whyNot(text) ?? "") === "string"))
    fc.assert(
      fc.property(fc.array(fc.record({ name: fc.jsonValue(), url: fc.jsonValue() })), (list) => {
        const why = whyNot(list)
        return list.length === 0 ? why === undefined : why?.startsWith("tool ") === true
      })
    )
  })
})
