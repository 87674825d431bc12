import { Effect, FiberSet, Result } from "effect"
import { makeCallDesk, onRealClock } from "../../../simulator/CallDesk.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { type RestRequest, serveRest } from "../../../simulator/RestServer.ts"
import type { FakeCarrier, PlaceInbound } from "../../../simulator/SimulatorModule.ts"
import { makeConferences } from "./conferences.ts"
import { addNumber, applicationOf, dnidOf, newDomain, now } from "./domain.ts"
import { type Hook, type Leg, note, type Stage } from "./leg.ts"
import { type DialPlan, liveInbound, liveOutbound, makeLeg, type NewLeg } from "./legs.ts"
import { type CloudonixOptions, settingsOf } from "./options.ts"
import { chooseTrunk, domainRingSeconds, readDial } from "./readDial.ts"
import { broken, ok, throttled } from "./replies.ts"
import { makeRouter } from "./router.ts"
import type { Runner } from "./script.ts"
import { format } from "./stream.ts"
import { personHangsUp } from "./lifecycle.ts"

/** Starts a fake domain with its REST API; everything lives in the scope. */
export const startExchange = (options: CloudonixOptions = {}) => onRealClock(start(options))

const start = Effect.fnUntraced(function* (options: CloudonixOptions) {
  const settings = settingsOf(options)
  const domain = newDomain()
  const panel = makeFaultPanel()
  const stage: Stage = { domain, panel, settings }
  const conferences = makeConferences(stage)
  const scope = yield* Effect.scope
  const run = yield* FiberSet.makeRuntime<never, unknown, never>()
  const desk = yield* makeCallDesk<Leg>({ format: () => format, panel, hangUp: personHangsUp })
  let freeAt = 0

  /** How long a dial request waits for its turn, ms. */
  const queueMs = Effect.map(now, (at) => {
    if (settings.callsPerSecond === undefined) return 0
    freeAt = Math.max(at, freeAt)
    const waits = freeAt - at
    freeAt += 1000 / settings.callsPerSecond
    return waits
  })

  const place = Effect.fnUntraced(function* (options: NewLeg, plan: DialPlan, notes: ReadonlyArray<string>) {
    const leg = yield* makeLeg(stage, scope, options)
    for (const text of notes) yield* note(leg, text)
    yield* desk.placed(leg)
    run(liveOutbound(runner, scope, leg, plan, desk.behaviourOf(leg)))
    return leg
  })

  const runner: Runner = {
    ...stage,
    conferences,
    dialOut: ({ from, ringSeconds, to, trunk }) =>
      place(
        {
          direction: "outbound",
          from,
          to,
          callback: undefined,
          trunk: chooseTrunk(domain, trunk),
          application: undefined,
          extra: {},
          profile: {},
          timeLimit: null
        },
        { first: undefined, ringSeconds: ringSeconds ?? domainRingSeconds(domain), detection: undefined, queueMs: 0 },
        []
      )
  }

  const dial = Effect.fnUntraced(function* (request: RestRequest) {
    const read = readDial(stage, request)
    if (Result.isFailure(read)) return read.failure
    const plan = { ...read.success.plan, queueMs: yield* queueMs }
    const leg = yield* place(read.success.leg, plan, read.success.notes)
    // No status: what the session is doing is told by its updates.
    return ok({
      domainId: domain.id,
      subscriberId: null,
      destination: read.success.destination,
      direction: "outbound-api",
      token: leg.id
    })
  })

  const rest = yield* serveRest({
    act: makeRouter({ stage, scope, conferences, desk, dial }),
    throttled,
    broken,
    panel,
    port: settings.port
  })

  const placeInbound = Effect.fnUntraced(function* (call: PlaceInbound) {
    const application = applicationOf(domain, call.to)
    const isTaken = application !== undefined && application.active && application.url !== ""
    const set: Hook | undefined = isTaken ? { url: application.url, method: application.method } : undefined
    const hook: Hook | undefined = call.webhook === undefined ? set : { url: call.webhook, method: "POST" }
    const leg = yield* makeLeg(stage, scope, {
      direction: "inbound",
      from: call.from,
      to: call.to,
      callback: undefined,
      trunk: undefined,
      application: application?.name,
      extra: call.fields ?? {},
      profile: {},
      timeLimit: null
    })
    const handle = desk.takeIn(leg)
    yield* desk.prepare(call, leg)
    run(liveInbound(runner, leg, hook))
    return handle
  })

  const carrier: FakeCarrier = {
    ...desk.carrier,
    baseUrl: rest.baseUrl,
    credentials: { bearer_token: domain.bearerToken, domain_id: domain.name },
    ownNumber: (address, numberOptions) => Effect.sync(() => addNumber(domain, address, numberOptions)),
    inboundWebhook: (address) =>
      Effect.sync(() =>
        dnidOf(domain, address) === undefined ? undefined : applicationOf(domain, address)?.url || undefined
      ),
    placeInbound: (call) => onRealClock(placeInbound(call)),
    restExchanges: rest.exchanges,
    forget: Effect.andThen(desk.forget, rest.forget)
  }
  return carrier
})
