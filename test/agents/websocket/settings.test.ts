import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { fields, preferredAudio, WebSocketSettings } from "../../../src/agents/websocket/settings.ts"
import { FormField, fieldErrors } from "../../../src/Form.ts"

const decode = Schema.decodeUnknownResult(WebSocketSettings, { errors: "all" })
const secret = "0123456789abcdef"
const url = "wss://agent.example/calls"

const wrongFields = (settings: unknown) =>
  Result.match(decode(settings), {
    onSuccess: () => [],
    onFailure: (error) => fieldErrors(error).map(({ field }) => field)
  })
const audioOf = (settings: unknown) => preferredAudio(Result.getOrThrow(decode(settings)))

describe("the settings of a WebSocket agent", () => {
  it("are a URL, a secret and the audio to propose", () => {
    assert.deepStrictEqual(audioOf({ url, secret }), { encoding: "pcm_s16le", sample_rate: 16000 })
    assert.deepStrictEqual(audioOf({ url, secret, sample_rate: "24000" }), {
      encoding: "pcm_s16le",
      sample_rate: 24000
    })
    assert.deepStrictEqual(audioOf({ url, secret, sample_rate: 8000 }), { encoding: "pcm_s16le", sample_rate: 8000 })
    assert.deepStrictEqual(audioOf({ url, secret, encoding: "mulaw" }), { encoding: "mulaw", sample_rate: 8000 })
  })

  it("need a secret unless the agent runs on this machine", () => {
    assert.deepStrictEqual(wrongFields({ url }), ["secret"])
    assert.deepStrictEqual(wrongFields({ url: "ws://localhost:9000" }), [])
    assert.deepStrictEqual(wrongFields({ url: "ws://127.0.0.1:9000" }), [])
  })

  it("name the field that is wrong, never its value", () => {
    assert.deepStrictEqual(wrongFields({ url: "https://agent.example", secret }), ["url"])
    assert.deepStrictEqual(wrongFields({ url: "wss://user:word@agent.example", secret }), ["url"])
    assert.deepStrictEqual(wrongFields({ url: "wss://agent.example/#x", secret }), ["url"])
    assert.deepStrictEqual(wrongFields({ url, secret: "short" }), ["secret"])
    assert.deepStrictEqual(wrongFields({ url, secret: `${secret}\r\nX: y` }), ["secret"])
    assert.deepStrictEqual(wrongFields({ url, secret, encoding: "mulaw", sample_rate: 16000 }), ["sample_rate"])
    const failure = decode({ url, secret: "short" })
    assert.isTrue(Result.isFailure(failure))
    if (Result.isFailure(failure)) assert.notInclude(JSON.stringify(fieldErrors(failure.failure)), "short")
  })

  it("agree with the form", () => {
    const shown = new Set(fields.map(({ name }) => name.split(".")[0] ?? name))
    assert.deepStrictEqual(shown, new Set(Object.keys(WebSocketSettings.fields)))
    assert.deepStrictEqual(Schema.decodeSync(Schema.Array(FormField))(fields), fields)
    assert.deepStrictEqual(
      fields.filter(({ sensitive }) => sensitive).map(({ name }) => name),
      ["secret"]
    )
    assert.deepStrictEqual(
      fields.filter(({ required }) => required).map(({ name }) => name),
      ["url"]
    )
  })
})
