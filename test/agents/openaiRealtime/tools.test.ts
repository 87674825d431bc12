import { createHmac } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue, Schema } from "effect"
import { AgentEnvironment, httpGuard } from "../../../src/agents/AgentEnvironment.ts"
import { loopbackEnvironment, someCall, until } from "../support/legs.ts"
import { startCall } from "./calls.ts"
import { realtimeServer, type Visit } from "./fakeServer.ts"
import { begin, callFunction, finish, respond } from "./script.ts"
import { toolServer } from "./toolServer.ts"

const Output = Schema.Struct({
  item: Schema.Struct({ type: Schema.Literal("function_call_output"), call_id: Schema.String, output: Schema.String })
})
const decodeOutput = Schema.decodeUnknownSync(Output)

/** The output of a function, as the model gets it. */
const outputOf = (visit: Visit) =>
  Effect.map(visit.nextOf("conversation.item.create"), (event) => decodeOutput(event).item)

/** A response that only calls a function. */
const calling = Effect.fnUntraced(function* (visit: Visit, name: string, given: string, response = "resp_1") {
  yield* begin(visit, response)
  yield* callFunction(visit, response, { name, callId: `call_${response}`, arguments: given })
  yield* finish(visit, response)
})

const toolsWith = (url: string, more: object = {}) => ({
  tools: JSON.stringify([{ name: "look_up", description: "Looks up a booking.", url, ...more }])
})
const secret = "a-secret-of-the-tools"

describe("the functions of a realtime model", () => {
  it.live("transfer the caller, and tell why that was not begun, or that it failed later", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const settings = { allow_transfer: true }
      const { events, leg, transfers, visit } = yield* startCall(server, { settings })
      yield* calling(visit, "transfer_call", '{"destination":"+31201234567","announcement":"A guest."}')
      const output = yield* outputOf(visit)
      assert.strictEqual(output.call_id, "call_resp_1")
      assert.include(output.output, '"ok":true')
      assert.deepStrictEqual(transfers, [{ destination: "+31201234567", announcement: "A guest." }])
      yield* visit.nextOf("response.create")
      yield* respond(visit, { response: "resp_2", item: "item_2", audio: new Uint8Array(160) })
      yield* leg.transferState?.({ state: "ringing" }) ?? Effect.void
      yield* leg.transferState?.({ state: "failed", reason: "busy" }) ?? Effect.void
      const { item } = yield* visit.nextOf("conversation.item.create")
      assert.deepInclude(item, { role: "system" })
      assert.include(JSON.stringify(item), "failed (busy)")
      yield* visit.nextOf("response.create")
      assert.deepInclude(events[0]?.details, { name: "transfer_call", outcome: "done" })
      assert.notInclude(JSON.stringify(events), "+31201234567")

      const refused = yield* startCall(server, { settings, refusals: { transfer: "not_allowed" } })
      yield* calling(refused.visit, "transfer_call", '{"destination":"+31201234567"}')
      assert.deepStrictEqual(JSON.parse((yield* outputOf(refused.visit)).output), {
        ok: false,
        reason: "not_allowed",
        message: "not now"
      })
    })
  )

  it.live("press keys, and tell where the carrier cannot", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const settings = { allow_digits: true }
      const able = yield* startCall(server, { settings })
      yield* calling(able.visit, "send_digits", '{"digits":"12w#"}')
      assert.include((yield* outputOf(able.visit)).output, '"ok":true')
      assert.deepStrictEqual(able.digits, ["12w#"])

      const digits = { reason: "digits_not_supported", message: "not here" } as const
      const unable = yield* startCall(server, { settings, refusals: { digits } })
      yield* calling(unable.visit, "send_digits", '{"digits":"1"}')
      assert.include((yield* outputOf(unable.visit)).output, "digits_not_supported")
    })
  )

  it.live("are refused where the settings do not allow them, and with arguments that make no sense", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const bare = yield* startCall(server, { settings: { allow_end_call: false } })
      for (const [n, name] of ["end_call", "transfer_call", "send_digits", "other"].entries()) {
        yield* calling(bare.visit, name, '{"destination":"+31","digits":"1"}', `resp_${n}`)
        assert.include((yield* outputOf(bare.visit)).output, "unknown_function")
        yield* bare.visit.nextOf("response.create")
      }
      assert.isUndefined(bare.running.pollUnsafe())

      const { visit } = yield* startCall(server, {
        settings: { allow_transfer: true, allow_digits: true, ...toolsWith("http://127.0.0.1:1/") }
      })
      const nonsense = [
        ["transfer_call", "{"],
        ["transfer_call", "{}"],
        ["transfer_call", `{"destination":"${"x".repeat(300)}"}`],
        ["send_digits", '{"digits":"call me"}'],
        ["look_up", "{"]
      ] as const
      for (const [n, [name, given]] of nonsense.entries()) {
        yield* calling(visit, name, given, `resp_${n}`)
        assert.include((yield* outputOf(visit)).output, "invalid_arguments")
        yield* visit.nextOf("response.create")
      }
    })
  )

  it.live("wait for each other before the model goes on, and are not carried out twice", () =>
    Effect.gen(function* () {
      const answers: Array<() => void> = []
      const tools = yield* toolServer((_call, response) => void answers.push(() => void response.end('{"found":1}')))
      const server = yield* realtimeServer()
      const { visit } = yield* startCall(server, { settings: toolsWith(tools.url) })
      yield* begin(visit, "resp_1")
      for (const callId of ["call_a", "call_b", "call_a"])
        yield* callFunction(visit, "resp_1", { name: "look_up", callId })
      yield* visit.emit({
        type: "response.output_item.done",
        response_id: "resp_1",
        output_index: 2,
        item: { type: "function_call", name: "look_up", call_id: "call_c", arguments: '{"nu', status: "incomplete" }
      })
      yield* finish(visit, "resp_1")
      yield* until(() => answers.length === 2)
      answers[0]?.()
      yield* outputOf(visit)
      yield* visit.understood
      assert.strictEqual(visit.waiting(), 0, "one of two tools has answered")
      answers[1]?.()
      yield* outputOf(visit)
      yield* visit.nextOf("response.create")
      yield* visit.understood
      assert.strictEqual(answers.length, 2)
    })
  )
})

