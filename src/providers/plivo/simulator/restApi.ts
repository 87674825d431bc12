import { Effect } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { now } from "./account.ts"
import { normalHangup } from "./hangups.ts"
import type { Leg } from "./leg.ts"
import { endLeg } from "./legs.ts"
import { noContent, notAllowed, notFound, ok, unauthorized } from "./replies.ts"
import { applications, oneApplication } from "./restApplications.ts"
import { cancelRequest, isLive, listCalls, oneCall } from "./restCalls.ts"
import { callControl } from "./restControls.ts"
import { listNumbers, oneNumber } from "./restNumbers.ts"
import type { Stage } from "./stage.ts"

const basic = (id: string, token: string) => `Basic ${Buffer.from(`${id}:${token}`).toString("base64")}`

/** A percent-encoded segment, decoded. */
const decoded = (segment: string) => {
  const query = new URLSearchParams(`s=${segment.replaceAll("+", "%2B").replaceAll("&", "%26")}`)
  return query.get("s") ?? segment
}

/** The REST API of one account (Plivo: `/v1/Account/{auth_id}/…/`); every path ends with a slash. */
export const makeRestApi = (options: {
  readonly stage: Stage
  readonly dial: (request: RestRequest) => Effect.Effect<RestReply>
  readonly find: (id: string) => Leg | undefined
  readonly legs: () => Iterable<Leg>
  readonly urlAllowed: (url: string) => boolean
  /** How long after its end a call gets its record, ms. */
  readonly recordAfterMs: number
}) => {
  const { dial, find, legs, recordAfterMs, stage, urlAllowed } = options
  const { account } = stage
  const allowed = new Set([basic(account.id, account.token), basic(account.mainId, account.mainToken)])
  if (account.oldToken !== undefined) allowed.add(basic(account.id, account.oldToken))

  return Effect.fnUntraced(function* (request: RestRequest) {
    if (!allowed.has(request.headers["authorization"] ?? "")) return unauthorized
    const [, owner, rest] = /^\/v1\/Account\/([^/]+)\/((?:[^/]+\/)*)$/.exec(request.path) ?? []
    if (owner !== account.id || rest === undefined) return notFound()
    const [resource, one, control, detail, ...more] = rest.split("/").slice(0, -1).map(decoded)
    if (more.length > 0) return notFound()
    const at = yield* now
    const hasRecord = (leg: Leg) => isOver(leg) && at >= (leg.endedMs ?? at) + recordAfterMs
    const found = one === undefined ? undefined : find(one)

    switch (resource) {
      case undefined:
        return request.method === "GET" ? ok(accountResource(account.id)) : notAllowed()
      case "Call":
        if (control !== undefined) {
          const talking = found !== undefined && isLive(found) && found.answeredMs !== undefined
          return yield* callControl(stage, request, talking ? found : undefined, control, detail, urlAllowed)
        }
        if (one !== undefined) return yield* oneCall(account, request, found, { urlAllowed, hasRecord })
        if (request.method === "POST") return yield* dial(request)
        if (request.method === "DELETE") {
          for (const leg of legs()) if (isLive(leg)) yield* endLeg(leg, { ...normalHangup("API Request"), code: 0 })
          return noContent
        }
        return request.method === "GET" ? listCalls(account, request, legs(), hasRecord) : notAllowed()
      case "Request": {
        if (one === undefined || control !== undefined) return notFound()
        if (request.method !== "DELETE") return notAllowed()
        return yield* cancelRequest(Array.from(legs()).find(({ requestId }) => requestId === one))
      }
      case "Number":
        if (control !== undefined) return notFound()
        return one === undefined ? listNumbers(account, request) : oneNumber(account, request, one)
      case "Application":
        if (control !== undefined) return notFound()
        return one === undefined
          ? applications(account, request, urlAllowed)
          : oneApplication(account, request, one, urlAllowed)
      default:
        return notFound()
    }
  })
}

const accountResource = (id: string) => ({
  account_type: "standard",
  address: "",
  auth_id: id,
  auto_recharge: false,
  billing_mode: "prepaid",
  cash_credits: "12.34",
  city: "",
  name: "Simulated account",
  resource_uri: `/v1/Account/${id}/`,
  state: "",
  timezone: "UTC"
})
