import { Deferred, Effect, FiberSet, Result, type Scope } from "effect"
import { makeCallDesk, onRealClock } from "../../../simulator/CallDesk.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { makeRooms } from "../../../simulator/Rooms.ts"
import { type RestRequest, serveRest, type SimulatorFailed } from "../../../simulator/RestServer.ts"
import type { FakeCarrier, PlaceInbound, SimulatorOptions } from "../../../simulator/SimulatorModule.ts"
import { addNumber, applicationOf, asDialled, asWritten, newAccount, newId, now } from "./account.ts"
import { makeConferences } from "./conferences.ts"
import { outOfService } from "./hangups.ts"
import { hookOf, methodOf } from "./hook.ts"
import { complain, type Leg, type Next, note } from "./leg.ts"
import { liveInbound, liveOutbound, makeLeg, type NewLeg, personHangsUp } from "./legs.ts"
import { ok, refuse } from "./replies.ts"
import { makeRestApi } from "./restApi.ts"
import { readParameters } from "./restBody.ts"
import { readDial } from "./restDial.ts"
import type { DialledLeg, Stage } from "./stage.ts"
import { format } from "./stream.ts"

/** What this fake can do beyond the other carriers' fakes: things that are known to happen at Plivo. */
export interface PlivoSimulatorOptions extends SimulatorOptions {
  /** The account is a subaccount: `SA…`, with `main_auth_token` among the credentials. */
  readonly subaccount?: boolean
  /** Two auth tokens are active, the given one is the second: signature headers are lists. */
  readonly rotatingToken?: boolean
  /** `request_uuid` of a call is not its `CallUUID`. */
  readonly separateRequestIds?: boolean
  /** Webhooks have `X-Plivo-Signature-Ma-V3` only. */
  readonly onlyMainSignature?: boolean
  /** The hangup callback says `completed` also of calls that nobody answered. */
  readonly unansweredAsCompleted?: boolean
  /** A stream's first frame comes before its `start`. */
  readonly mediaBeforeStart?: boolean
}

const defaults = {
  port: 0,
  insecureLoopback: true,
  jitterMs: 60,
  priceAfterMs: 200,
  webhookTimeoutMs: 15_000,
  subaccount: false,
  rotatingToken: false,
  separateRequestIds: false,
  onlyMainSignature: false,
  unansweredAsCompleted: false,
  mediaBeforeStart: false
}

