import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import * as providers from "../../src/providers/index.ts"
import type { FaultName } from "../../src/simulator/Faults.ts"
import { App, callsOf, callsUntil, createdId, eventsOf, setUp, theirs } from "../support/app.ts"

const Simulator = Schema.Struct({
  available: Schema.Boolean,
  reason: Schema.optionalKey(Schema.String),
  providers: Schema.Array(
    Schema.Struct({
      provider: Schema.String,
      display_name: Schema.String,
      directions: Schema.Array(Schema.String),
      faults: Schema.Array(Schema.Struct({ name: Schema.String, description: Schema.String }))
    })
  )
})
const Placed = Schema.Struct({ call_id: Schema.NullOr(Schema.String) })
const Configurations = Schema.Struct({
  configurations: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      name: Schema.String,
      simulated: Schema.Boolean,
      is_default_outbound: Schema.Boolean,
      inactive_since: Schema.NullOr(Schema.String)
    })
  )
})

const organizations = "/api/v1/organizations"

const echo = Effect.gen(function* () {
  const { request } = yield* App
  const name = `Echo ${crypto.randomUUID().slice(0, 8)}`
  return createdId(yield* request("POST", `${organizations}/agents`, { name, kind: "echo", settings: {} }))
})

const place = Effect.fnUntraced(function* (
  provider: string,
  direction: "inbound" | "outbound",
  agent_id: string,
  fault?: FaultName
) {
  const { request } = yield* App
  const body = { provider, direction, agent_id, ...(fault === undefined ? {} : { fault }) }
  const answer = yield* request("POST", "/api/v1/simulator/calls", body)
  assert.strictEqual(answer.status, 202, JSON.stringify(answer.body))
  return Schema.decodeUnknownSync(Placed)(answer.body).call_id
})

/** The call once it is over. */
const ended = Effect.fnUntraced(function* (id: string | null) {
  const isIt = (call: { readonly id: string; readonly end_reason: string | null }) =>
    call.id === id && call.end_reason !== null
  const found = (yield* callsUntil(yield* App, (calls) => calls.some(isIt))).find(isIt)
  return found ?? assert.fail("the call was there a moment ago")
})

const simulated = Effect.gen(function* () {
  const { request } = yield* App
  const { body } = yield* request("GET", `${organizations}/telephony-configs`)
  return Schema.decodeUnknownSync(Configurations)(body).configurations.filter((each) => each.simulated)
})

/** Waits until the fake carriers are gone. */
const atRest = Effect.repeat(Effect.delay(simulated, "100 millis"), {
  until: (all) => all.every(({ inactive_since }) => inactive_since !== null)
})

