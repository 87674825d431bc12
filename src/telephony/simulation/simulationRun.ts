import { Deferred, Effect, Exit, Fiber, Result, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import { asWebSocketUrl } from "../../carrier/publicUrl.ts"
import { PhoneCalls } from "../../organizations/PhoneCalls.ts"
import { PhoneNumberStore } from "../../organizations/PhoneNumberStore.ts"
import { SimulatedConfigurations, SimulationBusy } from "../../organizations/SimulatedConfigurations.ts"
import { telephonyPath, UrlTokens } from "../../organizations/UrlTokens.ts"
import type { ProviderSpec } from "../../ProviderSpec.ts"
import { Settings } from "../../Settings.ts"
import type { FaultName } from "../../simulator/Faults.ts"
import type { FakeCarrier, SimulatedCall, SpokenAudio } from "../../simulator/SimulatorModule.ts"
import { Dialer } from "../Dialer.ts"
import { isOver, sentences, talk } from "./person.ts"

/** A simulated call that is to be placed. */
export interface Simulation {
  readonly organizationId: string
  readonly spec: ProviderSpec
  readonly agentId: string
  readonly direction: "inbound" | "outbound"
  readonly fault?: FaultName
}

/** The person on the phone, and our number: both are reserved for fiction. */
const person = "+442079460958"
const ours = "+14155550123"

/** How much the simulated phone keeps before it plays, ms: a busy machine makes no gaps. */
const jitterMs = 200

/** How long the fake carrier stays, whatever its call does. */
const lastsAtMost = "4 minutes"

/** A carrier that tells of its calls over a connection of ours takes none before that stands. */
const connecting = Schedule.max([Schedule.spaced("500 millis"), Schedule.recurs(40)])

const readIds = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ id: Schema.String })))

