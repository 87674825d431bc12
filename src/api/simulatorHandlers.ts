import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { SimulationBusy } from "../organizations/SimulatedConfigurations.ts"
import { type Imitated, SimulatedCalls, type SimulationRefused } from "../telephony/simulation/SimulatedCalls.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { ValidationFailed } from "./Problems.ts"
import { refused } from "./refused.ts"
import { SimulationNotPossible } from "./SimulatorGroup.ts"

const shown = ({ directions, faults, spec }: Imitated) => ({
  provider: spec.name,
  display_name: spec.uiMetadata.displayName,
  directions,
  faults
})

const busy = ({ message }: SimulationBusy) =>
  Effect.fail(new SimulationNotPossible({ code: "simulation_busy", detail: message }))

const refusedBy =
  (isAvailable: boolean) =>
  ({ field, message }: SimulationRefused): Effect.Effect<never, ValidationFailed | SimulationNotPossible> => {
    if (field === undefined) {
      const code = isAvailable ? "simulation_busy" : "simulator_unavailable"
      return Effect.fail(new SimulationNotPossible({ code, detail: message }))
    }
    const detail = `${field}: ${message}`
    return Effect.fail(new ValidationFailed({ code: "validation_failed", errors: [{ field, message }], detail }))
  }

export const simulatorHandlers = HttpApiBuilder.group(
  Api,
  "simulator",
  Effect.fnUntraced(function* (handlers) {
    const simulator = yield* SimulatedCalls
    const { unavailable } = simulator
    return handlers.handleAll({
      look: () =>
        Effect.map(simulator.imitated, (imitated) => ({
          available: unavailable === undefined,
          ...(unavailable === undefined ? {} : { reason: unavailable }),
          providers: imitated.map(shown)
        })),
      call: Effect.fnUntraced(
        function* ({ payload }) {
          const { organizationId } = yield* Caller
          const { agent_id, direction, fault, provider } = payload
          const request = { organizationId, agentId: agent_id, direction, provider }
          const id = yield* simulator.place(fault === undefined ? request : { ...request, fault })
          return { call_id: id ?? null }
        },
        Effect.catchTags({
          SimulationBusy: busy,
          SimulationRefused: refusedBy(unavailable === undefined),
          SqlError: refused.SqlError
        })
      )
    })
  })
)
