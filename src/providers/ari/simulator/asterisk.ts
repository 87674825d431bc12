import { randomBytes } from "node:crypto"
import { Clock, Effect, FiberSet, Result } from "effect"
import { makeCallDesk, onRealClock } from "../../../simulator/CallDesk.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { makeRooms } from "../../../simulator/Rooms.ts"
import { type RestReply, type RestRequest, serveRest } from "../../../simulator/RestServer.ts"
import { type Leg, timestamp } from "./channel.ts"
import { makeEvents } from "./events.ts"
import { makeUpgrade, notUpgraded } from "./eventsSocket.ts"
import { arrive, personHangsUp } from "./legs.ts"
import { catchUp } from "./mixer.ts"
import { type AsteriskInbound, type AsteriskOptions, type FakeAsterisk, settingsOf } from "./options.ts"
import { readParams } from "./params.ts"
import { destroyBridge } from "./bridging.ts"
import { complain, destroyChannel, type Pbx, settleLeg } from "./pbx.ts"
import { notServed, refuse, resourceNotFound, unauthorized } from "./replies.ts"
import { applicationsResource, asteriskResource } from "./restApplications.ts"
import { bridgesResource } from "./restBridges.ts"
import { waitingLeg } from "./restExternalMedia.ts"
import { type ChannelRequest, channelsResource } from "./restChannels.ts"

/** A part of a path, decoded; as it is when it cannot be. */
const decodePart = (part: string) =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(part)),
    () => part
  )

/** The call that a refused request was about, as far as the request names a channel that lives. */
const concerned = (pbx: Pbx, { params, path }: ChannelRequest): Leg | undefined => {
  const named = [path[0] ?? "", ...(params.get("channel") ?? "").split(",")]
  const [leg] = named.flatMap((id) => pbx.channels.get(id)?.leg ?? [])
  return leg ?? (path[0] === "externalMedia" ? waitingLeg(pbx, params.get("app")) : undefined)
}

/** The clock of every channel: does each tick when it is due, or as soon as this process comes to it. */
const beat = Effect.fnUntraced(function* (pbx: Pbx) {
  while (true) {
    yield* Effect.sleep(Math.max(0, pbx.nextTickMs - pbx.monotonicMs()))
    catchUp(pbx)
  }
})

