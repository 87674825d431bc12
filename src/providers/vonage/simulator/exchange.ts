import { Effect, FiberSet, Result } from "effect"
import { makeCallDesk, onRealClock } from "../../../simulator/CallDesk.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { type RestRequest, serveRest } from "../../../simulator/RestServer.ts"
import type { FakeCarrier, PlaceInbound, SimulatorOptions } from "../../../simulator/SimulatorModule.ts"
import { addNumber, answerWebhook, bare, newAccount, now, plussed } from "./account.ts"
import { type DialPlan, liveInbound, liveOutbound, makeCall, talkOf } from "./calls.ts"
import { makeConversations } from "./conversations.ts"
import { type Call, completedBy, type Found, type Hook, personHangsUp } from "./leg.ts"
import { isLoopback } from "./ncco.ts"
import {
  authenticationFailed,
  broken,
  malformedToken,
  methodNotAllowed,
  notFound,
  ok,
  throttled,
  unauthorizedKey,
  unauthorizedToken
} from "./replies.ts"
import { balance, listNumbers, oneApplication, updateNumber } from "./restAccount.ts"
import { eventHook, listLegs, readDial } from "./restCalls.ts"
import { command, oneLeg } from "./restCommands.ts"
import type { Dialled, Stage } from "./script.ts"
import { format } from "./stream.ts"
import { checkBearer, isBasic } from "./tokens.ts"

const defaults = { port: 0, insecureLoopback: true, jitterMs: 60, priceAfterMs: 200 }

/**
 * Starts a fake account with its REST APIs, all hosts of the carrier on one port; everything lives in the scope.
 * `callsPerSecond` is the limit of dials in a rolling second: what is beyond it is answered with 429, nothing is queued.
 */
