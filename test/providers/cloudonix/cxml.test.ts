import { assert, describe, it } from "@effect/vitest"
import { answer, callerDocument, destinationDocument, reject } from "../../../src/providers/cloudonix/cxml.ts"
import { plan } from "./plan.ts"

const head = '<?xml version="1.0" encoding="UTF-8"?>'
const hostile = `a"b'<c>&d\n]]>`
const links = { answer: "", route: () => "" }

describe("what Cloudonix is answered", () => {
  it("joins the call to the media socket, and ends it after that without a pause", () => {
    assert.deepStrictEqual(answer({ callId: "run-42", mediaUrl: "wss://voice.example.com/ws/t", links }), {
      status: 200,
      contentType: "application/xml; charset=utf-8",
      body: `${head}<Response><Connect><Stream url="wss://voice.example.com/ws/t" name="run-42"/></Connect><Hangup/></Response>`
    })
  })

  it("escapes whatever it is given", () => {
    const { body } = answer({ callId: hostile, mediaUrl: hostile, links })
    const escaped = "a&quot;b&apos;&lt;c&gt;&amp;d&#xA;]]&gt;"
    assert.include(body, `url="${escaped}" name="${escaped}"`)
    const document = destinationDocument({ ...plan, announcement: hostile, room: "<room>" })
    assert.include(document, '<Say language="en-US">a&quot;b&apos;&lt;c&gt;&amp;d\n]]&gt;</Say>')
    assert.include(document, ">&lt;room&gt;</Conference>")
  })

  it("refuses with a busy tone, or a sentence and the end", () => {
    assert.strictEqual(reject("busy").body, `${head}<Response><Reject reason="busy"/></Response>`)
    for (const refusal of ["unknown-number", "no-agent", "inactive", "not-allowed", "over", "draining"] as const) {
      const { status, body, contentType } = reject(refusal)
      assert.strictEqual(status, 200)
      assert.match(contentType ?? "", /^application\/xml/)
      assert.match(body, /<Response><Say language="en-US">[^<]+<\/Say><Hangup\/><\/Response>$/)
    }
  })
})

describe("the documents of a transfer", () => {
  it("announce to the destination, put it into the room, and tell who comes and goes", () => {
    assert.strictEqual(
      destinationDocument(plan),
      `${head}<Response><Say language="en-US">A caller for you.</Say><Dial><Conference beep="false" holdMusic="false" endConferenceOnExit="true" statusCallback="https://voice.example.com/transfer-conference/t" statusCallbackMethod="POST" statusCallbackEvent="join leave">transfer-room</Conference></Dial><Hangup/></Response>`
    )
    assert.notInclude(destinationDocument({ ...plan, announcement: undefined }), "Say")
  })

  it("take the caller there, and hang up after", () => {
    assert.strictEqual(
      callerDocument(plan),
      `${head}<Response><Dial><Conference beep="false" holdMusic="false" endConferenceOnExit="true">transfer-room</Conference></Dial><Hangup/></Response>`
    )
  })
})
