import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { readCxml } from "../../../../src/providers/cloudonix/simulator/cxml.ts"
import { newDomain } from "../../../../src/providers/cloudonix/simulator/domain.ts"
import { settingsOf } from "../../../../src/providers/cloudonix/simulator/options.ts"
import { readDial } from "../../../../src/providers/cloudonix/simulator/readDial.ts"
import { makeDialect } from "../../../../src/providers/cloudonix/simulator/stream.ts"
import { makeFaultPanel } from "../../../../src/simulator/Faults.ts"

const context = { baseUrl: undefined, insecureLoopback: true }
const stage = { domain: newDomain(), panel: makeFaultPanel(), settings: settingsOf({}) }
const isAllowed = (code: number) => (code > 31 && code < 0xd800) || (code > 0xdfff && code < 0xfffe) || code > 0xffff
/** Every character by its number, without those that XML cannot have. */
const escaped = (text: string) =>
  Array.from(text, (character) => character.codePointAt(0) ?? 0)
    .filter(isAllowed)
    .map((code) => `&#${code};`)
    .join("")
const dialect = makeDialect(stage.settings, {
  accountSid: "acme",
  session: "a",
  callSid: "b",
  streamSid: "s-1",
  from: "+1",
  to: "+2",
  context: "inbound",
  parameters: {},
  oneWay: false
})

describe("what reads our side's words", () => {
  it.prop("reads a sentence whatever it says, and refuses what is no markup", [Schema.String], ([text]) => {
    const script = readCxml(`<Response><Say>${escaped(text)}</Say></Response>`, context)
    assert.isTrue(Result.isSuccess(script) && script.success.verbs[0]?._tag === "Say")
    const bare = readCxml(text, context)
    assert.isTrue(Result.isFailure(bare) || text.includes("<Response"))
  })

  it.prop("takes no message that is not the protocol's", [Schema.String], ([text]) => {
    assert.strictEqual(dialect.read(Buffer.from(text), false)._tag, "Invalid")
    const media = JSON.stringify({ event: "media", streamSid: "s-1", media: { payload: text } })
    const isPacket = Buffer.from(text, "base64").length === 160
    assert.strictEqual(dialect.read(Buffer.from(media), false)._tag, isPacket ? "Audio" : "Invalid")
    const mark = JSON.stringify({ event: "mark", streamSid: "s-1", mark: { name: text } })
    assert.strictEqual(dialect.read(Buffer.from(mark), false)._tag, text === "" ? "Invalid" : "Mark")
  })

  it.prop(
    "takes 160 bytes and no other packet",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 400 }))],
    ([size]) => {
      const payload = Buffer.alloc(size, 1).toString("base64")
      const media = JSON.stringify({ event: "media", streamSid: "s-1", media: { payload } })
      assert.strictEqual(dialect.read(Buffer.from(media), false)._tag, size === 160 ? "Audio" : "Invalid")
    }
  )

  it.prop("refuses a dial that is anything else, with 400", [Schema.Json], ([body]) => {
    const read = readDial(stage, {
      method: "POST",
      path: "/calls/x/application",
      query: new URLSearchParams(),
      headers: {},
      contentType: "application/json",
      body: JSON.stringify(body),
      fields: []
    })
    assert.isTrue(Result.isFailure(read) && read.failure.status === 400)
  })
})
