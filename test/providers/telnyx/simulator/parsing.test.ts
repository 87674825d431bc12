import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Result } from "effect"
import * as fc from "fast-check"
import { newAccount } from "../../../../src/providers/telnyx/simulator/account.ts"
import { urlRules } from "../../../../src/providers/telnyx/simulator/address.ts"
import { isBase64, readBody } from "../../../../src/providers/telnyx/simulator/body.ts"
import type { Leg } from "../../../../src/providers/telnyx/simulator/leg.ts"
import { targetOf } from "../../../../src/providers/telnyx/simulator/legs.ts"
import { makeDialect } from "../../../../src/providers/telnyx/simulator/stream.ts"
import { formatOf, readStream } from "../../../../src/providers/telnyx/simulator/streamOptions.ts"
import { makeCallRecord } from "../../../../src/simulator/CallRecord.ts"

const urls = urlRules(true)
const { application } = newAccount(0, "USER")
const format = formatOf("PCMU")
const leg: Leg = {
  id: "v3:x",
  legId: "leg",
  sessionId: "session",
  direction: "inbound",
  from: "+442071838750",
  to: "+14155550123",
  record: makeCallRecord({ state: "in-progress", format, frameMs: 20 }),
  line: { send: () => Effect.void, finish: Effect.void },
  announcements: [],
  application,
  codec: "PCMU",
  format,
  target: targetOf(application),
  clientState: null,
  extra: {},
  createdMs: 0,
  queueMs: 0,
  answeredMs: 0,
  endedMs: undefined,
  answered: Deferred.makeUnsafe(),
  over: Deferred.makeUnsafe(),
  settled: Deferred.makeUnsafe(),
  commands: new Map(),
  stream: undefined,
  place: undefined,
  recording: undefined
}

const dialect = () => {
  const body = { stream_url: "wss://a.example/", stream_bidirectional_mode: "rtp" }
  const plan = Result.getOrUndefined(readStream(body, "PCMU", urls)) ?? assert.fail("no plan")
  return makeDialect({ plan, streamId: "S", userId: "U", leg, nowMs: () => 0 })
}

const bytesOf = (text: string) => Buffer.from(text, "utf8")

const request = (body: string) => ({
  method: "POST",
  path: "/v2/calls",
  query: new URLSearchParams(),
  headers: {},
  contentType: "application/json",
  body,
  fields: []
})

describe("what the fake reads", () => {
  it("is a command or an error, whatever comes over the socket", () => {
    const { read } = dialect()
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json().map(bytesOf),
      fc
        .record({ event: fc.constantFrom("media", "mark", "clear"), media: fc.json(), mark: fc.json() })
        .map((each) => bytesOf(JSON.stringify(each)))
    )
    fc.assert(
      fc.property(message, fc.boolean(), (bytes, binary) => {
        const command = read(bytes, binary)
        assert.include(["Clear", "Invalid"], command._tag)
        if (binary) assert.strictEqual(command._tag, "Invalid")
      })
    )
  })

  it("plays audio of 20 ms to 30 s, byte for byte, and nothing shorter or longer", () => {
    const { read } = dialect()
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1000 }), (audio) => {
        const payload = Buffer.from(audio).toString("base64")
        const command = read(bytesOf(JSON.stringify({ event: "media", media: { payload } })), false)
        if (audio.length < 160) assert.strictEqual(command._tag, "Invalid")
        else assert.deepStrictEqual(command, { _tag: "Audio", bytes: Buffer.from(audio) })
      })
    )
  })

  it("knows base64 with padding, and nothing else", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.isTrue(isBase64(Buffer.from(bytes).toString("base64")))))
    for (const text of ["a", "ab", "abc", "ab=c", "****", "YQ", "YQ==\n", "_-==", "===="])
      assert.isFalse(isBase64(text))
  })

  it("takes a JSON object as a body, and refuses any other text with a code", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        assert.isTrue(Result.isSuccess(readBody(request(JSON.stringify(body)))))
      })
    )
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const read = readBody(request(text))
        if (Result.isFailure(read)) assert.strictEqual(read.failure.status, 400)
        else assert.match(text, /^\s*\{/)
      })
    )
  })

  it("takes TLS anywhere, and plain text on loopback where that is allowed", () => {
    const cases = [
      ["wss://svc.example/ws/7/3/42/token", true, true],
      ["ws://svc.example/ws", false, false],
      ["ws://127.0.0.1:8080/ws", true, false],
      ["wss://localhost/ws", true, false],
      ["https://svc.example/ws", false, false],
      ["svc.example", false, false]
    ] as const
    for (const [url, loose, strict] of cases) {
      assert.strictEqual(urls.stream.holds(url), loose, url)
      assert.strictEqual(urlRules(false).stream.holds(url), strict, url)
    }
  })
})
