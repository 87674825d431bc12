import { Context, Effect, Layer, Queue, Schema } from "effect"
import type { TelephonyProvider } from "../../src/carrier/TelephonyProvider.ts"
import { Configurations } from "../../src/organizations/Configurations.ts"
import type { ProviderSpec } from "../../src/ProviderSpec.ts"
import type { CarrierSimulator, SimulatedCall } from "../../src/simulator/SimulatorModule.ts"
import { agentServer } from "../agents/support/agentServer.ts"
import { type Api, App, callsUntil, type CallView, createdId, ours, setUp, speech, theirs } from "../support/app.ts"

/** A number with an agent of the test's own, and one that nobody answers. */
export const agentNumber = "+14155550124"
export const deadNumber = "+14155550125"

/** Longer than any other test's call; one call is let run into it while the others go on. */
export const longestCallSeconds = 25

/** What the suite runs every provider in: the service, its fake carrier, three numbers, an echo and an agent of the test's own. */
export class World extends Context.Service<
  World,
  Effect.Success<typeof App> & {
    readonly spec: ProviderSpec
    /** Whom the record of a call to the echo names: numbers, or what a provider has instead of them. */
    readonly ends: { readonly from: string; readonly to: string }
    /** The configuration's account: what it can do, and what not. */
    readonly account: TelephonyProvider
    readonly log: ReadonlyArray<string>
    readonly configurationId: string
    readonly agentId: string
    readonly numberId: string
    readonly numbers: string
    readonly agents: Effect.Success<ReturnType<typeof agentServer>>
    /** A call that nobody hangs up: placed at the beginning. */
    readonly endless: SimulatedCall
  }
>()("test/World") {
  static readonly layer = (spec: ProviderSpec, simulator: CarrierSimulator) => {
    const log: Array<string> = []
    const app = App.layer(
      simulator,
      spec.name,
      { SWITCHBOARD_MAX_CALL_SECONDS: String(longestCallSeconds), SWITCHBOARD_LOG_LEVEL: "trace" },
      log
    )
    return Layer.effect(
      World,
      Effect.gen(function* () {
        const app = yield* App
        const { agentId, configurationId, numberId, numbers } = yield* setUp(app)
        const agents = yield* agentServer()
        const agent = createdId(
          yield* app.request("POST", "/api/v1/organizations/agents", {
            name: "The test's own",
            kind: "websocket",
            settings: { url: agents.url, secret: "agent-secret-0123456789" }
          })
        )
        for (const address of [agentNumber, deadNumber]) yield* app.carrier.ownNumber(address)
        createdId(yield* app.request("POST", numbers, { address: agentNumber, agent_id: agent }))
        createdId(yield* app.request("POST", numbers, { address: deadNumber }))
        yield* lift(app)
        const endless = yield* Effect.repeat(warmUp(app), {
          until: (call): call is SimulatedCall => call !== undefined,
          times: 60
        })
        if (endless === undefined) return yield* Effect.die(`No call gets through: ${JSON.stringify(log.slice(-20))}`)
        const configurations = yield* Effect.provide(Configurations, app.context)
        const account = (yield* Effect.orDie(configurations.load(configurationId))).provider
        const ends = account.webPhone === undefined ? { from: theirs, to: ours } : { from: spec.name, to: "Agent" }
        return World.of({
          ...app,
          spec,
          ends,
          account,
          log,
          configurationId,
          agentId,
          numberId,
          numbers,
          agents,
          endless
        })
      })
    ).pipe(Layer.provide(app))
  }
}

const Version = Schema.Struct({ version: Schema.Int })

/** The organization's own limits are not what is tested here. */
const lift = Effect.fnUntraced(function* (api: Api) {
  const path = "/api/v1/organizations/current"
  const { version } = Schema.decodeUnknownSync(Version)((yield* api.request("GET", path)).body)
  yield* api.request("PATCH", path, { version, max_concurrent_calls: 1000, calls_per_second: 1000 })
})

/** A carrier whose calls are told over a connection of ours takes none before that connection stands. */
export const warmUp = Effect.fnUntraced(function* ({ carrier }: Effect.Success<typeof App>) {
  const call = yield* carrier.placeInbound({ from: theirs, to: ours })
  const now = yield* call.until(({ media, state }) => media === "streaming" || !alive.includes(state))
  if (now.media === "streaming") return call
  yield* Effect.sleep("250 millis")
  return undefined
})

const alive = ["queued", "initiated", "ringing", "in-progress"]

/** Whether the carrier's call is over. */
export const isOver = ({ state }: { readonly state: string }) => !alive.includes(state)

/** An inbound call to the echo, up and heard. */
export const echoing = Effect.fnUntraced(function* () {
  const { carrier } = yield* World
  const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
  yield* call.until((now) => now.said.length > 0 && now.heard.played.length >= now.said.length && !now.speaking)
  return call
})

/** The row of a call that the carrier knows by this id, as soon as it is as wanted. */
export const rowOf = Effect.fnUntraced(function* (
  providerCallId: string,
  condition: (row: CallView) => boolean = () => true
) {
  const world = yield* World
  const isIt = (row: CallView) => row.provider_call_id === providerCallId && condition(row)
  const found = (yield* callsUntil(world, (rows) => rows.some(isIt))).find(isIt)
  return found ?? (yield* Effect.die("the row was there a moment ago"))
})

/** The row of a call that is over, and whose media is, which takes a moment longer where the carrier only closes the socket. */
export const endedRow = (providerCallId: string) =>
  rowOf(
    providerCallId,
    ({ end_reason, media_state }) => end_reason !== null && (media_state === "none" || media_state === "ended")
  )

let destinations = 0

/** A destination for each test, so that none sees another one's calls. */
export const newDestination = Effect.sync(() => {
  destinations += 1
  return `+4420718${String(38000 + destinations)}`
})

/** Asks the service to dial, and gives our call's id with the carrier's call. */
export const dialled = Effect.fnUntraced(function* (to: string) {
  const world = yield* World
  const id = createdId(yield* world.request("POST", "/api/v1/telephony/calls", { to, agent_id: world.agentId }))
  const call = yield* world.carrier.nextOutbound
  return { id, call }
})

/** An inbound call to the test's own agent, which took it; with the agent's side of it. */
export const withAgent = Effect.fnUntraced(function* (audio?: {
  readonly encoding: string
  readonly sample_rate: number
}) {
  const { agents, carrier } = yield* World
  const call = yield* carrier.placeInbound({ from: theirs, to: agentNumber, audio: speech })
  const visit = yield* Queue.take(agents.visits)
  const start = yield* visit.nextOf("call.start")
  yield* visit.say({ type: "call.accept", ...(audio === undefined ? {} : { audio }) })
  yield* call.until(({ media }) => media === "streaming")
  return { call, visit, start }
})
