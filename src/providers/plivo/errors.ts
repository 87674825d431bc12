import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { Explanation, RestAnswer } from "../../carrier/RestClient.ts"
import { Option, Schema } from "effect"

/** What an HTTP status of Plivo's API means for us, and what a person can do about it. */
interface KnownStatus {
  readonly kind: CarrierError["kind"]
  readonly message: string
}

const refused = (message: string): KnownStatus => ({ kind: "rejected", message })

const known: ReadonlyMap<number, KnownStatus> = new Map<number, KnownStatus>([
  [
    400,
    refused("Plivo does not accept the request as it is. Check the numbers, and that PUBLIC_URL is a public address.")
  ],
  [401, { kind: "credentials", message: "The auth ID or the auth token is wrong. Copy both from the Plivo console." }],
  [402, refused("The account has too little credit. Top it up in the Plivo console.")],
  // Not the credentials: the same status tells of a barred country and of the limit of concurrent calls.
  [
    403,
    refused(
      "Plivo forbids it: the destination's country is not enabled, or a limit of the account is reached. See Voice settings in the Plivo console."
    )
  ],
  [
    404,
    { kind: "not-found", message: "It does not exist in this Plivo account, or is over already. Check the auth ID." }
  ],
  [405, refused("Plivo does not know this request. Check the carrier URL setting.")],
  [409, refused("It collides with something that is there already. Look at the account in the Plivo console.")],
  [422, refused("Plivo cannot process the request. Check the numbers and the account's permissions.")],
  [429, { kind: "rate-limited", message: "Too many requests at once. Send fewer, or ask Plivo for a higher limit." }]
])

const barred = refused(
  "Calls to that destination are barred. Enable it under Voice, Geo permissions, in the Plivo console."
)

const readError = Schema.decodeUnknownOption(Schema.Struct({ error: Schema.Json }))

/** Plivo's error text, where there is one. Only looked at, never passed on: it may quote numbers. */
const errorText = ({ json }: RestAnswer): string =>
  Option.match(readError(json), {
    onNone: () => "",
    onSome: ({ error }) => (typeof error === "string" ? error : JSON.stringify(error))
  })

/** An answer of Plivo's API that is no success, in our words. */
export const explain = (answer: RestAnswer): Explanation => {
  const { status } = answer
  const entry = status >= 400 && status < 500 && /\bbarred\b/i.test(errorText(answer)) ? barred : known.get(status)
  return entry === undefined ? {} : { kind: entry.kind, message: `Plivo answered ${status}: ${entry.message}` }
}
