import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Ref, Result, Schema, Stream } from "effect"
import { HttpClientRequest, HttpServer } from "effect/http"
import { HttpApiMiddleware, HttpApiTest } from "effect/http-api"
import { Api } from "../../src/api/Api.ts"
import { Authorization, Caller } from "../../src/api/Authorization.ts"
import { NewAgentEvent } from "../../src/api/callEvents.ts"
import { callsHandlers } from "../../src/api/callsHandlers.ts"
import { jsonBodyLayer, problemsLayer, wavBodyLayer } from "../../src/api/readRequests.ts"
import { fieldErrors } from "../../src/Form.ts"
import { CallCommands, type CommandReply, maxAgentEventBytes } from "../../src/telephony/CallCommands.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { Carrier, carrierError, makeScript } from "./support/fakeCarrier.ts"
import { allCalls, callOf, eventually } from "./support/place.ts"
import { makeTenant, type Tenant, world } from "./support/world.ts"

/** The organization of whoever makes the request: what an API key would say. */
const organization = Ref.makeUnsafe("")

const authorization = Layer.sync(Authorization, () => {
  const scheme: Authorization["Service"]["bearer"] = (handle) =>
    Effect.flatMap(Ref.get(organization), (organizationId) =>
      Effect.provideService(handle, Caller, { organizationId, keyId: "key", role: "operator" })
    )
  return Authorization.of({ bearer: scheme, api_key: scheme })
})

const withKey = HttpApiMiddleware.layerClient(Authorization, ({ next, request }) =>
  next(HttpClientRequest.bearerToken(request, "key"))
)

const client = HttpApiTest.groups(Api, ["calls"])

const served = callsHandlers.pipe(
  Layer.provideMerge(Layer.mergeAll(authorization, jsonBodyLayer, problemsLayer, wavBodyLayer)),
  Layer.provideMerge(world()),
  Layer.provideMerge(Layer.mergeAll(withKey, HttpServer.layerServices))
)

const fresh = Effect.fnUntraced(function* (options?: Parameters<typeof makeTenant>[0]) {
  const carrier = yield* Carrier
  carrier.script = makeScript()
  const tenant = yield* makeTenant(options)
  yield* Ref.set(organization, tenant.organizationId)
  const api = yield* client
  return { tenant, script: carrier.script, api: api.calls }
})

const body = (tenant: Tenant) => ({ to: "+442071838750", agent_id: tenant.agentId, context: { order: 7 } })

