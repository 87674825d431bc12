import { Context, Deferred, Effect, Layer, Option, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { Agents } from "../../organizations/Agents.ts"
import { SimulatedConfigurations, type SimulationBusy } from "../../organizations/SimulatedConfigurations.ts"
import type { ProviderSpec } from "../../ProviderSpec.ts"
import { Registry } from "../../Registry.ts"
import { Settings } from "../../Settings.ts"
import { FaultName } from "../../simulator/Faults.ts"
import { canStrike, faultTexts } from "../../simulator/faultTexts.ts"
import { type Begun, type Simulation, simulationRunner } from "./simulationRun.ts"
import { simulatorAvailability } from "./availability.ts"

/** A simulated call cannot be placed: `field` of the request is wrong, or, without one, the service does not do it now. */
export class SimulationRefused extends Schema.TaggedError<SimulationRefused>()("SimulationRefused", {
  field: Schema.optionalKey(Schema.Literals(["provider", "direction", "fault", "agent_id"])),
  message: Schema.String
}) {}

/** A carrier that can be imitated. */
export interface Imitated {
  readonly spec: ProviderSpec
  readonly directions: ReadonlyArray<Simulation["direction"]>
  readonly faults: ReadonlyArray<{ readonly name: FaultName; readonly description: string }>
}

/** A simulated call that somebody wants. */
export type SimulatedCallRequest = Omit<Simulation, "spec"> & { readonly provider: string }

/** How long the call's id is waited for. */
const appearsWithin = "30 seconds"

/** How many simulated calls this process takes on at once. */
const most = 8

/** Calls of fake carriers that run in this process, for trying agents and failures without a carrier's account. */
export class SimulatedCalls extends Context.Service<
  SimulatedCalls,
  {
    /** Why none can be placed here; undefined: they can. */
    readonly unavailable: string | undefined
    readonly imitated: Effect.Effect<ReadonlyArray<Imitated>>
    /**
     * Begins a simulated call and gives its id as soon as it is there. Undefined: the fault kept it from coming into being.
     * The call goes on by itself, with its fake carrier, which goes when it is over.
     */
    readonly place: (
      request: SimulatedCallRequest
    ) => Effect.Effect<string | undefined, SimulationBusy | SimulationRefused | SqlError>
  }
>()("switchboard/SimulatedCalls") {
  static readonly layer = Layer.effect(
    SimulatedCalls,
    Effect.gen(function* () {
      const { databaseUrl } = yield* Settings
      const unavailable = yield* simulatorAvailability
      const registry = yield* Registry
      const agents = yield* Agents
      const configurations = yield* SimulatedConfigurations
      const run = yield* simulationRunner
      const scope = yield* Effect.scope
      const underWay = new Set<Begun>()
      yield* configurations.tidy(Option.isNone(databaseUrl))

      const imitated = Effect.map(registry.all, (specs) =>
        specs.flatMap((spec) => (spec.simulator === undefined ? [] : [imitationOf(spec)]))
      )

      const checked = Effect.fnUntraced(function* (request: SimulatedCallRequest) {
        if (unavailable !== undefined) return yield* new SimulationRefused({ message: unavailable })
        const found = (yield* imitated).find(({ spec }) => spec.name === request.provider)
        if (found === undefined) {
          return yield* new SimulationRefused({ field: "provider", message: "There is no simulator of this carrier." })
        }
        const { directions, faults, spec } = found
        if (!directions.includes(request.direction)) {
          const message = `${spec.uiMetadata.displayName} only takes calls: the direction is inbound.`
          return yield* new SimulationRefused({ field: "direction", message })
        }
        if (request.fault !== undefined && !faults.some(({ name }) => name === request.fault)) {
          const message = `This fault cannot strike at ${spec.uiMetadata.displayName}. There are: ${faults.map(({ name }) => name).join(", ")}.`
          return yield* new SimulationRefused({ field: "fault", message })
        }
        yield* agents
          .load(request.organizationId, request.agentId)
          .pipe(
            Effect.catchTag(
              "AgentNotFound",
              () =>
                new SimulationRefused({ field: "agent_id", message: "There is no such agent in this organization." })
            )
          )
        return { ...request, spec } satisfies Simulation
      })

      const place = Effect.fn("SimulatedCalls.place")(function* (request: SimulatedCallRequest) {
        const simulation = yield* checked(request)
        if (underWay.size >= most) {
          const message = `${most} simulated calls are under way. Wait until one of them has ended.`
          return yield* new SimulationRefused({ message })
        }
        const begun: Begun = Deferred.makeUnsafe()
        underWay.add(begun)
        yield* run(simulation, begun).pipe(
          Effect.catch((error) => Effect.logInfo(`A simulated call came to nothing: ${error.message}`)),
          Effect.ensuring(Effect.sync(() => underWay.delete(begun))),
          Effect.forkIn(scope)
        )
        return Option.getOrUndefined(yield* Effect.timeoutOption(Deferred.await(begun), appearsWithin))
      })
      return SimulatedCalls.of({ unavailable, imitated, place })
    })
  )
}

const imitationOf = (spec: ProviderSpec): Imitated => ({
  spec,
  directions: spec.inboundOnly === true ? ["inbound"] : ["inbound", "outbound"],
  faults: FaultName.literals
    .filter((name) => canStrike(name, { listens: spec.listens === true, phone: spec.phone === true }))
    .map((name) => ({ name, description: faultTexts[name] }))
})
