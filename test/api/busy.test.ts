import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Ref } from "effect"
import { HttpRouter } from "effect/http"
import { apiRoutes } from "../../src/api/ApiRoutes.ts"
import { RecordingArchive } from "../../src/recording/RecordingArchive.ts"
import { LimitReached } from "../../src/telephony/Admission.ts"
import { CallHistory } from "../../src/telephony/CallHistory.ts"
import { Dialer } from "../../src/telephony/Dialer.ts"
import { Doctor } from "../../src/telephony/doctor/Doctor.ts"
import { LiveCalls } from "../../src/telephony/live/LiveCalls.ts"
import { Operating } from "../../src/telephony/Operating.ts"
import { Overview } from "../../src/telephony/Overview.ts"
import { SimulatedCalls } from "../../src/telephony/simulation/SimulatedCalls.ts"
import { Transfers } from "../../src/telephony/Transfers.ts"
import { TransferStore } from "../../src/telephony/TransferStore.ts"
import { at, newOrganization, organizationServices } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"

const reached = Ref.makeUnsafe<LimitReached["limit"]>("node")

/** A dialer that takes nothing. */
const calls = Layer.mergeAll(
  Layer.mock(Dialer, {
    place: () => Effect.flatMap(Ref.get(reached), (limit) => new LimitReached({ limit, message: "Try again." }))
  }),
  Layer.mock(CallHistory, {}),
  Layer.mock(Doctor, {}),
  Layer.mock(LiveCalls, {}),
  Layer.mock(Operating, {}),
  Layer.mock(Overview, {}),
  Layer.mock(RecordingArchive, {}),
  Layer.mock(SimulatedCalls, { unavailable: undefined }),
  Layer.mock(Transfers, {}),
  Layer.mock(TransferStore, {})
)

const served = HttpRouter.serve(apiRoutes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provide(calls),
  Layer.provideMerge(organizationServices(embeddedDatabase, [])),
  Layer.provideMerge(NodeHttpServer.layerTest)
)

layer(served, { excludeTestServices: true })("a call that there is no room for", (it) => {
  it.effect("is answered with a code, and when to come back", () =>
    Effect.gen(function* () {
      const { operator } = yield* newOrganization()
      const cases = [
        ["node", 503, "node_full"],
        ["draining", 503, "draining"],
        ["concurrent-calls", 429, "concurrent_calls_reached"],
        ["calls-per-second", 429, "calls_per_second_reached"]
      ] as const
      for (const [limit, status, code] of cases) {
        yield* Ref.set(reached, limit)
        for (const path of ["calls", "initiate-call"]) {
          const answer = yield* operator.post(`/api/v1/telephony/${path}`, { to: "+1", agent_id: "a" })
          assert.deepStrictEqual([answer.status, at(answer, "code")], [status, code])
          assert.strictEqual(answer.headers["retry-after"], "5", code)
          assert.strictEqual(answer.headers["content-type"], "application/problem+json")
        }
      }
    })
  )
})
