import { Context } from "effect"
import { HttpApiMiddleware, HttpApiSecurity, OpenApi } from "effect/http-api"
import type { KeyOwner, Role } from "../organizations/ApiKeys.ts"
import { Forbidden, ServiceUnavailable, Unauthorized } from "./Problems.ts"

/** Who makes the request: the organization and role of the API key. */
export class Caller extends Context.Service<Caller, KeyOwner>()("switchboard/api/Caller") {}

/** The least role that may call an endpoint. What nobody said is for admins. */
export const MinimumRole = Context.Reference<Role>("switchboard/api/MinimumRole", { defaultValue: () => "admin" })

/** An API key, as `Authorization: Bearer <key>` or `X-API-Key: <key>`, whose role is enough for the endpoint. */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: Caller }>()(
  "switchboard/api/Authorization",
  {
    error: [Unauthorized, Forbidden, ServiceUnavailable],
    requiredForClient: true,
    security: {
      bearer: HttpApiSecurity.bearer.pipe(
        HttpApiSecurity.annotate(OpenApi.Description, "An API key, such as `sb_...`, as a bearer token (RFC 6750).")
      ),
      api_key: HttpApiSecurity.apiKey({ in: "header", key: "x-api-key" }).pipe(
        HttpApiSecurity.annotate(OpenApi.Description, "The same API key in a header of its own.")
      )
    }
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