/** Runs simulated calls, each with a fake carrier of its own. */
export const simulationRunner = Effect.gen(function* () {
  const { publicUrl } = yield* Settings
  const sql = yield* SqlClient.SqlClient
  const configurations = yield* SimulatedConfigurations
  const numbers = yield* PhoneNumberStore
  const phoneCalls = yield* PhoneCalls
  const tokens = yield* UrlTokens
  const dialer = yield* Dialer
  const speech = yield* Effect.cached(sentences)

  /** The calls of a configuration that are not over yet, here or at the carrier. */
  const unfinished = (configurationId: string) =>
    Effect.flatMap(
      sql`SELECT id FROM calls WHERE telephony_configuration_id = ${configurationId}
        AND (ended_at IS NULL OR hangup_due_at IS NOT NULL OR media_state IN ('opening', 'streaming'))`,
      (rows) => Effect.orDie(readIds(rows))
    )
  const newest = (configurationId: string) =>
    Effect.flatMap(
      sql`SELECT id FROM calls WHERE telephony_configuration_id = ${configurationId} ORDER BY created_at DESC LIMIT 1`,
      (rows) => Effect.map(Effect.orDie(readIds(rows)), ([row]) => row?.id)
    )

  /** Our number at the fake carrier, with the agent on it. */
  const attach = Effect.fnUntraced(function* (simulation: Simulation, configurationId: string, carrier: FakeCarrier) {
    const owner = { organizationId: simulation.organizationId, configurationId }
    yield* carrier.ownNumber(ours)
    const { items } = yield* numbers.list(owner, { limit: 10, after: undefined })
    const known = items.find(({ address_normalized }) => address_normalized === ours)
    if (known === undefined) {
      return yield* numbers.create(owner, {
        address: ours,
        addressType: undefined,
        countryCode: undefined,
        label: "Simulated",
        agentId: simulation.agentId,
        isActive: true,
        isDefaultCallerId: true
      })
    }
    const kept = { address: undefined, label: "Simulated", isActive: true, isDefaultCallerId: true }
    yield* numbers.replace(owner, known.id, { ...kept, version: known.version, agentId: simulation.agentId })
    return yield* numbers.sync(owner, known.id)
  })

  const prepare = Effect.fnUntraced(function* (simulation: Simulation) {
    const { agentId, organizationId, spec } = simulation
    const module = yield* Effect.promise(async () => spec.simulator?.())
    if (module === undefined) return yield* new SimulationBusy({ message: "There is no simulator of this carrier." })
    const carrier = yield* module.simulator
      .start({ jitterMs })
      .pipe(Effect.mapError(({ message }) => new SimulationBusy({ message })))
    const account = { url: carrier.baseUrl, credentials: carrier.credentials }
    const configurationId = yield* Effect.acquireRelease(configurations.take(organizationId, spec, account), (id) =>
      Effect.ignore(configurations.release(id))
    )
    yield* carrier.setMediaUrl?.(`${asWebSocketUrl(publicUrl)}${telephonyPath}/ws`) ?? Effect.void
    yield* (
      carrier.setPasses?.(() => Effect.orDie(phoneCalls.begin(organizationId, configurationId, agentId))) ?? Effect.void
    )
    yield* attach(simulation, configurationId, carrier).pipe(
      Effect.catchTags({
        ConfigurationNotFound: unusable,
        InvalidFields: unusable,
        NumberTaken: unusable,
        PhoneNumberNotFound: unusable,
        VersionConflict: unusable
      })
    )
    if (simulation.fault !== undefined) yield* carrier.faults.on(simulation.fault)
    return { carrier, configurationId }
  })

  /** The person dials our number. */
  const dialUs = Effect.fnUntraced(function* (
    spec: ProviderSpec,
    configurationId: string,
    carrier: FakeCarrier,
    audio: SpokenAudio
  ) {
    const own = spec.tokenInInboundUrl === true ? configurationId : undefined
    const webhook = (yield* carrier.inboundWebhook(ours)) ?? tokens.inbound(spec.name, own)
    const placed = carrier.placeInbound({ from: person, to: ours, audio, webhook })
    if (spec.listens !== true) return yield* placed
    return yield* placed.pipe(
      Effect.tap((call) => call.until((now) => now.media !== "none" || isOver(now))),
      Effect.flatMap((call) => Effect.map(call.now, (now) => [call, now] as const)),
      Effect.repeat({ until: ([, now]) => now.media !== "none", schedule: connecting }),
      Effect.map(([call]) => call)
    )
  })

  /** We dial the person. */
  const dialThem = Effect.fnUntraced(function* (
    simulation: Simulation,
    configurationId: string,
    carrier: FakeCarrier,
    audio: SpokenAudio
  ) {
    yield* carrier.whenDialed("*", { outcome: "answer", afterMs: 1000, audio })
    const { agentId, organizationId } = simulation
    const dial = dialer.place({ organizationId, agentId, configurationId, to: person, context: {} })
    const dialled = yield* Effect.forkScoped(
      Effect.retry(dial, { schedule: connecting, while: ({ _tag }) => _tag === "NoConfigurationReady" })
    )
    return yield* Effect.raceFirst(carrier.nextOutbound, Effect.andThen(Fiber.join(dialled), Effect.never))
  })

  /** From the first ring to the person's hanging up. */
  const live = Effect.fnUntraced(function* (simulation: Simulation, { carrier, configurationId }: Prepared) {
    const audio = yield* speech
    const call: SimulatedCall =
      simulation.direction === "inbound"
        ? yield* dialUs(simulation.spec, configurationId, carrier, audio)
        : yield* dialThem(simulation, configurationId, carrier, audio)
    yield* talk(call, audio)
    yield* Effect.timeoutOption(call.settled, "10 seconds")
  }, Effect.scoped)

  /** Until the call is over for us, too: a carrier that lost its callbacks is still asked. */
  const settled = (configurationId: string) =>
    Effect.repeat(unfinished(configurationId), {
      until: (rows) => rows.length === 0,
      schedule: Schedule.spaced("250 millis")
    })

  /**
   * The whole course of a simulated call; its fake carrier goes with it. `begun` is told our call's id as soon as there is one,
   * undefined where none came of it, or why.
   */
  return Effect.fn("Simulation.run")(
    function* (simulation: Simulation, begun: Begun) {
      const prepared = yield* prepare(simulation)
      const { configurationId } = prepared
      const before = yield* newest(configurationId)
      const appeared = Effect.map(newest(configurationId), (id) => (id === before ? undefined : id))
      yield* Effect.repeat(appeared, { until: (id) => id !== undefined, schedule: Schedule.spaced("50 millis") }).pipe(
        Effect.flatMap((id) => Deferred.succeed(begun, id)),
        Effect.forkScoped
      )
      const lived = yield* Effect.result(live(simulation, prepared))
      // A dial that was refused has left a call, which tells why.
      const id = yield* appeared
      const failure = Result.isFailure(lived) ? lived.failure : undefined
      if (failure !== undefined) yield* Effect.logInfo(`A simulated call did not come about: ${failure.message}`)
      if (failure !== undefined && id === undefined) return yield* unusable(failure)
      yield* Deferred.succeed(begun, id)
      yield* settled(configurationId)
    },
    Effect.scoped,
    Effect.timeoutOption(lastsAtMost),
    (effect, _simulation, begun) =>
      Effect.onExit(effect, (exit) =>
        Exit.isFailure(exit) ? Deferred.failCause(begun, exit.cause) : Deferred.succeed(begun, undefined)
      )
  )
})

/** Told what came of a simulated call. */
export type Begun = Deferred.Deferred<string | undefined, SimulationBusy | SqlError>

interface Prepared {
  readonly carrier: FakeCarrier
  readonly configurationId: string
}

const unusable = ({ message }: { readonly message: string }) => new SimulationBusy({ message })
