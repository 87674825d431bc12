import { Effect, Option, Redacted } from "effect"
import { Cookies } from "effect/http"
import { isOwnOrigin, type RequestHeaders, textOf } from "../network/ownOrigin.ts"
import { ApiKeys, type KeyOwner } from "../organizations/ApiKeys.ts"
import { ConsoleSessions } from "../organizations/ConsoleSessions.ts"
import { Settings } from "../Settings.ts"
import { sessionCookie } from "./Authorization.ts"

/** Why an upgrade request is not let in, as the API's problems have it. */
export interface NotAdmitted {
  readonly status: 401 | 403
  readonly code: "unauthorized" | "csrf" | "forbidden"
  readonly detail: string
}

const refused = (status: NotAdmitted["status"], code: NotAdmitted["code"], detail: string): NotAdmitted => ({
  status,
  code,
  detail
})
const nobody = refused(401, "unauthorized", "Send an API key of this service, or sign in to the console.")
const otherSite = refused(403, "csrf", "With the console's cookie only the service's own pages can connect.")
const viewer = refused(403, "forbidden", "This needs the role operator; the key has the role viewer.")

const text = (header: string | ReadonlyArray<string> | undefined) => textOf(header) ?? ""

/** Tells who asks for a WebSocket, by API key or by the console's cookie, where it is an operator or an admin. */
export const upgradeAccess = Effect.gen(function* () {
  const apiKeys = yield* ApiKeys
  const sessions = yield* ConsoleSessions
  const { publicUrl } = yield* Settings

  return Effect.fnUntraced(function* (headers: RequestHeaders) {
    const bearer = /^bearer +(.+)$/i.exec(text(headers["authorization"]))?.[1] ?? ""
    const key = bearer === "" ? text(headers["x-api-key"]) : bearer
    const cookie = Cookies.parseHeader(text(headers["cookie"]))[sessionCookie.key] ?? ""
    let owner: KeyOwner | undefined
    if (key !== "") owner = Option.getOrUndefined(yield* apiKeys.authenticate(Redacted.make(key)))
    else if (cookie !== "") {
      if (!isOwnOrigin(headers, publicUrl)) return yield* Effect.fail(otherSite)
      owner = Option.getOrUndefined(yield* sessions.find(Redacted.make(cookie)))?.owner
    }
    if (owner === undefined) return yield* Effect.fail(nobody)
    return owner.role === "viewer" ? yield* Effect.fail(viewer) : owner
  })
})
