import { Context } from "effect"
import { HttpApiMiddleware, HttpApiSecurity, OpenApi } from "effect/http-api"
import type { KeyOwner, Role } from "../organizations/ApiKeys.ts"
import type { ConsoleSession } from "../organizations/ConsoleSessions.ts"
import { CsrfRefused, Forbidden, ServiceUnavailable, Unauthorized } from "./Problems.ts"

/** Who makes the request: the organization and role of the API key. */
export class Caller extends Context.Service<Caller, KeyOwner>()("switchboard/api/Caller") {}

/** The least role that may call an endpoint. What nobody said is for admins. */
export const MinimumRole = Context.Reference<Role>("switchboard/api/MinimumRole", { defaultValue: () => "admin" })

/** The cookie of the console. */
export const sessionCookie = HttpApiSecurity.apiKey({ in: "cookie", key: "switchboard_session" }).pipe(
  HttpApiSecurity.annotate(
    OpenApi.Description,
    "The console's cookie, which `POST /api/v1/session` sets. A request with it that is not GET or HEAD carries the header `X-Switchboard-Console: 1` too, and comes from the service's own pages: else 403 `csrf`."
  )
)

/**
 * An API key, as `Authorization: Bearer <key>` or `X-API-Key: <key>`, or the cookie of somebody who signed in to the console with
 * one, whose role is enough for the endpoint.
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: Caller }>()(
  "switchboard/api/Authorization",
  {
    error: [Unauthorized, Forbidden, CsrfRefused, ServiceUnavailable],
    requiredForClient: true,
    security: {
      bearer: HttpApiSecurity.bearer.pipe(
        HttpApiSecurity.annotate(OpenApi.Description, "An API key, such as `sb_...`, as a bearer token (RFC 6750).")
      ),
      api_key: HttpApiSecurity.apiKey({ in: "header", key: "x-api-key" }).pipe(
        HttpApiSecurity.annotate(OpenApi.Description, "The same API key in a header of its own.")
      ),
      session: sessionCookie
    }
  }
) {}

/** The session of whoever makes the request. */
export class SignedIn extends Context.Service<SignedIn, ConsoleSession>()("switchboard/api/SignedIn") {}

/** The cookie of somebody who is signed in to the console. */
export class SessionCookie extends HttpApiMiddleware.Service<SessionCookie, { provides: SignedIn }>()(
  "switchboard/api/SessionCookie",
  {
    error: [Unauthorized, CsrfRefused, ServiceUnavailable],
    security: { session: sessionCookie }
  }
) {}

const whoMay: Readonly<Record<Role, string>> = {
  viewer: "Any role may do this.",
  operator: "Needs the role `operator` or `admin`.",
  admin: "Needs the role `admin`."
}

/** What an endpoint is for and who may call it: checked by `Authorization` and written into the API description. */
export const access = (role: Role, summary: string, description = "") =>
  Context.add(
    OpenApi.annotations({ summary, description: `${description}\n\n${whoMay[role]}`.trim() }),
    MinimumRole,
    role
  )
