import { Option, Schema } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { Explanation, RestAnswer } from "../../carrier/RestClient.ts"

interface Known {
  readonly kind: CarrierError["kind"]
  readonly message: string
}

const wrongCredentials: Known = {
  kind: "credentials",
  message: "Vobiz rejected the auth ID or the auth token. Copy both from the Vobiz console."
}
const inactive: Known = { kind: "credentials", message: "The Vobiz account is not active. See the Vobiz console." }
const noBalance: Known = { kind: "rejected", message: "The balance of the Vobiz account is too low. Top it up." }
const tooMany: Known = {
  kind: "rate-limited",
  message:
    "The account's limit of concurrent calls or of calls per second is reached. Try again, or ask Vobiz for more."
}

/** By the code in Vobiz's error body (Vobiz: Errors). */
const byCode: ReadonlyMap<string, Known> = new Map<string, Known>([
  ["INVALID_CREDENTIALS", wrongCredentials],
  [
    "TOKEN_EXPIRED",
    { kind: "credentials", message: "The auth token has expired. Copy the new one from the Vobiz console." }
  ],
  ["ACCOUNT_INACTIVE", inactive],
  ["INSUFFICIENT_BALANCE", noBalance],
  ["PAYMENT_FAILED", noBalance],
  [
    "VALIDATION_ERROR",
    { kind: "rejected", message: "Vobiz does not accept a value of the request. Check the numbers." }
  ],
  ["RATE_LIMIT_EXCEEDED", tooMany],
  [
    "did_cool_off_in_effect",
    { kind: "rejected", message: "The number was moved between accounts and is in its cool-off time. Try again later." }
  ]
])

/** By the HTTP status, for bodies without a code. */
const byStatus: ReadonlyMap<number, Known> = new Map<number, Known>([
  [401, wrongCredentials],
  [402, noBalance],
  [403, inactive],
  [
    409,
    { kind: "rejected", message: "Vobiz refuses it as things stand: it is in use elsewhere. See the Vobiz console." }
  ],
  [429, tooMany]
])

const readCode = Schema.decodeUnknownOption(
  Schema.Struct({ error: Schema.Struct({ code: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_]{1,64}$/)) }) })
)

const codeOf = ({ json, text }: RestAnswer): string | undefined =>
  text.includes("did_cool_off_in_effect")
    ? "did_cool_off_in_effect"
    : Option.getOrUndefined(Option.map(readCode(json), ({ error }) => error.code))

/** Vobiz's error in our words. Its own text comes in several shapes and may quote numbers: it is not passed on. */
export const explain = (answer: RestAnswer): Explanation => {
  const code = codeOf(answer)
  const known = (code === undefined ? undefined : byCode.get(code)) ?? byStatus.get(answer.status)
  return { ...known, ...(code === undefined ? {} : { code }) }
}