describe("a tool of one's own", () => {
  it.live("is posted the call, signed, and its answer is the function's output", () =>
    Effect.gen(function* () {
      const answer = '{"room":"12","nights":2}'
      const tools = yield* toolServer((_call, response) => void response.end(answer))
      const server = yield* realtimeServer()
      const settings = { ...toolsWith(tools.url), tools_secret: secret }
      const { events, visit } = yield* startCall(server, { settings })
      yield* calling(visit, "look_up", '{"number":"B-7","vip":true}')
      const call = yield* Queue.take(tools.calls)
      assert.strictEqual(call.method, "POST")
      assert.strictEqual(call.path, "/tool")
      assert.strictEqual(call.headers["content-type"], "application/json")
      assert.deepStrictEqual(JSON.parse(call.body), {
        call_id: someCall.id,
        tool_call_id: "call_resp_1",
        name: "look_up",
        arguments: { number: "B-7", vip: true }
      })
      const [, seconds, signature] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(call.headers["x-switchboard-signature"])) ?? []
      assert.strictEqual(signature, createHmac("sha256", secret).update(`${seconds}.${call.body}`).digest("hex"))
      assert.deepInclude(yield* outputOf(visit), { call_id: "call_resp_1", output: answer })
      yield* visit.nextOf("response.create")
      assert.deepInclude(events[0]?.details, { name: "look_up", outcome: "done" })
      assert.notInclude(JSON.stringify(events), "B-7")
    })
  )

  it.live("is not signed without a secret, and may be called without arguments", () =>
    Effect.gen(function* () {
      const tools = yield* toolServer()
      const server = yield* realtimeServer()
      const { visit } = yield* startCall(server, { settings: toolsWith(tools.url) })
      yield* calling(visit, "look_up", "")
      const call = yield* Queue.take(tools.calls)
      assert.isUndefined(call.headers["x-switchboard-signature"])
      assert.deepInclude(JSON.parse(call.body), { arguments: {} })
    })
  )

  for (const [what, answer, why] of [
    ["an error", (response: Respond) => response.writeHead(500).end("x"), /HTTP 500/],
    ["a redirect", (response: Respond) => response.writeHead(302, { location: "/" }).end(), /HTTP 302.*not followed/],
    ["a novel", (response: Respond) => response.end("x".repeat(200_000)), /longer than 16384 bytes/],
    ["half an answer", (response: Respond) => response.writeHead(200).write("x", () => response.destroy()), /broke/]
  ] as const) {
    it.live(`that answers with ${what} has failed, and the call goes on`, () =>
      Effect.gen(function* () {
        const tools = yield* toolServer((_call, response) => void answer(response))
        const server = yield* realtimeServer()
        const { events, running, visit } = yield* startCall(server, { settings: toolsWith(tools.url) })
        yield* calling(visit, "look_up", "{}")
        const { output } = yield* outputOf(visit)
        assert.match(output, why)
        assert.include(output, "tool_failed")
        yield* visit.nextOf("response.create")
        assert.isUndefined(running.pollUnsafe())
        assert.deepInclude(events[0]?.details, { name: "look_up", outcome: "failed" })
      })
    )
  }

  it.live("that hangs has failed in time, and its connection is given up", () =>
    Effect.gen(function* () {
      const tools = yield* toolServer(() => {})
      const server = yield* realtimeServer()
      const { visit } = yield* startCall(server, { settings: toolsWith(tools.url), limits: { toolMs: 80 } })
      yield* calling(visit, "look_up", "{}")
      const call = yield* Queue.take(tools.calls)
      assert.include((yield* outputOf(visit)).output, "did not answer within 80 ms")
      yield* visit.nextOf("response.create")
      yield* until(call.isGone)
    })
  )

  it.live("is given up when the call ends", () =>
    Effect.gen(function* () {
      const tools = yield* toolServer(() => {})
      const server = yield* realtimeServer()
      const { close, end, media, visit } = yield* startCall(server, { settings: toolsWith(tools.url) })
      yield* calling(visit, "look_up", "{}")
      const call = yield* Queue.take(tools.calls)
      yield* media.stop
      yield* end
      yield* until(call.isGone)
      yield* close
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("is called at the address that the guard gives, and at no other", () =>
    Effect.gen(function* () {
      const tools = yield* toolServer()
      const server = yield* realtimeServer()
      const url = tools.url.replace("127.0.0.1", "tools.switchboard.invalid")
      const { visit } = yield* startCall(server, { settings: toolsWith(url) })
      yield* calling(visit, "look_up", "{}")
      const call = yield* Queue.take(tools.calls)
      assert.match(call.headers.host ?? "", /^tools\.switchboard\.invalid:\d+$/)
    })
  )

  it.live("cannot be on a network that agents must not reach, nor where nobody listens", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const guarded = AgentEnvironment.of({
        ...loopbackEnvironment,
        guardHttp: httpGuard({
          privateHosts: [],
          publicUrl: "https://switchboard.example",
          resolve: () => Effect.succeed([{ address: "10.0.0.1", family: 4 }])
        })
      })
      const away = loopbackEnvironment
      for (const [url, environment, why] of [
        ["http://127.0.0.1:1/tool", away, /cannot be reached \(ECONNREFUSED\)/],
        ["https://127.0.0.1:1/tool", away, /cannot be reached/],
        ["https://metadata.example/latest", guarded, /not on the public internet/]
      ] as const) {
        const { visit } = yield* startCall(server, { settings: toolsWith(url), environment })
        yield* calling(visit, "look_up", "{}")
        assert.match((yield* outputOf(visit)).output, why)
      }
    })
  )

  it.live("is not run more often at a time than a call may", () =>
    Effect.gen(function* () {
      const tools = yield* toolServer(() => {})
      const server = yield* realtimeServer()
      const { visit } = yield* startCall(server, { settings: toolsWith(tools.url) })
      yield* begin(visit, "resp_1")
      for (let n = 0; n < 9; n++) yield* callFunction(visit, "resp_1", { name: "look_up", callId: `call_${n}` })
      const output = yield* outputOf(visit)
      assert.deepInclude(output, { call_id: "call_8" })
      assert.include(output.output, "too_many")
    })
  )
})

type Respond = Parameters<NonNullable<Parameters<typeof toolServer>[0]>>[1]
