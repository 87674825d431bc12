import { Clock, Effect, Redacted } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import { equalText } from "../../carrier/constantTime.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { SignatureRejected, VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { type CloudonixConfig, provider } from "./config.ts"
import { entriesOf, type Fields, isOutbound, kindOf, sessionToken } from "./fields.ts"
import { isOver, type Session } from "./session.ts"
import { domainOf } from "./webhooks.ts"

/** Which key a request shows: the one that is expected, another one, or none at all. */
type ShownKey = "match" | "other" | "none"

/**
 * The keys that a request shows: `X-CX-APIKey`, and the bearer of `Authorization` (Cloudonix: Authorization and
 * Authentication). Static: they prove who sends, not what is sent.
 */
const shownKeys = ({ headers }: RawRequest): ReadonlyArray<string> => {
  const bearer = /^bearer\s+(.*)$/i.exec(headers["authorization"] ?? "")?.[1]
  return [headers["x-cx-apikey"], bearer].flatMap((key) => (key === undefined ? [] : [key.trim()]))
}

const shownKey = (expected: Redacted.Redacted<string>, request: RawRequest): ShownKey => {
  const keys = shownKeys(request)
  if (keys.length === 0) return "none"
  return keys.map((key) => equalText(key, Redacted.value(expected))).includes(true) ? "match" : "other"
}

/** Asks for a session; undefined where the domain has none of that token. */
export type LookUp = (token: string) => Effect.Effect<Session | undefined, CarrierError>

/**
 * Checks a webhook. Cloudonix signs nothing, so a request counts only
 * - on a URL with a token of ours; without one, as on the URL that all carriers share, only if it shows the right key
 * - if the key that it shows is the right one; a voice request must show one, other callbacks may come without
 * - if it names no other domain than ours
 * - and if it announces a call, once the REST API has confirmed that this session is there and not over
 */
export const makeVerify = (config: CloudonixConfig, lookUp: LookUp) => {
  const confirm = makeConfirmation(lookUp)
  const domain = Redacted.value(config.domain)
  return VerifiedRequest.verifier(
    Effect.fnUntraced(function* (request: RawRequest) {
      const entries = entriesOf(request)
      const isVoice = entries.some((fields) => kindOf(fields) === "voice")
      const key = shownKey(config.webhookKey, request)
      if (key === "other")
        return yield* rejected(
          "It shows another key than the one that is configured for webhooks, or else the API key."
        )
      if (key === "none" && isVoice) return yield* rejected("A voice request must show a key, and this one shows none.")
      if (key === "none" && request.urlToken === undefined)
        return yield* rejected("Neither a token in the URL nor a key proves the sender.")
      if (entries.some((fields) => (domainOf(fields) ?? domain) !== domain))
        return yield* rejected("It is of another domain.")
      const [first] = entries
      if (first !== undefined && isVoice) {
        if (entries.length > 1) return yield* rejected("It announces more than one call.")
        if (announces(first, request)) yield* confirm(sessionToken(first))
      }
      return request
    })
  )
}

/** Whether the call of a voice request is new to us: not one that we placed, nor one on a URL of its own. */
const announces = (fields: Fields, { urlToken }: RawRequest) =>
  urlToken !== "call" && urlToken !== "transfer" && !isOutbound(fields)

/** How long a confirmed session is believed without asking again, ms: a request may be delivered twice. */
const confirmedMs = 30_000
const mostConfirmed = 1_000

/** Cloudonix does not say how long it waits for CXML; this leaves time for an answer within 5 s. */
const confirmationTimeout = "4 seconds"

/**
 * Confirms that a session exists and is not over, with one request per inbound call. Where the API does not tell in time, is
 * over its limit, or fails, the call is not believed: it costs a caller, but a forged call would cost an agent.
 */
const makeConfirmation = (lookUp: LookUp) => {
  const confirmed = new Map<string, number>()

  const remember = (token: string, now: number) => {
    for (const [known, until] of confirmed) {
      if (until > now && confirmed.size < mostConfirmed) break
      confirmed.delete(known)
    }
    confirmed.set(token, now + confirmedMs)
  }

  return Effect.fnUntraced(function* (token: string | undefined) {
    if (token === undefined) return yield* rejected("The voice request names no session.")
    const now = yield* Clock.currentTimeMillis
    if ((confirmed.get(token) ?? 0) > now) return
    const session = yield* lookUp(token).pipe(
      Effect.catchTag("CarrierError", ({ message }) => rejected(`The session could not be confirmed: ${message}`)),
      Effect.timeoutOrElse({
        duration: confirmationTimeout,
        orElse: () => rejected("The session could not be confirmed: Cloudonix's API did not answer in 4 s.")
      })
    )
    if (session === undefined) return yield* rejected("The domain has no such session.")
    if (isOver(session)) return yield* rejected("The session is over.")
    remember(token, now)
  })
}

const rejected = (reason: string) => Effect.fail(new SignatureRejected({ provider, reason }))
