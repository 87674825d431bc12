import { Effect, Redacted } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { FormFields } from "../../carrier/forms.ts"
import { basic, type RestRequest } from "../../carrier/RestClient.ts"
import { resourceReader } from "../../carrier/restResource.ts"
import { type AriConfig, provider } from "./config.ts"
import { explain } from "./errors.ts"
import { Bridge, Bridges, Channel, Channels, Info, Variable } from "./resources.ts"

/** How a channel is made: see Asterisk: ARI, `POST /channels/{id}`. */
export interface Origination {
  readonly channelId: string
  readonly endpoint: string
  readonly app: string
  readonly appArgs: string
  /** How long it may ring, s. */
  readonly timeoutSeconds?: number
  readonly callerId?: string | undefined
  readonly formats?: string
}

const isGone = ({ kind }: CarrierError) => kind === "not-found"

/** What is not there (any more) needs nothing done to it. */
export const unlessGone = <A>(effect: Effect.Effect<A, CarrierError>): Effect.Effect<void, CarrierError> =>
  effect.pipe(
    Effect.asVoid,
    Effect.catchIf(isGone, () => Effect.void)
  )

const channelPath = (id: string) => `/channels/${encodeURIComponent(id)}`
const bridgePath = (id: string) => `/bridges/${encodeURIComponent(id)}`
const get = (operation: string, path: string, query: FormFields = []) =>
  ({ operation, method: "GET", path, query, idempotent: true }) as const

/** The parts of ARI that are used, for one Asterisk. Objects have names of ours, so most requests may be repeated. */
export const makeRest = (toolkit: CarrierToolkit["Service"], config: AriConfig) => {
  const base = toolkit.baseUrl(provider, config.endpoint)
  const authorization = basic(config.user, config.password)
  const client = toolkit.restClient({
    provider,
    baseUrl: `${base}/ari`,
    accountKey: `${base} ${Redacted.value(config.user)}`,
    authorization,
    explain,
    tenantHost: true
  })
  const read = resourceReader(provider, client)

  const send = (
    operation: string,
    method: RestRequest["method"],
    path: string,
    query: FormFields = [],
    idempotent = true
  ) => Effect.asVoid(client.send({ operation, method, path, query, idempotent }))
  return {
    /** Scheme, host and prefix of Asterisk's HTTP server. */
    base,
    authorization,
    /** Never sent twice: the first one may be over already, and a second would call again. */
    originate: ({ channelId, endpoint, app, appArgs, timeoutSeconds, callerId, formats }: Origination) =>
      read(Channel, {
        operation: "Channels.originate",
        method: "POST",
        path: channelPath(channelId),
        query: [
          ["endpoint", endpoint],
          ["app", app],
          ["appArgs", appArgs],
          ...(timeoutSeconds === undefined ? [] : ([["timeout", String(Math.ceil(timeoutSeconds))]] as const)),
          ...(callerId === undefined ? [] : ([["callerId", callerId]] as const)),
          ...(formats === undefined ? [] : ([["formats", formats]] as const))
        ],
        idempotent: false
      }),
    externalMedia: (query: FormFields) =>
      read(Channel, {
        operation: "Channels.externalMedia",
        method: "POST",
        path: "/channels/externalMedia",
        query,
        idempotent: false
      }),
    channels: read(Channels, get("Channels.list", "/channels")),
    /** Undefined: there is none of this name. */
    channel: (id: string): Effect.Effect<Channel | undefined, CarrierError> =>
      read(Channel, get("Channels.get", channelPath(id))).pipe(Effect.catchIf(isGone, () => Effect.undefined)),
    answer: (id: string) => send("Channels.answer", "POST", `${channelPath(id)}/answer`),
    /** `reason` is one of ARI's words. A channel that is gone is a success. */
    hangUp: (id: string, reason: string) =>
      unlessGone(send("Channels.hangup", "DELETE", channelPath(id), [["reason", reason]])),
    sendDigits: (id: string, digits: string) =>
      send("Channels.sendDTMF", "POST", `${channelPath(id)}/dtmf`, [["dtmf", digits]], false),
    variable: (id: string, name: string) =>
      Effect.map(
        read(Variable, get("Channels.getChannelVar", `${channelPath(id)}/variable`, [["variable", name]])),
        ({ value }) => value
      ),
    bridges: read(Bridges, get("Bridges.list", "/bridges")),
    bridge: (id: string): Effect.Effect<Bridge | undefined, CarrierError> =>
      read(Bridge, get("Bridges.get", bridgePath(id))).pipe(Effect.catchIf(isGone, () => Effect.undefined)),
    /** One that is there already is a success. */
    createBridge: (id: string) =>
      send("Bridges.create", "POST", bridgePath(id), [["type", "mixing"]]).pipe(
        Effect.catchIf(
          ({ httpStatus }) => httpStatus === 409,
          () => Effect.void
        )
      ),
    addToBridge: (id: string, channels: ReadonlyArray<string>) =>
      send("Bridges.addChannel", "POST", `${bridgePath(id)}/addChannel`, [["channel", channels.join(",")]]),
    removeFromBridge: (id: string, channelId: string) =>
      send("Bridges.removeChannel", "POST", `${bridgePath(id)}/removeChannel`, [["channel", channelId]]),
    destroyBridge: (id: string) => unlessGone(send("Bridges.destroy", "DELETE", bridgePath(id))),
    version: Effect.map(
      read(Info, get("Asterisk.getInfo", "/asterisk/info", [["only", "system"]])),
      ({ system }) => system.version
    ),
    /** Whether a connection has ever registered the application. */
    hasApplication: (app: string) =>
      send("Applications.get", "GET", `/applications/${encodeURIComponent(app)}`).pipe(
        Effect.as(true),
        Effect.catchIf(isGone, () => Effect.succeed(false))
      )
  }
}
export type AriRest = ReturnType<typeof makeRest>
