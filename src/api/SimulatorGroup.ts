import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiError, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { FaultName } from "../simulator/Faults.ts"
import { Authorization, access } from "./Authorization.ts"
import { Id } from "./common.ts"
import { ValidationFailed } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"

/** Simulated calls are not for this service, or not now. */
export class SimulationNotPossible extends HttpApiError.Problem<SimulationNotPossible>()(
  "SimulationNotPossible",
  { type: "urn:switchboard:problem:simulation", status: 409, title: "The simulated call cannot be placed" },
  { code: Schema.Literals(["simulator_unavailable", "simulation_busy"]) }
) {}

const Direction = Schema.Literals(["inbound", "outbound"])

/** A carrier that can be imitated, and what can go wrong with it on demand. */
const Imitated = Schema.Struct({
  provider: Schema.String,
  display_name: Schema.String,
  directions: Schema.Array(Direction),
  faults: Schema.Array(Schema.Struct({ name: FaultName, description: Schema.String }))
}).annotate({ identifier: "SimulatedCarrier" })

/** Calls of simulated carriers. */
export const SimulatorGroup = HttpApiGroup.make("simulator")
  .add(
    HttpApiEndpoint.get("look", "/", {
      success: Schema.Struct({
        available: Schema.Boolean,
        reason: Schema.optionalKey(Schema.String).annotate({ description: "Why it is not available." }),
        providers: Schema.Array(Imitated)
      })
    }).annotateMerge(
      access(
        "viewer",
        "What can be simulated",
        "Available where PUBLIC_URL is loopback, or with SWITCHBOARD_SIMULATOR=on."
      )
    ),
    HttpApiEndpoint.post("call", "/calls", {
      payload: Schema.Struct({
        provider: Schema.String,
        agent_id: Id,
        direction: Direction,
        fault: Schema.optionalKey(FaultName)
      }),
      success: Schema.Struct({
        call_id: Schema.NullOr(Schema.String).annotate({
          description: "The call in the ordinary list. Null where the fault kept it from coming into being."
        })
      }).pipe(HttpApiSchema.status(202)),
      error: [ValidationFailed, SimulationNotPossible]
    }).annotateMerge(
      access(
        "operator",
        "Place a simulated call",
        "A fake carrier in the service rings the agent, or is rung by the service; a recorded person says some sentences, listens, and hangs up. It uses a configuration of its own, marked `simulated`; the carrier's real configurations are not touched."
      )
    )
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/simulator")
  .annotateMerge(
    OpenApi.annotations({ title: "Simulator", description: "Calls of fake carriers, for trying things out." })
  )
