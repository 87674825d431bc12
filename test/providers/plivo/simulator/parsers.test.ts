import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { deliveryOf } from "../../../../src/providers/plivo/simulator/hook.ts"
import { readMarkup } from "../../../../src/providers/plivo/simulator/markup.ts"
import { readParameters } from "../../../../src/providers/plivo/simulator/restBody.ts"
import { format, makeDialect } from "../../../../src/providers/plivo/simulator/stream.ts"

const rules = { insecureLoopback: true }
const Name = Schema.Literals(["Response", "Speak", "Stream", "Dial", "Number", "Conference", "constructor", "Reject"])
const Attribute = Schema.Literals(["contentType", "reason", "timeout", "redirect", "action", "toString", "__proto__"])
const Value = Schema.String.check(Schema.isPattern(/^[a-z0-9:;=/ _-]{0,12}$/))

const dialect = makeDialect({
  accountId: "MA",
  callId: "call",
  streamId: "stream",
  format,
  bidirectional: true,
  extraHeaders: "",
  startedMs: 0,
  mediaBeforeStart: false,
  onEvent: () => {}
})

const rest = (body: string) => ({
  method: "POST",
  path: "/",
  query: new URLSearchParams(),
  headers: {},
  contentType: "application/json",
  body,
  fields: []
})

describe("what comes from outside", () => {
  it.prop("markup is read or refused, whatever it is", [Schema.String], ([text]) => {
    const read = readMarkup(text, rules)
    return Result.isFailure(read) ? read.failure.length > 0 : true
  })

  it.prop(
    "elements are read or refused, whatever their attributes",
    [Name, Attribute, Value, Value],
    ([name, key, value, text]) => {
      const read = readMarkup(`<Response><${name} ${key}="${value}">${text}</${name}></Response>`, rules)
      return Result.isFailure(read) ? read.failure.length > 0 : read.success.elements.length === 1
    }
  )

  it.prop(
    "media messages are commands or invalid, whatever they are",
    [Schema.String, Schema.Boolean],
    ([text, binary]) => {
      const command = dialect.read(Buffer.from(text), binary)
      return command._tag === "Invalid" && command.error !== ""
    }
  )

  it.prop("audio is taken exactly as it was sent", [Schema.Uint8ArrayFromBase64], ([bytes]) => {
    const payload = Buffer.from(bytes).toString("base64")
    const media = { contentType: "audio/x-mulaw", sampleRate: 8000, payload }
    const command = dialect.read(Buffer.from(JSON.stringify({ event: "playAudio", media })), false)
    return command._tag === "Audio" && Buffer.from(command.bytes).equals(Buffer.from(bytes))
  })

  it.prop(
    "delivery rules stay in their ranges, whatever the fragment",
    [Schema.String, Schema.Int],
    ([text, number]) => {
      return [`#${text}`, `#rc=${number}&rt=${number}&tt=${number}`, `#rc=${text}`].every((fragment) => {
        const { retries, timeoutMs } = deliveryOf(`http://a.example/${fragment}`, 15_000)
        return retries >= 0 && retries <= 5 && timeoutMs >= 100 && timeoutMs <= 55_000
      })
    }
  )

  it.prop("REST bodies are flat objects or refused, whatever they are", [Schema.String], ([text]) => {
    const read = readParameters(rest(text))
    return Result.isFailure(read) ? read.failure.status === 400 : text === "" || text.trim().startsWith("{")
  })

  it("a content type that is a property of every object is none", () => {
    const read = readMarkup('<Response><Stream contentType="constructor">wss://a.example/x</Stream></Response>', rules)
    assert.isTrue(Result.isFailure(read))
  })
})
