import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as fc from "fast-check"
import { mediaClock } from "../../../src/agents/twilioStream/mediaClock.ts"
import { streamMessages } from "../../../src/agents/twilioStream/messages.ts"
import { isCallFact, maxParameterLength, parametersOf } from "../../../src/agents/twilioStream/parameters.ts"
import { readMessage } from "../../../src/agents/twilioStream/reading.ts"
import { sidsOf } from "../../../src/agents/twilioStream/sids.ts"
import { root } from "../../support/imports.ts"
import { FromTwilio } from "./support/botServer.ts"
import { streamedCall } from "./support/streams.ts"

const sids = {
  accountSid: "AC00000000000000000000000000000001",
  callSid: "CA00000000000000000000000000000002",
  streamSid: "MZ00000000000000000000000000000004"
}
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(FromTwilio), { onExcessProperty: "error" })

describe("the messages to a bot", () => {
  it("are those of Twilio's documents, numbered from the start message on", () => {
    const messages = streamMessages(sids)
    const frame = new Uint8Array(160).fill(0xff)
    const payload = `${"/".repeat(213)}w==`
    assert.deepStrictEqual<unknown>(
      [
        messages.connected(),
        messages.start({ runId: "run-42" }),
        messages.media(frame, 57),
        messages.media(frame, 77),
        messages.dtmf("1"),
        messages.mark('g3-"0007"'),
        messages.stop()
      ].map((text) => JSON.parse(text)),
      [
        { event: "connected", protocol: "Call", version: "1.0.0" },
        {
          event: "start",
          sequenceNumber: "1",
          start: {
            accountSid: sids.accountSid,
            streamSid: sids.streamSid,
            callSid: sids.callSid,
            tracks: ["inbound"],
            mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
            customParameters: { runId: "run-42" }
          },
          streamSid: sids.streamSid
        },
        {
          event: "media",
          sequenceNumber: "2",
          media: { track: "inbound", chunk: "1", timestamp: "57", payload },
          streamSid: sids.streamSid
        },
        {
          event: "media",
          sequenceNumber: "3",
          media: { track: "inbound", chunk: "2", timestamp: "77", payload },
          streamSid: sids.streamSid
        },
        {
          event: "dtmf",
          sequenceNumber: "4",
          dtmf: { track: "inbound_track", digit: "1" },
          streamSid: sids.streamSid
        },
        { event: "mark", sequenceNumber: "5", mark: { name: 'g3-"0007"' }, streamSid: sids.streamSid },
        {
          event: "stop",
          sequenceNumber: "6",
          stop: { accountSid: sids.accountSid, callSid: sids.callSid },
          streamSid: sids.streamSid
        }
      ]
    )
  })

  it("hold every frame, byte for byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 160, maxLength: 160 }), fc.nat(), (frame, at) => {
        const message = decode(streamMessages(sids).media(frame, at))
        assert.strictEqual(message.event, "media")
        if (message.event !== "media") return
        assert.deepStrictEqual(Buffer.from(message.media.payload, "base64"), Buffer.from(frame))
        assert.strictEqual(message.media.timestamp, String(at))
      })
    )
  })
})

describe("the guide", () => {
  const guide = readFileSync(join(root, "docs/agents/twilio-stream.md"), "utf8")
  const examples = Array.from(guide.matchAll(/^```json\n([^`]*)^```/gm), ([, block = ""]) => block.trim().split("\n"))

  it("shows messages as they are", () => {
    const [ours = [], theirs = []] = examples
    const decodeOurs = Schema.decodeUnknownResult(Schema.fromJsonString(FromTwilio), { onExcessProperty: "error" })
    assert.isAbove(ours.length, 3)
    for (const text of ours) assert.isTrue(Result.isSuccess(decodeOurs(text)), text)
    const streamSid = /"streamSid":"(MZ[0-9a-f]{32})"/.exec(guide)?.[1] ?? ""
    assert.deepStrictEqual(
      theirs.map((text) => readMessage(text, streamSid)._tag),
      ["Media", "Mark", "Clear"]
    )
  })

  it("names every parameter that calls fill in", () => {
    for (const name of Object.keys(parametersOf({ ...streamedCall, attempt: 1, context: {} }, []))) {
      assert.include(guide, `\`${name}\``)
    }
  })
})

describe("the ids of a stream", () => {
  it("are the call's and the organization's, and the stream's own", () => {
    const one = sidsOf(streamedCall)
    const other = sidsOf(streamedCall)
    assert.strictEqual(one.callSid, "CA0198c0de000070008000000000000001")
    assert.strictEqual(one.accountSid, "AC0198c0de00007000800000000000000a")
    assert.strictEqual(other.callSid, one.callSid)
    assert.match(one.streamSid, /^MZ[0-9a-f]{32}$/)
    assert.notStrictEqual(other.streamSid, one.streamSid)
  })
})

describe("the custom parameters", () => {
  it("are facts of the call, the agent's own, and the texts of the context", () => {
    assert.deepStrictEqual(parametersOf(streamedCall, ["plan=gold", "equation=a=b"]), {
      call_id: streamedCall.id,
      direction: "inbound",
      from: "+31201234567",
      to: "+14155550100",
      provider: "carrier",
      customer: "c-42",
      plan: "gold",
      equation: "a=b"
    })
    assert.strictEqual(parametersOf({ ...streamedCall, attempt: 2 }, [])["reconnect"], "2")
  })

  it("cannot be passed off as facts of the call, and stay within Twilio's length", () => {
    const context = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom("from", "call_id", "__proto__")),
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
    )
    fc.assert(
      fc.property(context, (given) => {
        const parameters = parametersOf({ ...streamedCall, context: given }, [])
        assert.strictEqual(parameters["from"], streamedCall.from)
        assert.strictEqual(parameters["call_id"], streamedCall.id)
        for (const [name, value] of Object.entries(parameters)) {
          assert.isAtMost(name.length + value.length, maxParameterLength)
          if (!isCallFact(name))
            assert.strictEqual<unknown>(Object.entries(given).find(([key]) => key === name)?.[1], value)
        }
        decode(streamMessages(sids).start(parameters))
      })
    )
    assert.notProperty(parametersOf({ ...streamedCall, context: { long: "x".repeat(500) } }, []), "long")
  })
})

/** The stamps of frames of 20 ms that come at these times, ms. */
const stamps = (...times: ReadonlyArray<number>) => {
  let now = 1000
  const clock = mediaClock(() => now)
  return times.map((at) => {
    now = 1000 + at
    clock.arrive(20)
    return clock.stamp(20)
  })
}

describe("the timestamps", () => {
  it("count the audio, whatever the network's jitter", () => {
    assert.deepStrictEqual(stamps(20, 41, 300, 300, 301, 302), [0, 20, 40, 60, 80, 100])
  })

  it("show where the caller's audio stopped for a while", () => {
    assert.deepStrictEqual(stamps(20, 40, 2040, 2060), [0, 20, 2020, 2040])
    assert.deepStrictEqual(stamps(900, 920), [880, 900])
  })

  it("never go back", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3000 }), { maxLength: 50 }), (gaps) => {
        let at = 0
        const all = stamps(...gaps.map((gap) => (at += gap)))
        assert.isTrue(
          all.every((stamp, n) => Number.isInteger(stamp) && stamp >= 0 && (n === 0 || stamp >= (all[n - 1] ?? 0) + 20))
        )
      })
    )
  })
})
