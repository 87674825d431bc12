import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { readNcco } from "../../../../src/providers/vonage/simulator/ncco.ts"

const strict = { insecureLoopback: false }
const read = (actions: unknown, context = strict) => readNcco(JSON.stringify(actions), context)
const socket = (more: object = {}) => ({
  action: "connect",
  endpoint: [{ type: "websocket", uri: "wss://svc.example/media?a=1", "content-type": "audio/l16;rate=16000", ...more }]
})

describe("an NCCO", () => {
  it("may hold every documented action", () => {
    const actions = [
      { ...socket({ headers: { run: "42" }, authorization: { type: "vonage" } }), from: "15551230001", limit: 60 },
      { action: "connect", timeout: 30, endpoint: [{ type: "phone", number: "15551230001", dtmfAnswer: "2p02p" }] },
      { action: "talk", text: "Hi", language: "en-US", style: 0, premium: false, bargeIn: false, loop: 1, level: 0 },
      { action: "stream", streamUrl: ["https://svc.example/hold.mp3"], loop: 0, level: -0.5 },
      {
        action: "conversation",
        name: "x",
        startOnEnter: false,
        endOnExit: true,
        musicOnHoldUrl: ["https://a.example/m"]
      },
      { action: "wait", timeout: 1 },
      { action: "notify", payload: { a: 1 }, eventUrl: ["https://svc.example/notify"] },
      { action: "input", type: ["dtmf"], dtmf: { maxDigits: 1 } },
      { action: "record", eventUrl: ["https://svc.example/record"] },
      { action: "transfer", conversation_id: "CON-1" }
    ]
    const found = read(actions)
    assert.isTrue(Result.isSuccess(found), JSON.stringify(found))
    assert.isTrue(Result.isSuccess(read([])))
  })

  it("fails as a whole over one bad action", () => {
    const talk = { action: "talk", text: "Hi" }
    const bad: ReadonlyArray<unknown> = [
      {},
      talk,
      [talk, { action: "hangup" }],
      [talk, null],
      [{ action: "talk", text: "x".repeat(1501) }],
      [{ action: "talk", text: "Hi", voice: "Amy" }],
      [socket({ uri: "ws://svc.example/media" })],
      [socket({ uri: "wss://127.0.0.1/media" })],
      [socket({ "content-type": "audio/l16;rate=44100" })],
      [socket({ headers: { name: "é".repeat(251) } })],
      [{ ...socket(), endpoint: [...socket().endpoint, ...socket().endpoint] }],
      [{ ...socket(), eventUrl: "https://svc.example/events" }],
      [{ action: "connect", endpoint: [{ type: "phone", number: "+15551230001" }] }]
    ]
    for (const actions of bad) assert.isTrue(Result.isFailure(read(actions)), JSON.stringify(actions))
    assert.isTrue(Result.isFailure(readNcco("[", strict)))
  })

  it("may name a plain socket on loopback only in tests", () => {
    const local = [socket({ uri: "ws://127.0.0.1:8080/media" })]
    assert.isTrue(Result.isSuccess(read(local, { insecureLoopback: true })))
    assert.isTrue(Result.isFailure(read(local)))
  })

  it.prop(
    "is read without breaking, whatever it is",
    [Schema.Array(Schema.Record(Schema.String, Schema.Json))],
    ([actions]) => {
      const found = read([{ action: "talk", text: "Hi" }, ...actions.map((more) => ({ action: "connect", ...more }))])
      return Result.isSuccess(found) === (actions.length === 0)
    }
  )
})
