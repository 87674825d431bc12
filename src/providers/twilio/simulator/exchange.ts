import { Clock, Deferred, Effect, FiberSet, Queue, Result } from "effect"
import { converter } from "../../../audio/converter.ts"
import type { FaultName, FaultOptions } from "../../../simulator/Faults.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { type RestRequest, serveRest } from "../../../simulator/RestServer.ts"
import type {
  DialBehaviour,
  FakeCarrier,
  PlaceInbound,
  SimulatedCall,
  SimulatorOptions,
  SpokenAudio
} from "../../../simulator/SimulatorModule.ts"
import { addNumber, newAccount, now } from "./account.ts"
import { callResource, complain, type Hook, isOver, type Leg } from "./leg.ts"
import { liveInbound, liveOutbound, makeLeg, personHangsUp } from "./legs.ts"
import { notFound, ok, refuse, unauthorized } from "./replies.ts"
import { listCalls, oneCall, readDial } from "./restCalls.ts"
import { listCallerIds, listNumbers, oneNumber } from "./restNumbers.ts"
import type { Stage } from "./script.ts"
import { format } from "./stream.ts"
import { isLoopback } from "./twiml.ts"

/** The whole exchange of a webhook may take 15 s (Twilio: webhooks). */
const webhookTimeoutMs = 15_000
const defaults = { port: 0, insecureLoopback: true, jitterMs: 60, priceAfterMs: 200, webhookTimeoutMs }

const toWire = (audio: SpokenAudio) => {
  const { convert, flush } = converter(audio.format, format)
  return Buffer.concat([convert(audio.bytes), flush()])
}

/** Sockets on the other side are real, so a fake carrier never runs on a test clock. */
const onRealClock = Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())

