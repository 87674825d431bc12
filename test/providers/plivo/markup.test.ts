import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import { answer, callerRoom, destinationRoom, reject } from "../../../src/providers/plivo/markup.ts"
import { parseXml } from "../../carrier/strictXml.ts"
import { call } from "./account.ts"

const links = { answer: "", route: (path: string) => `https://voice.example.com/plivo${path}/to&ken` }
const plan = (room: string, announcement: string | undefined): TransferPlan => ({
  transferId: "t",
  call,
  destination: "+1",
  callerId: "+1",
  ringTimeoutSeconds: 1,
  maxDurationSeconds: 1,
  announcement,
  room,
  links
})

describe("the answer to a call", () => {
  it("is a stream both ways that keeps the call alive, and then the end", () => {
    const reply = answer({ callId: "run-42", mediaUrl: "wss://voice.example.com/ws/ticket", links })
    assert.strictEqual(reply.contentType, "application/xml; charset=utf-8")
    assert.strictEqual(
      reply.body,
      '<?xml version="1.0" encoding="UTF-8"?><Response><Stream bidirectional="true" keepCallAlive="true" contentType="audio/x-mulaw;rate=8000" statusCallbackUrl="https://voice.example.com/plivo/stream-status/to&amp;ken" statusCallbackMethod="POST">wss://voice.example.com/ws/ticket</Stream><Hangup/></Response>'
    )
  })

  it("is well-formed whatever the data hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
        assert.isDefined(parseXml(answer({ callId: one, mediaUrl: `wss://h/${one}`, links }).body))
        assert.isDefined(parseXml(destinationRoom(plan(`r${one}`, other)).body))
        assert.isDefined(parseXml(callerRoom(plan(`r${one}`, other)).body))
      }),
      { numRuns: 25 }
    )
  })
})

describe("a refusal", () => {
  it("is a busy tone when that is the reason, and never Twilio's Reject", () =>
    assert.strictEqual(
      reject("busy").body,
      '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup reason="busy"/></Response>'
    ))

  it("is spoken otherwise and followed by a hang-up", () => {
    for (const refusal of ["unknown-number", "no-agent", "inactive", "not-allowed", "over", "draining"] as const) {
      const [speak, hangUp] = parseXml(reject(refusal).body)?.children ?? []
      assert.strictEqual(typeof speak === "object" ? speak.name : "", "Speak")
      assert.deepStrictEqual(hangUp, { name: "Hangup", attributes: {}, children: [] })
    }
  })

  it("a destination without announcement goes straight into the room", () =>
    assert.notInclude(destinationRoom(plan("room", undefined)).body, "Speak"))
})
