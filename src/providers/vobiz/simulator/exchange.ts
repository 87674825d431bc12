import { randomUUID } from "node:crypto"
import { Effect, FiberSet, Result } from "effect"
import { isOver, makeCallDesk, onRealClock } from "../../../simulator/CallDesk.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { type RestRequest, serveRest } from "../../../simulator/RestServer.ts"
import { makeRooms } from "../../../simulator/Rooms.ts"
import type { FakeCarrier, PlaceInbound } from "../../../simulator/SimulatorModule.ts"
import { type Account, addNumber, type Application, applicationOf, newAccount, now } from "./account.ts"
import { personHangsUp } from "./ending.ts"
import { complain, type Hook, type Leg } from "./leg.ts"
import { liveInbound, liveOutbound, makeLeg } from "./legs.ts"
import { digitsOf, e164Of, writeInbound } from "./numbering.ts"
import { ok, refuse, tooMany } from "./replies.ts"
import { readDial } from "./restDial.ts"
import { makeRoutes } from "./routes.ts"
import { defaults, type Settings, type VobizOptions } from "./settings.ts"
import type { Stage } from "./stage.ts"
import { format } from "./stream.ts"
import { isUrlAllowed } from "./urls.ts"

/** Starts a fake account with its REST API; everything lives in the scope. */
export const startExchange = (options: VobizOptions = {}) => onRealClock(openExchange(options))

const openExchange = Effect.fnUntraced(function* (options: VobizOptions) {
  const settings: Settings = { ...defaults, ...options }
  const account = newAccount(settings.account)
  const panel = makeFaultPanel()
  const scope = yield* Effect.scope
  const run = yield* FiberSet.makeRuntime<never, unknown, never>()
  const desk = yield* makeCallDesk<Leg>({ format: () => format, panel, hangUp: personHangsUp })
  const urlAllowed = (url: string) => isUrlAllowed(url, "http", settings.insecureLoopback)
  const sender = { account, panel, settings }
  let recentDials: ReadonlyArray<number> = []
  let inboundCalls = 0

  const dialLeg: Stage["dialLeg"] = Effect.fnUntraced(function* ({ from, ringSeconds, to }) {
    const wire = { from: digitsOf(from), to: digitsOf(to) }
    const ends = { direction: "outbound", from: e164Of(from), to: e164Of(to), wire, hooks: {}, extra: [] } as const
    const leg = yield* makeLeg(sender, scope, ends)
    yield* desk.placed(leg)
    const first = { _tag: "Wait" } as const
    const plan = { first, ringSeconds, limitSeconds: undefined, detection: undefined, digits: undefined }
    run(liveOutbound(stage, leg, plan, desk.behaviourOf(leg)))
    return leg
  })
  const stage: Stage = { ...sender, rooms: makeRooms(), conferences: new Map(), dialLeg }

  /** Over its limits the carrier refuses; it keeps no queue. */
  const overLimit = Effect.gen(function* () {
    const at = yield* now
    recentDials = recentDials.filter((ms) => ms > at - 1000)
    const { callsPerSecond, concurrentCalls } = settings
    if (callsPerSecond !== undefined && recentDials.length >= callsPerSecond) {
      return tooMany("calls_per_second", callsPerSecond, recentDials.length)
    }
    const up = Array.from(desk.all()).filter((leg) => !isOver(leg)).length
    if (concurrentCalls !== undefined && up >= concurrentCalls) return tooMany("concurrent_calls", concurrentCalls, up)
    recentDials = [...recentDials, at]
    return undefined
  })

  const dial = Effect.fnUntraced(function* (request: RestRequest) {
    if (settings.standing === "no-balance") return refuse(402, "INSUFFICIENT_BALANCE", "The balance is too low")
    const read = readDial(account, request, urlAllowed)
    if (Result.isFailure(read)) return read.failure
    const refused = yield* overLimit
    if (refused !== undefined) return refused
    const { from, hooks, plan, to, warnings } = read.success
    const wire = { from: digitsOf(from), to: digitsOf(to) }
    const leg = yield* makeLeg(sender, scope, { direction: "outbound", from, to, wire, hooks, extra: [] })
    for (const warning of warnings) yield* complain(leg, warning)
    yield* desk.placed(leg)
    run(liveOutbound(stage, leg, plan, desk.behaviourOf(leg)))
    return ok({ api_id: randomUUID(), message: "Call fired", request_uuid: leg.id })
  })

  const rest = yield* serveRest({
    act: makeRoutes({ account, settings, desk, dial, urlAllowed }),
    throttled: tooMany("requests", 1, 2),
    broken: refuse(500, "INTERNAL_ERROR", "An internal server error has occurred"),
    panel,
    port: settings.port
  })

  const placeInbound = Effect.fnUntraced(function* (call: PlaceInbound) {
    const to = e164Of(call.to)
    const application = applicationOf(account, to)
    const number = account.numbers.get(to)
    const bound = number?.voice === false || application?.foreign === true ? undefined : application
    const hook = answerHook(bound, call.webhook)
    const hangup = hangupHook(bound, hook)
    const wire = writeInbound(call.from, call.to, settings.inboundNumbers, inboundCalls)
    inboundCalls += 1
    const leg = yield* makeLeg(sender, scope, {
      direction: "inbound",
      from: e164Of(call.from),
      to,
      wire,
      hooks: hangup === undefined ? {} : { hangup },
      extra: Object.entries(call.fields ?? {})
    })
    const handle = desk.takeIn(leg)
    yield* desk.prepare(call, leg)
    if (hook === undefined) yield* complain(leg, `2010 ${to} is not attached to an application of ours`)
    run(liveInbound(stage, leg, hook))
    return handle
  })

  const carrier: FakeCarrier = {
    ...desk.carrier,
    whenDialed: (destination, behaviour) => desk.carrier.whenDialed(e164Of(destination), behaviour),
    baseUrl: rest.baseUrl,
    credentials: credentialsOf(account, settings),
    ownNumber: (address, numberOptions) => Effect.sync(() => addNumber(account, e164Of(address), numberOptions)),
    inboundWebhook: (address) => Effect.sync(() => applicationOf(account, e164Of(address))?.answerUrl),
    placeInbound: (call) => onRealClock(placeInbound(call)),
    restExchanges: rest.exchanges,
    forget: Effect.andThen(desk.forget, rest.forget)
  }
  return carrier
})

/**
 * A sub-account's webhooks are also signed by its parent, whose token a configuration may have. Numbers are written as in India, which
 * a configuration has to say.
 */
const credentialsOf = (account: Account, settings: Settings): Readonly<Record<string, string>> => ({
  auth_id: account.authId,
  auth_token: account.authToken,
  default_country: "IN",
  ...(settings.account === "sub" ? { parent_auth_token: account.parentToken } : {})
})

const answerHook = (application: Application | undefined, webhook: string | undefined): Hook | undefined => {
  if (webhook !== undefined) return { url: webhook, method: "POST" }
  if (application === undefined) return undefined
  const hook: Hook = { url: application.answerUrl, method: application.answerMethod }
  if (application.fallbackUrl === "") return hook
  return { ...hook, fallback: { url: application.fallbackUrl, method: application.fallbackMethod } }
}

/** The hangup goes to the answer URL unless the application has another one for it. */
const hangupHook = (application: Application | undefined, answer: Hook | undefined): Hook | undefined => {
  const url = application?.hangupUrl ?? ""
  if (application === undefined || url === "") return answer
  return { url, method: application.hangupMethod }
}