/** Starts a fake account with its REST API; everything lives in the scope. */
export const startExchange: (
  options?: PlivoSimulatorOptions
) => Effect.Effect<FakeCarrier, SimulatorFailed, Scope.Scope> = Effect.fnUntraced(function* (
  options: PlivoSimulatorOptions = {}
) {
  const settings = { ...defaults, ...options }
  const { priceAfterMs } = settings
  const account = newAccount(settings)
  const panel = makeFaultPanel()
  const rooms = makeRooms()
  const scope = yield* Effect.scope
  const run = yield* FiberSet.makeRuntime<never, unknown, never>()
  const desk = yield* makeCallDesk<Leg>({ format: () => format, panel, hangUp: personHangsUp })
  let freeAt = 0

  /** How long a call that was placed now waits, ms. */
  const queueFor = Effect.fnUntraced(function* () {
    if (settings.callsPerSecond === undefined) return 0
    const at = yield* now
    freeAt = Math.max(at, freeAt)
    const wait = freeAt - at
    freeAt += 1000 / settings.callsPerSecond
    return wait
  })

  const dialOut = Effect.fnUntraced(function* ({ bridge, from, parent, ringSeconds, sendDigits, to }: DialledLeg) {
    const leg = yield* makeLeg(stage, scope, {
      direction: "outbound",
      from,
      to,
      requestId: undefined,
      callerName: "",
      parentId: parent.id,
      hooks: { ring: undefined, hangup: undefined },
      extra: []
    })
    if (sendDigits !== undefined) yield* note(leg, `sent digits: ${sendDigits}`)
    yield* desk.placed(leg)
    const first: Next = { _tag: "Talk", bridge }
    const plan = { first, ringSeconds, limitSeconds: 86_400, detection: undefined }
    run(liveOutbound(stage, leg, plan, { behaviour: desk.behaviourOf(leg), refused: undefined, priceAfterMs }))
    run(Effect.andThen(Deferred.await(leg.settled), Deferred.succeed(bridge.left, undefined)))
    return leg
  })
  const stage: Stage = { ...settings, account, panel, rooms, conferences: makeConferences(rooms), dialOut }

  const urlAllowed = (written: string) => {
    const url = URL.parse(written)
    if (url === null || !/^https?:$/.test(url.protocol)) return false
    return settings.insecureLoopback || !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  }

  const dial = Effect.fnUntraced(function* (request: RestRequest) {
    const parameters = readParameters(request)
    if (Result.isFailure(parameters)) return parameters.failure
    const isCall = (id: string) => desk.find(id) !== undefined
    const read = readDial(account, parameters.success, { urlAllowed, isCall })
    if (Result.isFailure(read)) return read.failure
    const { callerName, extra, from, hooks, parentId, plan, refused, warnings } = read.success
    const ids: Array<string> = []
    let queued = false
    for (const to of read.success.to) {
      const requestId = settings.separateRequestIds ? newId() : undefined
      const options: NewLeg = { direction: "outbound", from, to, requestId, callerName, parentId, hooks, extra }
      const leg = yield* makeLeg(stage, scope, options)
      for (const warning of warnings) yield* complain(leg, warning)
      if (refused !== undefined) yield* complain(leg, `${refused.code} ${refused.name}: ${from}`)
      const digits = parameters.success.get("send_digits")
      if (digits !== undefined) yield* note(leg, `sent digits: ${digits}`)
      leg.queueMs = yield* queueFor()
      queued ||= leg.queueMs > 0
      yield* desk.placed(leg)
      run(liveOutbound(stage, leg, plan, { behaviour: desk.behaviourOf(leg), refused, priceAfterMs }))
      ids.push(leg.requestId)
    }
    return ok({ message: queued ? "call queued" : "call fired", request_uuid: ids.length === 1 ? ids[0] : ids }, 201)
  })

  const rest = yield* serveRest({
    act: makeRestApi({
      stage,
      dial,
      find: desk.find,
      legs: desk.all,
      urlAllowed,
      // The record of a call comes a while after its end; its price a while later.
      recordAfterMs: priceAfterMs / 2
    }),
    throttled: refuse(429, "Too many requests"),
    broken: refuse(500, "Internal server error"),
    panel,
    port: settings.port
  })

  const placeInbound = Effect.fnUntraced(function* (call: PlaceInbound) {
    const application = applicationOf(account, call.to)
    const url = call.webhook ?? application?.answerUrl ?? ""
    const method = call.webhook === undefined ? methodOf(application?.answerMethod) : "POST"
    const fallback = hookOf(application?.fallbackAnswerUrl, application?.fallbackMethod)
    const hook = { url, method, ...(fallback === undefined ? {} : { fallback }) }
    // Nobody's hangup URL is the answer URL.
    const hangupUrl = application?.hangupUrl ?? url
    const hangup = hookOf(hangupUrl, application?.hangupMethod)
    const leg = yield* makeLeg(stage, scope, {
      direction: "inbound",
      from: asDialled(call.from),
      to: asDialled(call.to),
      requestId: undefined,
      callerName: asWritten(call.from),
      parentId: undefined,
      hooks: { ring: undefined, hangup },
      extra: Object.entries(call.fields ?? {})
    })
    const handle = desk.takeIn(leg)
    yield* desk.prepare(call, leg)
    if (url === "") yield* complain(leg, `${call.to} is linked to no application with an answer_url`)
    const first: Next = { _tag: "Fetch", hook, asked: "Answer", extra: [] }
    run(liveInbound(stage, leg, url === "" ? outOfService : first, priceAfterMs))
    return handle
  })

  const mainToken = account.id === account.mainId ? {} : { main_auth_token: account.mainToken }
  const carrier: FakeCarrier = {
    ...desk.carrier,
    whenDialed: (destination, behaviour) => desk.carrier.whenDialed(asDialled(destination), behaviour),
    baseUrl: rest.baseUrl,
    credentials: { auth_id: account.id, auth_token: account.token, ...mainToken },
    ownNumber: (address, numberOptions) => Effect.sync(() => addNumber(account, address, numberOptions)),
    inboundWebhook: (address) => Effect.sync(() => applicationOf(account, address)?.answerUrl || undefined),
    placeInbound: (call) => onRealClock(placeInbound(call)),
    restExchanges: rest.exchanges,
    forget: Effect.andThen(desk.forget, rest.forget)
  }
  return carrier
}, onRealClock)