const start = Effect.fnUntraced(function* (options: AsteriskOptions) {
  const settings = settingsOf(options)
  const panel = makeFaultPanel()
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const launch = (effect: Effect.Effect<void>) => void run(effect)
  const nowMs = () => Math.trunc(clock.currentTimeMillisUnsafe())
  const monotonicMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const asteriskId = Array.from(randomBytes(6), (byte) => byte.toString(16).padStart(2, "0")).join(":")
  const user = { name: "gateway", password: randomBytes(16).toString("hex") }
  const application = `gw_${randomBytes(6).toString("hex")}`
  const pbx: Pbx = {
    settings,
    panel,
    events: makeEvents({ panel, nowMs, asteriskId, run: launch, settle: settleLeg }),
    channels: new Map(),
    bridges: new Map(),
    rooms: makeRooms(),
    exits: new Map(),
    sockets: new Set(),
    monotonicMs,
    run: launch,
    section: "gateway_media",
    startedAt: timestamp(nowMs()),
    nextChannel: 0,
    lostFrames: 0,
    nextTickMs: monotonicMs(),
    mediaUrl: options.mediaUrl
  }
  const desk = yield* makeCallDesk<Leg>({
    format: () => settings.trunk.audio,
    panel,
    hangUp: (leg) => personHangsUp(pbx, leg)
  })

  const login = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString("base64")}`
  const checkUser = (
    headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
    query: URLSearchParams
  ): RestReply | undefined => {
    const given = headers["authorization"]
    const isKnown = given === undefined ? query.get("api_key") === `${user.name}:${user.password}` : given === login
    return isKnown ? undefined : unauthorized
  }

  const act = Effect.fnUntraced(function* (request: RestRequest) {
    const root = `${settings.prefix}/ari`
    if (request.path.startsWith(`${settings.prefix}/media/`)) return notUpgraded
    if (request.path !== root && !request.path.startsWith(`${root}/`)) return notServed
    const denied = checkUser(request.headers, request.query)
    if (denied !== undefined) return denied
    const { method } = request
    if (settings.readOnly && method !== "GET") return refuse(403, "Write access denied")
    if (request.path.endsWith("/")) {
      return refuse(404, `ARI URLs do not end with a slash. Try ${request.path.replace(/\/+$/, "")}`)
    }
    const [resource, ...path] = request.path
      .slice(root.length + 1)
      .split("/")
      .map(decodePart)
    const params = readParams(request)
    if (params === undefined) return refuse(400, "Request body is not valid JSON")
    const inner = { method, path, params }
    const reply = yield* serve(resource, inner)
    if (reply.status >= 400) {
      complain(concerned(pbx, inner), `${method} ${[resource, ...path].join("/")}: ${reply.status} ${reply.body}`)
    }
    return reply
  })

  const serve = Effect.fnUntraced(function* (resource: string | undefined, inner: ChannelRequest) {
    if (resource === "channels") return yield* channelsResource(pbx, desk, inner)
    if (resource === "bridges") return bridgesResource(pbx, inner)
    if (resource === "applications") return applicationsResource(pbx, inner)
    if (resource === "asterisk") return asteriskResource(pbx, inner)
    return resource === "events" && inner.path.length === 0 ? notUpgraded : resourceNotFound
  })

  const rest = yield* serveRest({
    act,
    // Asterisk throttles nobody; a proxy in front of it may.
    throttled: refuse(429, "Too Many Requests"),
    broken: refuse(500, "Internal Server Error"),
    panel,
    port: settings.port,
    upgrade: makeUpgrade(pbx, checkUser)
  })
  const cutAll = Effect.sync(() => {
    for (const { socket } of pbx.events.applications.values()) socket?.terminate()
    for (const socket of pbx.sockets) socket.terminate()
  })
  yield* Effect.addFinalizer(() => cutAll)
  yield* Effect.forkScoped(beat(pbx))

  const placeInbound = Effect.fnUntraced(function* (call: AsteriskInbound) {
    const { leg, begin } = arrive(pbx, call, application)
    const handle = desk.takeIn(leg)
    yield* desk.prepare(call, leg)
    begin()
    return handle
  })

  const carrier: FakeAsterisk = {
    ...desk.carrier,
    baseUrl: rest.baseUrl + settings.prefix,
    credentials: {
      ari_endpoint: rest.baseUrl + settings.prefix,
      app_name: user.name,
      app_password: user.password,
      stasis_app_name: application,
      ws_client_name: pbx.section,
      dial_template: "PJSIP/{number}@trunk",
      media_mode: options.mediaMode ?? "client",
      media_format: settings.media.name
    },
    setMediaUrl: (url) =>
      Effect.sync(() => {
        pbx.mediaUrl = url
      }),
    // A PBX has no numbers to own and no webhooks: its dialplan decides.
    ownNumber: () => Effect.void,
    inboundWebhook: () => Effect.succeed(undefined),
    placeInbound: (call) => onRealClock(placeInbound(call)),
    dropEvents: Effect.sync(() => {
      for (const { socket } of pbx.events.applications.values()) socket?.terminate()
    }),
    restart: Effect.gen(function* () {
      yield* cutAll
      pbx.events.applications.clear()
      for (const bridge of Array.from(pbx.bridges.values())) destroyBridge(pbx, bridge)
      for (const channel of Array.from(pbx.channels.values())) destroyChannel(pbx, channel, 0)
    }),
    state: Effect.sync(() => ({
      channels: Array.from(pbx.channels.keys()),
      bridges: Array.from(pbx.bridges.keys()),
      applications: Array.from(pbx.events.applications.values()).flatMap(({ name, socket }) =>
        socket === undefined ? [] : [name]
      ),
      lostFrames: pbx.lostFrames
    })),
    restExchanges: rest.exchanges,
    forget: Effect.andThen(desk.forget, rest.forget)
  }
  return carrier
})

/** Starts a fake Asterisk with its REST interface; everything lives in the scope. */
export const startAsterisk = (options: AsteriskOptions = {}) => onRealClock(start(options))
