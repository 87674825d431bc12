import { Effect } from "effect"
import type { CallDesk } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import type { Account } from "./account.ts"
import type { Leg } from "./leg.ts"
import { badCredentials, bare, notFound, ok, refuse, wrongCase } from "./replies.ts"
import { manyApplications, oneApplication } from "./restApplications.ts"
import { listCalls, oneCall, readCdr, sendDigits, stopStreams } from "./restCalls.ts"
import { attachment, listNumbers } from "./restNumbers.ts"
import type { Settings } from "./settings.ts"

type Handler = (request: RestRequest, one: string, two: string) => Effect.Effect<RestReply>

interface Route {
  /** A segment `*` is a parameter. */
  readonly path: string
  readonly methods: Readonly<Record<string, Handler>>
}

const patternOf = (path: string, flags: "" | "i") => {
  const source = path.replaceAll("*", "([^/]+)")
  return new RegExp(flags === "i" ? `^${source.replace(/\/$/, "")}/?$` : `^${source}$`, flags)
}

/**
 * The REST API. Paths are exact: capitals and the slash at the end differ from resource to resource, and a wrong one gets 401, as the
 * real one does it. The real one has everything under `/api/v1`; here the prefix may be missing, for a base URL that includes it.
 */
export const makeRoutes = (options: {
  readonly account: Account
  readonly settings: Settings
  readonly desk: CallDesk<Leg>
  readonly dial: (request: RestRequest) => Effect.Effect<RestReply>
  readonly urlAllowed: (url: string) => boolean
}) => {
  const { account, desk, dial, settings, urlAllowed } = options
  const call: Handler = (request, id) => oneCall(account, request, desk.find(id), urlAllowed)
  const calls: Handler = (request) => Effect.sync(() => listCalls(request, desk.all()))
  const applications: Handler = (request) => Effect.sync(() => manyApplications(account, request, urlAllowed))
  const application: Handler = (request, id) => Effect.sync(() => oneApplication(account, request, id, urlAllowed))
  const attach: Handler = (request, number) =>
    Effect.sync(() => attachment(account, settings.attaching, request, number))
  const routes: ReadonlyArray<Route> = [
    { path: "/Call/", methods: { GET: calls, POST: dial } },
    { path: "/Call", methods: { GET: calls } },
    { path: "/Call/*/", methods: { GET: call, POST: call, DELETE: call } },
    { path: "/Call/*/DTMF/", methods: { POST: (request, id) => sendDigits(request, desk.find(id)) } },
    { path: "/Call/*/Stream/", methods: { DELETE: (_, id) => stopStreams(desk.find(id), undefined) } },
    { path: "/Call/*/Stream/*/", methods: { DELETE: (_, id, stream) => stopStreams(desk.find(id), stream) } },
    { path: "/cdr/*", methods: { GET: (_, id) => Effect.sync(() => readCdr(account, desk.find(id))) } },
    { path: "/numbers", methods: { GET: (request) => Effect.sync(() => listNumbers(account, request)) } },
    { path: "/numbers/*/application", methods: { POST: attach, DELETE: attach } },
    { path: "/Application/", methods: { GET: applications, POST: applications } },
    { path: "/Application/*/", methods: { GET: application, POST: application, DELETE: application } }
  ]
  const exact = routes.map((route) => ({ ...route, pattern: patternOf(route.path, "") }))
  const loose = [...routes.map(({ path }) => patternOf(`/Account/*${path}`, "i")), patternOf("/auth/me", "i")]
  const me = ok({ auth_id: account.authId, name: "Simulated account", status: "active", currency: "INR" })
  const missing = (path: string) => (loose.some((pattern) => pattern.test(path)) ? wrongCase : notFound)

  return Effect.fnUntraced(function* (request: RestRequest) {
    const { headers, method } = request
    if (headers["x-auth-id"] !== account.authId || headers["x-auth-token"] !== account.authToken) return badCredentials
    if (settings.standing === "inactive") return refuse(403, "ACCOUNT_INACTIVE", "The account is not active")
    const path = request.path.replace(/^\/api\/v1\//, "/")
    if (path === "/auth/me") return method === "GET" ? me : bare(405, "Method Not Allowed")
    const [, owner, rest = ""] = /^\/Account\/([^/]+)(\/.*)$/.exec(path) ?? []
    if (owner === undefined) return missing(path)
    if (owner !== account.authId) return badCredentials
    for (const { methods, pattern } of exact) {
      const found = pattern.exec(rest)
      if (found === null) continue
      const handler = methods[method]
      const [, one = "", two = ""] = found
      return handler === undefined ? bare(405, "Method Not Allowed") : yield* handler(request, one, two)
    }
    return missing(path)
  })
}
