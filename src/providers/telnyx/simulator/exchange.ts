import { randomUUID } from "node:crypto"
import { Clock, Effect, FiberSet } from "effect"
import { makeCallDesk, onRealClock } from "../../../simulator/CallDesk.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { type RestRequest, serveRest } from "../../../simulator/RestServer.ts"
import { makeRooms } from "../../../simulator/Rooms.ts"
import type { FakeCarrier, PlaceInbound, SimulatorOptions, SpokenAudio } from "../../../simulator/SimulatorModule.ts"
import { addNumber, applicationOf, newAccount } from "./account.ts"
import { urlRules } from "./address.ts"
import type { TakenDials } from "./dial.ts"
import { complain, type Leg } from "./leg.ts"
import { makeLeg, personHangsUp, targetOf } from "./legs.ts"
import { liveInbound } from "./lives.ts"
import { broken, notFound, throttled, unauthorized } from "./replies.ts"
import { applicationsResource, numbersResource, readOnlyResource } from "./restAccount.ts"
import { activeCallsResource, callsResource } from "./restCalls.ts"
import { type Conferences, conferencesResource } from "./restConferences.ts"
import type { Stage } from "./stage.ts"
import { report } from "./webhooks.ts"

const defaults = { port: 0, insecureLoopback: true, jitterMs: 60, priceAfterMs: 200 }

/** Who speaks A-law has a phone where calls are A-law. */
const codecFor = (audio: SpokenAudio | undefined): Leg["codec"] => (audio?.format.encoding === "alaw" ? "PCMA" : "PCMU")

const pathSegments = (path: string) => {
  const segments = path
    .replace(/^\/v2\//, "/")
    .split("/")
    .slice(1)
  return segments.map((segment) => (/%(?![0-9A-Fa-f]{2})/.test(segment) ? segment : decodeURIComponent(segment)))
}

/** Digits go over the stream, when there is one, and to the webhook as well. */
const pressed = (stage: Stage, leg: Leg, digits: string) =>
  Effect.gen(function* () {
    if (leg.stream === undefined) leg.record.digits.length = 0
    if (leg.answeredMs === undefined || leg.endedMs !== undefined) return
    for (const digit of digits) yield* report(stage, leg, "call.dtmf.received", { digit })
  })

/** Starts a fake account with its REST API; everything lives in the scope. */
export const startExchange = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const settings = { ...defaults, ...options }
  const clock = yield* Clock.Clock
  const nowMs = () => Math.trunc(clock.currentTimeMillisUnsafe())
  const account = newAccount(nowMs(), randomUUID().toUpperCase())
  const panel = makeFaultPanel()
  const scope = yield* Effect.scope
  const run = yield* FiberSet.makeRuntime<never, unknown, never>()
  const phones = new Map<string, Leg["codec"]>()
  const taken: TakenDials = new Map()
  const conferences: Conferences = new Map()
  let freeAt = 0

  const desk = yield* makeCallDesk<Leg>({
    format: (leg) => leg.format,
    panel,
    hangUp: (leg) => personHangsUp(stage, leg),
    pressed: (leg, digits) => pressed(stage, leg, digits)
  })
  const stage: Stage = {
    account,
    panel,
    nowMs,
    scope,
    jitterMs: settings.jitterMs,
    priceAfterMs: settings.priceAfterMs,
    webhookTimeoutMs: options.webhookTimeoutMs,
    urls: urlRules(settings.insecureLoopback),
    rooms: makeRooms(),
    find: desk.find,
    placed: desk.placed,
    behaviourOf: desk.behaviourOf,
    codecOf: (address) => phones.get(address) ?? phones.get("*") ?? "PCMU",
    nextTurnMs: () => {
      if (options.callsPerSecond === undefined) return 0
      const at = nowMs()
      freeAt = Math.max(at, freeAt)
      const waitMs = freeAt - at
      freeAt += 1000 / options.callsPerSecond
      return waitMs
    },
    run
  }

  const bearer = `Bearer ${account.apiKey}`
  const act = Effect.fnUntraced(function* (request: RestRequest) {
    if (request.headers["authorization"] !== bearer) return unauthorized
    const [resource, ...rest] = pathSegments(request.path)
    if (resource === "calls") return yield* callsResource(stage, taken, request, rest)
    if (resource === "connections") return activeCallsResource(stage, desk.all(), request, rest)
    if (resource === "conferences") return yield* conferencesResource(stage, conferences, request, rest)
    if (resource === "call_control_applications") return applicationsResource(stage, request, rest)
    if (resource === "phone_numbers") return numbersResource(account, request, rest)
    const found = rest.length > 0 ? undefined : readOnlyResource(account, request, resource ?? "")
    return found ?? notFound
  })
  const rest = yield* serveRest({ act, throttled, broken, panel, port: settings.port })

  const placeInbound = Effect.fnUntraced(function* (call: PlaceInbound) {
    const bound = applicationOf(account, call.to)
    // A number that is somebody else's rings there.
    const application = call.webhook === undefined ? bound : account.application
    const target = targetOf(application ?? account.application)
    const offered = call.fields?.["offered_codecs"]
    const leg = makeLeg(stage, {
      direction: "inbound",
      from: call.from,
      to: call.to,
      application: application ?? account.application,
      codec: offered === undefined ? codecFor(call.audio) : offered.startsWith("PCMA") ? "PCMA" : "PCMU",
      target:
        call.webhook === undefined
          ? { ...target, url: application?.webhookUrl ?? "" }
          : { ...target, url: call.webhook },
      extra: call.fields
    })
    const handle = desk.takeIn(leg)
    if (leg.target.url === "") yield* complain(leg, "the number is attached to no application with a webhook")
    yield* desk.prepare(call, leg)
    run(liveInbound(stage, leg))
    return handle
  })

  const carrier: FakeCarrier = {
    ...desk.carrier,
    whenDialed: (destination, behaviour) =>
      Effect.andThen(
        desk.carrier.whenDialed(destination, behaviour),
        Effect.sync(() =>
          phones.set(destination, codecFor(behaviour.outcome === "answer" ? behaviour.audio : undefined))
        )
      ),
    baseUrl: rest.baseUrl,
    credentials: {
      api_key: account.apiKey,
      connection_id: account.application.id,
      webhook_public_key: account.signingKey.publicKey
    },
    ownNumber: (address, numberOptions) => Effect.sync(() => addNumber(account, address, nowMs(), numberOptions)),
    inboundWebhook: (address) => Effect.sync(() => applicationOf(account, address)?.webhookUrl || undefined),
    placeInbound: (call) => onRealClock(placeInbound(call)),
    restExchanges: rest.exchanges,
    forget: Effect.gen(function* () {
      yield* desk.forget
      yield* rest.forget
      for (const [id, { atMs }] of taken) if (nowMs() - atMs > 60_000) taken.delete(id)
      for (const [id, { status }] of conferences) if (status === "completed") conferences.delete(id)
    })
  }
  return carrier
}, onRealClock)
