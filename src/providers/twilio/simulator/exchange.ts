import { Effect, FiberSet, Result } from "effect"
import { makeCallDesk, onRealClock } from "../../../simulator/CallDesk.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { type RestRequest, serveRest } from "../../../simulator/RestServer.ts"
import type { FakeCarrier, PlaceInbound, SimulatorOptions } from "../../../simulator/SimulatorModule.ts"
import { addNumber, newAccount, now } from "./account.ts"
import { makeConferences } from "./conferences.ts"
import { callResource, complain, type Hook, type Leg } from "./leg.ts"
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

/** Starts a fake account with its REST API; everything lives in the scope. */
export const startExchange = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const settings = { ...defaults, ...options }
  const account = newAccount()
  const panel = makeFaultPanel()
  const stage: Stage = { account, panel, conferences: makeConferences(), ...settings }
  const scope = yield* Effect.scope
  const run = yield* FiberSet.makeRuntime<never, unknown, never>()
  const desk = yield* makeCallDesk<Leg>({ format: () => format, panel, hangUp: personHangsUp })
  let freeAt = 0

  const urlAllowed = (written: string) => {
    const url = URL.parse(written)
    if (url === null || !/^https?:$/.test(url.protocol) || /_/.test(url.hostname)) return false
    return settings.insecureLoopback || !isLoopback(url)
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
    yield* desk.placed(leg)
    run(liveOutbound(stage, leg, plan, desk.behaviourOf(leg), settings.priceAfterMs))
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
    if (resource === "Calls" && one !== undefined) return yield* oneCall(account, request, desk.find(one), urlAllowed)
    if (resource === "Calls") return read ? listCalls(account, request, desk.all()) : yield* dial(request)
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
    const handle = desk.takeIn(leg)
    yield* desk.prepare(call, leg)
    run(liveInbound(stage, leg, hook, settings.priceAfterMs))
    return handle
  })

  const carrier: FakeCarrier = {
    ...desk.carrier,
    baseUrl: rest.baseUrl,
    credentials: { account_sid: account.sid, auth_token: account.authToken },
    ownNumber: (address, numberOptions) => Effect.sync(() => addNumber(account, address, numberOptions)),
    inboundWebhook: (address) => Effect.sync(() => account.numbers.get(address)?.voiceUrl || undefined),
    placeInbound: (call) => onRealClock(placeInbound(call)),
    restExchanges: rest.exchanges,
    forget: Effect.andThen(desk.forget, rest.forget)
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