layer(served, { excludeTestServices: true })("the calls of the API", (it) => {
  it.effect("are placed, under both names, and read with the agreed shape", () =>
    Effect.gen(function* () {
      const { tenant, api } = yield* fresh()
      const placed = yield* api.place({ payload: body(tenant), headers: {} })
      assert.deepStrictEqual(Object.keys(placed).sort(), [
        "agent_id",
        "answered_at",
        "context",
        "cost",
        "created_at",
        "direction",
        "duration_ms",
        "end_owner",
        "end_reason",
        "ended_at",
        "from",
        "id",
        "media_state",
        "mode",
        "organization_id",
        "provider_call_id",
        "recording",
        "status",
        "telephony_configuration_id",
        "to"
      ])
      assert.deepInclude(placed, { from: tenant.number, to: "+442071838750", status: "initiated", end_reason: null })
      assert.deepStrictEqual(yield* api.get({ params: { id: placed.id } }), placed)
      const older = yield* api.initiate({ payload: body(tenant), headers: {} })
      assert.strictEqual(yield* allCalls(tenant), 2)
      assert.notStrictEqual(older.id, placed.id)
    })
  )

  it.effect("are placed once for an idempotency key, and the key is refused for another body", () =>
    Effect.gen(function* () {
      const { tenant, script, api } = yield* fresh()
      const headers = { "idempotency-key": "order-7" }
      const all = yield* Effect.forEach([1, 2, 3], () => api.place({ payload: body(tenant), headers }), {
        concurrency: 3
      })
      assert.lengthOf(new Set(all.map((call) => call.id)), 1)
      assert.lengthOf(script.placed, 1)
      const other = yield* Effect.flip(api.place({ payload: { ...body(tenant), context: {} }, headers }))
      assert.deepInclude(other, { _tag: "IdempotencyKeyReused", code: "idempotency_key_reused" })
    })
  )

  it.effect("are refused with a code and a sentence that helps", () =>
    Effect.gen(function* () {
      const { tenant, script, api } = yield* fresh({ concurrent: 1 })
      const refusal = (changes: object) =>
        Effect.flip(api.place({ payload: { ...body(tenant), ...changes }, headers: {} }))
      const wrong = yield* refusal({ to: "nonsense" })
      assert.deepInclude(wrong, { _tag: "ValidationFailed" })
      assert.include(wrong.message, "to:")
      const field = yield* refusal({ agent_id: "01900000-0000-7000-8000-000000000000" })
      assert.include(field.message, "agent_id")
      assert.deepInclude(yield* refusal({ to: "+979123456789" }), { code: "destination_not_allowed" })
      assert.deepInclude(yield* refusal({ from_phone_number_id: "01900000-0000-7000-8000-000000000000" }), {
        code: "no_caller_id"
      })
      script.placeCall = () => carrierError("rejected", "Not verified. Verify it.")
      const rejected = yield* refusal({})
      assert.deepInclude(rejected, { code: "carrier_rejected", carrier_code: "42", detail: "Not verified. Verify it." })
      script.placeCall = makeScript().placeCall
      yield* api.place({ payload: body(tenant), headers: {} })
      assert.deepInclude(yield* refusal({}), { _tag: "TooManyCalls", code: "concurrent_calls_reached" })
      assert.strictEqual(yield* allCalls(tenant), 2)
    })
  )

  it.effect("are listed newest first, in pages, filtered, and of one's own organization only", () =>
    Effect.gen(function* () {
      const { tenant, api } = yield* fresh()
      const calls = yield* Calls
      const placed = yield* Effect.forEach([1, 2, 3, 4, 5], () => api.place({ payload: body(tenant), headers: {} }))
      const ids = placed.map((call) => call.id).reverse()
      const first = yield* api.list({ query: { limit: 2 } })
      const second = yield* api.list({ query: { limit: 2, cursor: first.next_cursor ?? "" } })
      const third = yield* api.list({ query: { limit: 2, cursor: second.next_cursor ?? "" } })
      assert.deepStrictEqual(
        [first, second, third].flatMap((page) => page.calls.map((call) => call.id)),
        ids
      )
      assert.isNull(third.next_cursor)
      yield* calls.end(ids[0] ?? "", "agent_ended")
      const count = (query: Parameters<typeof api.list>[0]["query"]) =>
        Effect.map(api.list({ query }), (page) => page.calls.length)
      assert.strictEqual(yield* count({ live: "true" }), 4)
      assert.strictEqual(yield* count({ live: "false" }), 1)
      assert.strictEqual(yield* count({ status: "canceled" }), 1)
      assert.strictEqual(yield* count({ direction: "inbound" }), 0)

      yield* fresh()
      assert.strictEqual(yield* count({}), 0)
      for (const id of [ids[0] ?? "", "nonsense"]) {
        assert.deepInclude(yield* Effect.flip(api.get({ params: { id } })), { code: "call_not_found" })
        assert.deepInclude(yield* Effect.flip(api.hangUp({ params: { id } })), { code: "call_not_found" })
      }
      assert.strictEqual((yield* callOf(ids[1] ?? "")).status, "initiated")
    })
  )

  it.effect("have a log in pages", () =>
    Effect.gen(function* () {
      const { tenant, api } = yield* fresh()
      const { id } = yield* api.place({ payload: body(tenant), headers: {} })
      const first = yield* api.events({ params: { id }, query: { limit: 1 } })
      const second = yield* api.events({ params: { id }, query: { limit: 1, cursor: first.next_cursor ?? "" } })
      assert.deepStrictEqual(
        [...first.events, ...second.events].map(({ sequence, kind }) => [sequence, kind]),
        [
          [1, "call.created"],
          [2, "dial.accepted"]
        ]
      )
      assert.isNull(second.next_cursor)
    })
  )

  it.effect("have a live log that goes on until the end, and again after a given event", () =>
    Effect.gen(function* () {
      const { tenant, api } = yield* fresh()
      const calls = yield* Calls
      const { id } = yield* api.place({ payload: body(tenant), headers: {} })
      const read = (headers: { readonly "last-event-id"?: string }) =>
        Effect.flatMap(api.stream({ params: { id }, headers }), (stream) =>
          Effect.map(Stream.runCollect(stream), (events) => Array.from(events, ({ data }) => data.kind))
        )
      const watching = yield* Effect.forkChild(read({}))
      yield* calls.record(id, { source: "agent", kind: "agent.said", payload: { text: "hello" } })
      yield* Effect.sleep("50 millis")
      yield* calls.end(id, "agent_ended")
      assert.deepStrictEqual(yield* Fiber.join(watching), ["call.created", "dial.accepted", "agent.said", "call.ended"])
      assert.deepStrictEqual(yield* read({ "last-event-id": "2" }), ["agent.said", "call.ended"])
    })
  )

  it.effect("are hung up with the operator's reason, at the carrier too, and stay as they ended", () =>
    Effect.gen(function* () {
      const { tenant, script, api } = yield* fresh()
      const { id } = yield* api.place({ payload: body(tenant), headers: {} })
      const ended = yield* api.hangUp({ params: { id } })
      assert.deepInclude(ended, { status: "canceled", end_reason: "operator_ended", end_owner: "operator" })
      assert.lengthOf(script.hungUp, 1)
      assert.deepStrictEqual(yield* api.hangUp({ params: { id } }), ended)
      assert.lengthOf(script.hungUp, 1)
    })
  )

  it.effect("take digits through their media, else through the carrier, and only while they are connected", () =>
    Effect.gen(function* () {
      const { tenant, script, api } = yield* fresh()
      const calls = yield* Calls
      const tickets = yield* Tickets
      const commands = yield* CallCommands
      const { id } = yield* api.place({ payload: body(tenant), headers: {} })
      const press = (digits: string) => api.digits({ params: { id }, payload: { digits } })
      assert.deepInclude(yield* Effect.flip(press("1")), { code: "call_not_connected" })
      yield* tickets.consume(yield* tickets.issue(id))
      yield* calls.moveMedia(id, "streaming")
      yield* press("12#")
      assert.deepStrictEqual(script.digits, ["12#"])

      const heard: Array<string> = []
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* commands.serve(id, (command) =>
            Effect.sync(() => {
              heard.push(JSON.stringify(command))
              return { ok: true, detail: "" }
            })
          )
          yield* press("*9")
          yield* api.hangUp({ params: { id } })
          yield* eventually(
            Effect.sync(() => heard.length),
            (count) => count === 2
          )
        })
      )
      assert.deepStrictEqual(heard, ['{"_tag":"SendDigits","digits":"*9"}', '{"_tag":"HangUp","drain":false}'])
      assert.deepInclude(yield* Effect.flip(press("1")), { code: "call_over" })
    })
  )

  it("take events of a bounded size only, and name the field that is wrong", () => {
    const decode = Schema.decodeUnknownResult(NewAgentEvent, { errors: "all", onExcessProperty: "error" })
    const wrong = (payload: unknown) =>
      Result.match(decode(payload), {
        onSuccess: () => [],
        onFailure: (error) => fieldErrors(error).map(({ field }) => field)
      })
    const fixed = JSON.stringify({ name: "n", data: "" }).length
    assert.deepStrictEqual(wrong({ name: "n", data: "x".repeat(maxAgentEventBytes - fixed) }), [])
    assert.deepStrictEqual(wrong({ name: "n", data: "x".repeat(maxAgentEventBytes - fixed + 1) }), ["data"])
    assert.deepStrictEqual(wrong({ name: "n", data: "\u20ac".repeat(maxAgentEventBytes / 2) }), ["data"])
    assert.deepStrictEqual(wrong({}), ["name"])
    assert.deepStrictEqual(wrong({ name: "" }), ["name"])
    assert.deepStrictEqual(wrong({ name: "x".repeat(65) }), ["name"])
    assert.deepStrictEqual(wrong({ name: "n", date: 1 }), ["date"])
  })

  it.effect("take events for their agent, and say why one could not be told", () =>
    Effect.gen(function* () {
      const { tenant, api } = yield* fresh()
      const calls = yield* Calls
      const commands = yield* CallCommands
      const { id } = yield* api.place({ payload: body(tenant), headers: {} })
      const tell = (payload: Parameters<typeof api.tellAgent>[0]["payload"], to = id) =>
        api.tellAgent({ params: { id: to }, payload })
      const codeOf = (payload: Parameters<typeof tell>[0], to = id) =>
        Effect.map(Effect.flip(tell(payload, to)), (problem) => ("code" in problem ? problem.code : problem._tag))
      assert.strictEqual(yield* codeOf({ name: "note" }), "call_not_connected")
      assert.strictEqual(yield* codeOf({ name: "note" }, "nonsense"), "call_not_found")

      const heard: Array<unknown> = []
      let reply: CommandReply = { ok: true, detail: "told" }
      yield* commands.serve(id, (command) =>
        Effect.sync(() => {
          heard.push(command)
          return reply
        })
      )
      const data = { order: 7, notes: ["a", null, 1.5] }
      yield* tell({ name: "order.changed", data })
      yield* tell({ name: "bare" })
      assert.deepStrictEqual(heard, [
        { _tag: "AgentEvent", name: "order.changed", data },
        { _tag: "AgentEvent", name: "bare", data: null }
      ])
      const { events } = yield* api.events({ params: { id }, query: {} })
      assert.deepStrictEqual(
        events.filter(({ kind }) => kind === "operator.event").map(({ source, payload }) => ({ source, payload })),
        [
          { source: "operator", payload: { name: "order.changed", data } },
          { source: "operator", payload: { name: "bare", data: null } }
        ]
      )

      for (const [reason, code] of [
        ["not-connected", "call_not_connected"],
        ["not-supported", "events_not_supported"],
        ["not-told", "agent_not_reading"],
        ["a reason of the future", "agent_not_reading"]
      ] as const) {
        reply = { ok: false, reason, detail: "The sentence." }
        assert.strictEqual(yield* codeOf({ name: "note" }), code)
        assert.strictEqual((yield* Effect.flip(tell({ name: "note" }))).message, "The sentence.")
      }
      reply = { ok: true, detail: "told" }
      const empty = JSON.stringify({ name: "large", data: "" }).length
      yield* tell({ name: "large", data: "x".repeat(maxAgentEventBytes - empty) })
      const asked = heard.length
      yield* calls.end(id, "agent_ended")
      assert.strictEqual(yield* codeOf({ name: "note" }), "call_over")
      assert.strictEqual(heard.length, asked)
    }).pipe(Effect.scoped)
  )
})