export const startExchange = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const settings = { ...defaults, ...options }
  const account = newAccount()
  const panel = makeFaultPanel()
  const scope = yield* Effect.scope
  const run = yield* FiberSet.makeRuntime<never, unknown, never>()
  const desk = yield* makeCallDesk<Call>({ format: () => format, panel, hangUp: personHangsUp })
  let dials: ReadonlyArray<number> = []

  const dialOut = Effect.fnUntraced(function* (dialled: Dialled) {
    const call = yield* makeCall(stage, { direction: "outbound", ...dialled })
    const plan: DialPlan = {
      ...dialled,
      detection: undefined,
      isRestricted: false,
      talk: (one) => Effect.as(dialled.talk(one), completedBy("platform"))
    }
    yield* desk.placed(call)
    run(liveOutbound(stage, call, plan, desk.behaviourOf(call)))
    return call
  })

  const stage: Stage = {
    account,
    panel,
    scope,
    conversations: makeConversations(),
    dialOut,
    ...settings,
    webhookTimeoutMs: options.webhookTimeoutMs
  }

  const urlAllowed = (written: string) => {
    const url = URL.parse(written)
    return url !== null && (settings.insecureLoopback || !isLoopback(url))
  }

  /** Both spellings of a uuid find its leg. */
  const find = (uuid: string): Found | undefined => {
    const plain = uuid.replaceAll("-", "").toLowerCase()
    for (const call of desk.all()) {
      if (call.id.replaceAll("-", "") === plain) return { _tag: "Phone", call, leg: call.leg }
      const socket = call.sockets.find(({ leg }) => leg.uuid.replaceAll("-", "") === plain)
      if (socket !== undefined) return { _tag: "Socket", call, socket, leg: socket.leg }
    }
    return undefined
  }

  const isTooFast = Effect.map(now, (at) => {
    if (settings.callsPerSecond === undefined) return false
    dials = dials.filter((earlier) => at - earlier < 1000)
    if (dials.length >= settings.callsPerSecond) return true
    dials = [...dials, at]
    return false
  })

  const dial = Effect.fnUntraced(function* (request: RestRequest) {
    if (yield* isTooFast) return throttled
    const read = readDial(account, request, urlAllowed)
    if (Result.isFailure(read)) return read.failure
    const { first, from, hook, plan, to } = read.success
    const call = yield* makeCall(stage, { direction: "outbound", from, to, hook })
    yield* desk.placed(call)
    run(liveOutbound(stage, call, { ...plan, talk: talkOf(stage, first) }, desk.behaviourOf(call)))
    const { conversation, direction, uuid } = call.leg
    return ok({ uuid, status: "started", direction, conversation_uuid: conversation }, 201)
  })

  const calls = Effect.fnUntraced(function* (request: RestRequest, [uuid, name, ...more]: ReadonlyArray<string>) {
    const { application } = account
    const key = { id: application.id, publicKey: application.publicKey() }
    const proof = checkBearer(request.headers["authorization"], key, Math.floor((yield* now) / 1000))
    if (Result.isFailure(proof)) return proof.failure === "malformed" ? malformedToken : unauthorizedToken()
    if (application.voice() === undefined) return unauthorizedToken()
    if (uuid === undefined) {
      if (request.method === "POST") return yield* dial(request)
      const legs = Array.from(desk.all()).flatMap(({ leg, sockets }) => [leg, ...sockets.map((socket) => socket.leg)])
      return request.method === "GET" ? listLegs(request, legs) : methodNotAllowed
    }
    if (name === undefined) return yield* oneLeg(request, uuid, find(uuid), urlAllowed)
    if (more.length > 0 || !/^(talk|stream|dtmf)$/.test(name)) return notFound(`There is no ${request.path}.`)
    return yield* command(request, uuid, name, find(uuid))
  })

  const act = Effect.fnUntraced(function* (request: RestRequest) {
    const [, area, resource, ...rest] = request.path.split("/")
    if (area === "v1" && resource === "calls") return yield* calls(request, rest)
    const trusted = isBasic(request.headers["authorization"], account.apiKey, account.apiSecret)
    if (area === "v2" && resource === "applications" && rest.length === 1) {
      return trusted ? oneApplication(account, request, rest[0] ?? "") : unauthorizedKey()
    }
    if (area !== "account" && area !== "number") return notFound(`There is no ${request.path}.`)
    if (!trusted) return authenticationFailed
    if (request.path === "/number/update") return updateNumber(account, request)
    if (request.method !== "GET") return methodNotAllowed
    if (request.path === "/account/numbers") return listNumbers(account, request)
    return request.path === "/account/get-balance" ? balance : notFound(`There is no ${request.path}.`)
  })

  const rest = yield* serveRest({ act, throttled, broken, panel, port: settings.port })

  const placeInbound = Effect.fnUntraced(function* (options: PlaceInbound) {
    const own = answerWebhook(account, options.to)
    const hook: Hook | undefined =
      options.webhook !== undefined
        ? { url: options.webhook, method: "POST" }
        : own === undefined
          ? undefined
          : { url: own.address, method: own.http_method ?? "GET" }
    const call = yield* makeCall(stage, {
      direction: "inbound",
      from: options.from,
      to: options.to,
      hook: hook === undefined ? undefined : eventHook(account),
      extra: options.fields ?? {}
    })
    const handle = desk.takeIn(call)
    yield* desk.prepare(options, call)
    run(liveInbound(stage, call, hook))
    return handle
  })

  const carrier: FakeCarrier = {
    ...desk.carrier,
    whenDialed: (destination, behaviour) => desk.carrier.whenDialed(plussed(bare(destination)), behaviour),
    baseUrl: rest.baseUrl,
    credentials: {
      api_key: account.apiKey,
      api_secret: account.apiSecret,
      application_id: account.application.id,
      private_key: account.privateKey,
      signature_secret: account.signatureSecret
    },
    ownNumber: (address, numberOptions) => Effect.sync(() => addNumber(account, address, numberOptions)),
    inboundWebhook: (address) => Effect.sync(() => answerWebhook(account, address)?.address),
    placeInbound: (call) => onRealClock(placeInbound(call)),
    restExchanges: rest.exchanges,
    forget: Effect.andThen(desk.forget, rest.forget)
  }
  return carrier
}, onRealClock)
