import { randomUUID } from "node:crypto"
import { Clock, Effect, Option, Redacted, Ref } from "effect"
import { SignJWT } from "jose"
import { CarrierError } from "../../carrier/CarrierError.ts"
import { provider, type VonageConfig } from "./config.ts"
import { signingKey } from "./privateKey.ts"

/** How long a token is good, s. Vonage takes up to 24 h, and 15 minutes where nothing is said. */
const lifeSeconds = 900

/** How long a token is used, ms. */
const reusedMs = 240_000

const unusable = new CarrierError({
  provider,
  kind: "credentials",
  message: "The private key cannot sign requests. Paste the application's private key again."
})

/**
 * The `Authorization` of the Voice API: a JWT signed with RS256 (Vonage: Authentication, JSON Web Tokens). One token serves
 * several minutes of requests.
 */
export const makeAuthorization = Effect.fnUntraced(function* (config: VonageConfig) {
  const key = signingKey(config.privateKey)
  const current = yield* Ref.make<{ readonly value: Redacted.Redacted<string>; readonly until: number } | undefined>(
    undefined
  )

  const signed = (seconds: number) =>
    Option.match(key, {
      onNone: () => Effect.fail(unusable),
      onSome: (privateKey) =>
        Effect.tryPromise({
          try: () =>
            new SignJWT({ application_id: Redacted.value(config.applicationId) })
              .setProtectedHeader({ alg: "RS256", typ: "JWT" })
              .setIssuedAt(seconds)
              .setExpirationTime(seconds + lifeSeconds)
              .setJti(randomUUID())
              .sign(privateKey),
          catch: () => unusable
        })
    })

  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const known = yield* Ref.get(current)
    if (known !== undefined && now < known.until && now >= known.until - reusedMs) return known.value
    const value = Redacted.make(`Bearer ${yield* signed(Math.floor(now / 1000))}`)
    yield* Ref.set(current, { value, until: now + reusedMs })
    return value
  })
})