/** Starts a fake account with its REST API; everything lives in the scope. */
export const startExchange = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const settings = { ...defaults, ...options }
  const account = newAccount()
  const panel = makeFaultPanel()
  const stage: Stage = { account, panel, ...settings }
  const scope = yield* Effect.scope
  const run = yield* FiberSet.makeRuntime<never, unknown, never>()
  const legs = new Map<string, Leg>()
  const handles = new Map<string, SimulatedCall>()
  const placed = yield* Queue.unbounded<SimulatedCall>()
  const behaviours = new Map<string, DialBehaviour>()
  let freeAt = 0

  const urlAllowed = (written: string) => {
    const url = URL.parse(written)
    if (url === null || !/^https?:$/.test(url.protocol) || /_/.test(url.hostname)) return false
    return settings.insecureLoopback || !isLoopback(url)
  }

  const keep = (leg: Leg) => {
    const handle = handleOf(leg)
    legs.set(leg.sid, leg)
    handles.set(leg.sid, handle)
    return handle
  }

  const dial = Effect.fnUntraced(function* (request: RestRequest) {
    const read = readDial(account, request.fields, urlAllowed)
    if (Result.isFailure(read)) return read.failure
    const { from, plan, status, to, warnings } = read.success
    const leg = yield* makeLeg(stage, scope, { direction: "outbound", from, to, status, extra: [] })
    for (const warning of warnings) yield* complain(leg, warning)
    if (settings.callsPerSecond !== undefined) {
      const at = yield* now
      freeAt = Math.max(at, freeAt)
      leg.queueMs = freeAt - at
      freeAt += 1000 / settings.callsPerSecond
    }
    const behaviour = Effect.sync((): DialBehaviour => {
      const found = behaviours.get(to) ?? behaviours.get("*") ?? { outcome: "answer" }
      if (found.outcome === "answer" && found.audio !== undefined) leg.record.mouth.say(toWire(found.audio))
      return found
    })
    yield* Queue.offer(placed, keep(leg))
    run(liveOutbound(stage, leg, plan, behaviour, settings.priceAfterMs))
    return ok(callResource(account, leg), 201)
  })

  const basic = `Basic ${Buffer.from(`${account.sid}:${account.authToken}`).toString("base64")}`
  const root = "/2010-04-01/Accounts/"
  const act = Effect.fnUntraced(function* (request: RestRequest) {
    if (request.headers["authorization"] !== basic) return unauthorized
    const [owner, resource, one, ...more] = request.path
      .replace(root, "")
      .replace(/\.json$/, "")
      .split("/")
    const missing = notFound(request.path)
    if (!request.path.startsWith(root) || !request.path.endsWith(".json") || more.length > 0) return missing
    if (owner !== account.sid) return missing
    const read = request.method === "GET"
    if (!read && request.method !== "POST") return refuse(405, 20004, "Method not allowed")
    if (resource === undefined) return read ? ok(accountResource(account)) : missing
    if (resource === "Calls" && one !== undefined) return yield* oneCall(account, request, legs.get(one), urlAllowed)
    if (resource === "Calls") return read ? listCalls(account, request, legs.values()) : yield* dial(request)
    if (resource === "IncomingPhoneNumbers" && one !== undefined) return oneNumber(account, request, one, urlAllowed)
    if (resource === "IncomingPhoneNumbers" && read) return listNumbers(account, request)
    if (resource === "OutgoingCallerIds" && read) return listCallerIds(account, request)
    return missing
  })

  const rest = yield* serveRest({
    act,
    throttled: refuse(429, 20429, "Too Many Requests"),
    broken: refuse(500, 20500, "An internal server error has occurred"),
    panel,
    port: settings.port
  })

  const placeInbound = Effect.fnUntraced(function* (call: PlaceInbound) {
    const number = account.numbers.get(call.to)
    const bound = number !== undefined && number.trunkSid === "" && number.voiceApplicationSid === ""
    const url = call.webhook ?? (bound ? number.voiceUrl : "")
    const method = call.webhook === undefined && number?.voiceMethod === "GET" ? "GET" : "POST"
    const spare = number?.voiceFallbackUrl
    const fallback = spare === undefined || spare === "" ? {} : { fallback: { url: spare, method: "POST" } as const }
    const hook: Hook = { url, method, ...fallback }
    const statusUrl = number?.statusCallback ?? ""
    const status =
      statusUrl === "" ? undefined : ({ hook: { url: statusUrl, method: "POST" }, events: ["completed"] } as const)
    const extra = Object.entries(call.fields ?? {})
    const leg = yield* makeLeg(stage, scope, { direction: "inbound", from: call.from, to: call.to, status, extra })
    if (call.audio !== undefined) leg.record.mouth.say(toWire(call.audio))
    const faults = (call.faults ?? []).map((fault): readonly [FaultName, FaultOptions] =>
      typeof fault === "string" ? [fault, {}] : fault
    )
    for (const [name, faultOptions] of faults) yield* panel.switches.on(name, faultOptions)
    const faultsOff = Effect.forEach(faults, ([name]) => panel.switches.off(name), { discard: true })
    const handle = keep(leg)
    run(liveInbound(stage, leg, hook, settings.priceAfterMs))
    if (faults.length > 0) run(Effect.andThen(Deferred.await(leg.settled), faultsOff))
    return handle
  })

  const carrier: FakeCarrier = {
    baseUrl: rest.baseUrl,
    credentials: { account_sid: account.sid, auth_token: account.authToken },
    ownNumber: (address, numberOptions) => Effect.sync(() => addNumber(account, address, numberOptions)),
    inboundWebhook: (address) => Effect.sync(() => account.numbers.get(address)?.voiceUrl || undefined),
    placeInbound: (call) => onRealClock(placeInbound(call)),
    whenDialed: (destination, behaviour) => Effect.sync(() => void behaviours.set(destination, behaviour)),
    nextOutbound: Queue.take(placed),
    calls: Effect.sync(() => Array.from(handles.values())),
    faults: panel.switches,
    restExchanges: rest.exchanges,
    forget: Effect.gen(function* () {
      for (const [sid, leg] of legs) {
        if (!Deferred.isDoneUnsafe(leg.settled)) continue
        legs.delete(sid)
        handles.delete(sid)
      }
      yield* Queue.clear(placed)
      yield* rest.forget
    })
  }
  return carrier
}, onRealClock)

const accountResource = (account: { readonly sid: string; readonly authToken: string }) => ({
  sid: account.sid,
  friendly_name: "Simulated account",
  status: "active",
  type: "Full",
  owner_account_sid: account.sid,
  auth_token: account.authToken,
  uri: `/2010-04-01/Accounts/${account.sid}.json`
})

/** A call from the side of the person on the phone. */
const handleOf = (leg: Leg): SimulatedCall => {
  const { record } = leg
  return {
    id: leg.sid,
    direction: leg.direction,
    from: leg.from,
    to: leg.to,
    now: Effect.sync(record.snapshot),
    until: record.until,
    say: (audio) => Effect.sync(() => record.mouth.say(toWire(audio))),
    pressDigits: (digits) => Effect.sync(() => void record.digits.push(...Array.from(digits))),
    hangUp: onRealClock(personHangsUp(leg)),
    ended: record.until(() => isOver(leg)),
    settled: Effect.andThen(Deferred.await(leg.settled), Effect.sync(record.snapshot))
  }
}
