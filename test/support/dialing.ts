import { Effect, Schema } from "effect"
import type { DialBehaviour } from "../../src/simulator/SimulatorModule.ts"
import { App, createdId } from "./app.ts"

/** A destination for each test, so that none sees another one's calls. */
export const destination = (last: number) => `+4420718387${String(last).padStart(2, "0")}`

const Agents = Schema.Struct({ agents: Schema.NonEmptyArray(Schema.Struct({ id: Schema.String })) })

const agentOf = Effect.gen(function* () {
  const { body } = yield* (yield* App).request("GET", "/api/v1/organizations/agents")
  return Schema.decodeUnknownSync(Agents)(body).agents[0].id
})

/** Asks the API for a call. */
export const place = Effect.fnUntraced(function* (to: string) {
  const app = yield* App
  return yield* app.request("POST", "/api/v1/telephony/calls", { to, agent_id: yield* agentOf })
})

/** Dials somebody who behaves so; gives our call's id and the carrier's call. */
export const dial = Effect.fnUntraced(function* (to: string, behaviour: DialBehaviour) {
  const { carrier } = yield* App
  yield* carrier.whenDialed(to, behaviour)
  const id = createdId(yield* place(to))
  return { id, call: yield* carrier.nextOutbound }
})

/** Every dial that the fake carrier's REST API was asked for. */
export const dialsSent = Effect.gen(function* () {
  const exchanges = yield* (yield* App).carrier.restExchanges
  return exchanges.filter(({ method, path }) => method === "POST" && path.endsWith("/Calls.json"))
})

/** What a REST fault matches that is to strike dials only. */
export const create = /^POST .*\/Calls\.json$/
