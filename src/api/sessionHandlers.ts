import { Clock, Effect, Layer, Option, Redacted } from "effect"
import { HttpServerRequest, HttpServerResponse, HttpEffect } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { clientAddresses, clientNetwork } from "../network/clientAddress.ts"
import { type ConsoleSession, ConsoleSessions } from "../organizations/ConsoleSessions.ts"
import { Settings } from "../Settings.ts"
import { Api } from "./Api.ts"
import { Attempts } from "./attempts.ts"
import { SignedIn, sessionCookie } from "./Authorization.ts"
import { CsrfRefused, TooManyAttempts, Unauthorized } from "./Problems.ts"
import { databaseAway } from "./refused.ts"
import { isCrossSite } from "./sameOrigin.ts"

const shown = ({ owner, keyPrefix, organizationName, expiresAt }: ConsoleSession) => ({
  role: owner.role,
  key_prefix: keyPrefix,
  organization: { id: owner.organizationId, name: organizationName },
  expires_at: expiresAt
})

const unknownKey = new Unauthorized({ code: "unauthorized", detail: "There is no such API key." })
const otherSite = new CsrfRefused({ code: "csrf", detail: "Sign in from the service's own pages." })
const tooMany = (ms: number) =>
  new TooManyAttempts({
    code: "too_many_attempts",
    detail: `Too many failed attempts from your address. Try again in ${Math.ceil(ms / 1000)} s.`
  })

/** Nothing that lies between may keep an answer about a session. */
const notStored = HttpEffect.appendPreResponseHandler((_, response) =>
  Effect.succeed(HttpServerResponse.setHeader(response, "cache-control", "no-store"))
)

/** Sets the cookie; empty: clears it. Over https browsers send it back over https only. */
const setCookie = (publicUrl: string, token: Redacted.Redacted<string>) =>
  HttpApiBuilder.securitySetCookie(sessionCookie, token, {
    path: "/",
    sameSite: "strict",
    secure: publicUrl.startsWith("https:"),
    ...(Redacted.value(token) === "" ? { maxAge: 0 } : {})
  })

const signIn = HttpApiBuilder.group(
  Api,
  "signIn",
  Effect.fnUntraced(function* (handlers) {
    const sessions = yield* ConsoleSessions
    const { publicUrl, trustedProxies } = yield* Settings
    const clientOf = clientAddresses(trustedProxies)
    const attempts = new Attempts()

    return handlers.handleAll({
      begin: Effect.fnUntraced(
        function* ({ payload }) {
          const { headers, remoteAddress } = yield* HttpServerRequest.HttpServerRequest
          if (isCrossSite(headers, publicUrl)) return yield* otherSite
          const address = Option.getOrElse(remoteAddress, () => "")
          const client = clientNetwork(clientOf(address, headers["x-forwarded-for"]))
          const wait = attempts.begin(client, yield* Clock.currentTimeMillis)
          if (wait !== undefined) return yield* tooMany(wait)
          const begun = Option.getOrUndefined(yield* sessions.begin(payload.api_key))
          if (begun === undefined) return yield* unknownKey
          attempts.succeeded(client)
          yield* setCookie(publicUrl, begun.token)
          yield* notStored
          return shown(begun.session)
        },
        Effect.catchTag("SqlError", databaseAway)
      )
    })
  })
)

const current = HttpApiBuilder.group(
  Api,
  "session",
  Effect.fnUntraced(function* (handlers) {
    const sessions = yield* ConsoleSessions
    const { publicUrl } = yield* Settings
    const cookieOf = HttpApiBuilder.securityDecode(sessionCookie)

    return handlers.handleAll({
      get: Effect.fnUntraced(function* () {
        yield* notStored
        return shown(yield* SignedIn)
      }),
      end: Effect.fnUntraced(
        function* () {
          yield* sessions.end(yield* cookieOf)
          yield* setCookie(publicUrl, Redacted.make(""))
        },
        Effect.catchTag("SqlError", databaseAway)
      )
    })
  })
)

export const sessionHandlers = Layer.merge(signIn, current)
