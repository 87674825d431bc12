import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { Calls } from "../../src/telephony/Calls.ts"
import { renewLeases } from "../../src/telephony/Leases.ts"
import { send } from "./support/carrierHttp.ts"
import { says } from "./support/knownCall.ts"
import { begin } from "./support/place.ts"
import { makeTenant, world } from "./support/world.ts"

const served = HttpRouter.serve(PrometheusMetrics.layerHttp({ path: "/metrics" }), {
  disableLogger: true,
  disableListenLog: true
}).pipe(Layer.provideMerge(NodeHttpServer.layerTest), Layer.provideMerge(world()))

/** The value of one line of a scrape; 0 where the line is missing. */
const scraped = Effect.fnUntraced(function* (line: string) {
  const { body } = yield* send("GET", "/metrics", {}, "")
  const found = body.split("\n").find((each) => each.startsWith(`${line} `))
  return Number(found?.slice(line.length + 1) ?? "0")
})
const live = (status: string) => scraped(`switchboard_calls{status="${status}"}`)
const ended = (reason: string) => scraped(`switchboard_calls_ended_total{reason="${reason}"}`)

layer(served, { excludeTestServices: true })("the metrics of calls", (it) => {
  it.effect("count the live ones of this node by status, and go back to zero", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const tenant = yield* makeTenant()
      const [first, second] = [yield* begin(tenant), yield* begin(tenant)]
      yield* calls.report(first.id, yield* says("ringing"))
      yield* renewLeases
      assert.deepStrictEqual([yield* live("initiated"), yield* live("ringing"), yield* live("in-progress")], [1, 1, 0])
      yield* calls.report(first.id, yield* says("in-progress"))
      yield* calls.end(second.id, "operator_ended")
      yield* renewLeases
      assert.deepStrictEqual([yield* live("initiated"), yield* live("ringing"), yield* live("in-progress")], [0, 0, 1])
      yield* calls.end(first.id, "agent_ended")
      yield* renewLeases
      assert.deepStrictEqual([yield* live("initiated"), yield* live("ringing"), yield* live("in-progress")], [0, 0, 0])
    })
  )

  it.effect("count each end once, by its reason, however often it is told", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const before = { hungUp: yield* ended("callee_hung_up"), agent: yield* ended("agent_ended") }
      const tenant = yield* makeTenant()
      const [first, second] = [yield* begin(tenant), yield* begin(tenant)]
      const over = yield* says("completed")
      yield* Effect.forEach([1, 2, 3], () => calls.report(first.id, over), { concurrency: 3 })
      yield* calls.end(first.id, "agent_ended")
      yield* Effect.forEach([1, 2, 3], () => calls.end(second.id, "agent_ended"), { concurrency: 3 })
      assert.strictEqual((yield* ended("callee_hung_up")) - before.hungUp, 1)
      assert.strictEqual((yield* ended("agent_ended")) - before.agent, 1)
    })
  )
})