layer(App.layer(simulator, "twilio"), { excludeTestServices: true, timeout: "60 seconds" })(
  "calls of fake carriers in the service",
  (it) => {
    it.effect("are there for every provider, with the faults that can strike", () =>
      Effect.gen(function* () {
        const { request } = yield* App
        const found = Schema.decodeUnknownSync(Simulator)((yield* request("GET", "/api/v1/simulator")).body)
        assert.isTrue(found.available)
        assert.sameMembers(
          found.providers.map(({ provider }) => provider),
          Object.values(providers).map(({ spec }) => spec.name)
        )
        const faultsOf = (name: string) =>
          found.providers.find(({ provider }) => provider === name)?.faults.map((fault) => fault.name) ?? []
        assert.include(faultsOf("twilio"), "signature-wrong")
        assert.notInclude(faultsOf("twilio"), "events-lost")
        assert.include(faultsOf("ari"), "events-lost")
        assert.notInclude(faultsOf("browser"), "rest-broken")
        assert.deepStrictEqual(
          found.providers.filter(({ directions }) => !directions.includes("outbound")).map(({ provider }) => provider),
          ["browser"]
        )
      })
    )

    it.effect(
      "are heard and end, both ways, beside each other",
      () =>
        Effect.gen(function* () {
          const agent = yield* echo
          const wanted = [
            ["twilio", "inbound"],
            ["twilio", "outbound"],
            ["telnyx", "inbound"],
            ["cloudonix", "outbound"],
            ["ari", "inbound"],
            ["browser", "inbound"]
          ] as const
          const calls = yield* Effect.forEach(
            wanted,
            ([provider, direction]) => Effect.flatMap(place(provider, direction, agent), ended),
            { concurrency: "unbounded" }
          )
          for (const [index, call] of calls.entries()) {
            const [mode, direction] = wanted[index] ?? assert.fail("too many calls")
            const reason = direction === "inbound" ? "caller_hung_up" : "callee_hung_up"
            const log = JSON.stringify(yield* eventsOf(yield* App, call.id))
            assert.deepInclude(call, { mode, direction, status: "completed", end_reason: reason }, log)
            assert.isAbove(call.duration_ms ?? 0, 8000)
          }
          const all = yield* atRest
          assert.includeMembers(
            all.map(({ name }) => name),
            ["Simulated Twilio", "Simulated Twilio 2", "Simulated Telnyx", "Simulated Browser phone"]
          )
        }),
      120_000
    )

    it.effect(
      "end with the reason of their fault, over configurations that are used again",
      () =>
        Effect.gen(function* () {
          const agent = yield* echo
          const before = (yield* atRest).length
          const reasonOf = (provider: string, direction: "inbound" | "outbound", fault: FaultName) =>
            Effect.map(Effect.flatMap(place(provider, direction, agent, fault), ended), ({ end_reason }) => end_reason)
          const reasons = yield* Effect.all(
            [
              reasonOf("twilio", "inbound", "media-drops"),
              reasonOf("telnyx", "inbound", "media-flood"),
              reasonOf("twilio", "outbound", "rest-broken"),
              reasonOf("browser", "inbound", "media-wrong-call")
            ],
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(reasons, ["media_lost", "media_lost", "carrier_failed", "media_never_started"])
          assert.lengthOf(yield* simulated, before)
          assert.isNull(yield* place("twilio", "inbound", agent, "signature-wrong"))
          yield* atRest
        }),
      120_000
    )

    it.effect(
      "leave the real configurations with their own carrier",
      () =>
        Effect.gen(function* () {
          const app = yield* App
          const { agentId } = yield* setUp(app)
          const before = yield* app.carrier.restExchanges
          const id = yield* place("twilio", "outbound", agentId)
          yield* callsUntil(app, (calls) => calls.some((call) => call.id === id && call.status === "in-progress"))
          assert.strictEqual((yield* app.carrier.restExchanges).length, before.length)
          const real = createdId(
            yield* app.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId })
          )
          const call = yield* app.carrier.nextOutbound
          yield* call.hangUp
          yield* ended(real)
          yield* ended(id)
          yield* atRest
        }),
      60_000
    )

    it.effect("never become the default for outbound calls, nor are taken for one that names none", () =>
      Effect.gen(function* () {
        const { request } = yield* App
        const all = yield* atRest
        for (const { id, is_default_outbound } of all) {
          assert.isFalse(is_default_outbound)
          const path = `${organizations}/telephony-configs/${id}`
          assert.strictEqual((yield* request("POST", `${path}/set-default-outbound`, {})).status, 422)
          const { version } = Schema.decodeUnknownSync(Schema.Struct({ version: Schema.Int }))(
            (yield* request("GET", path)).body
          )
          assert.strictEqual((yield* request("PATCH", path, { version, is_default_outbound: true })).status, 422)
        }
      })
    )

    it.effect("refuse what cannot be", () =>
      Effect.gen(function* () {
        const { request } = yield* App
        const agent = yield* echo
        const call = { provider: "browser", direction: "inbound", agent_id: agent }
        const before = (yield* callsOf(yield* App)).length
        const wrong: ReadonlyArray<readonly [Readonly<Record<string, string>>, string]> = [
          [{ provider: "nobody" }, "provider"],
          [{ direction: "outbound" }, "direction"],
          [{ fault: "rest-broken" }, "fault"],
          [{ agent_id: "01900000-0000-7000-8000-000000000000" }, "agent_id"]
        ]
        for (const [change, field] of wrong) {
          const answer = yield* request("POST", "/api/v1/simulator/calls", { ...call, ...change })
          assert.strictEqual(answer.status, 422, JSON.stringify(answer.body))
          assert.include(JSON.stringify(answer.body), `"field":"${field}"`)
        }
        assert.strictEqual((yield* callsOf(yield* App)).length, before)
      })
    )
  }
)

layer(App.layer(simulator, "twilio", { PUBLIC_URL: "https://switchboard.example" }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("a service with a public address", (it) => {
  it.effect("simulates no calls unless it is told to", () =>
    Effect.gen(function* () {
      const { request } = yield* App
      const found = Schema.decodeUnknownSync(Simulator)((yield* request("GET", "/api/v1/simulator")).body)
      assert.isFalse(found.available)
      assert.include(found.reason ?? "", "SWITCHBOARD_SIMULATOR=on")
      const call = { provider: "twilio", direction: "inbound", agent_id: yield* echo }
      const answer = yield* request("POST", "/api/v1/simulator/calls", call)
      assert.strictEqual(answer.status, 409)
      assert.include(JSON.stringify(answer.body), "simulator_unavailable")
    })
  )
})
