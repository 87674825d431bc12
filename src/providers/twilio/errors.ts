import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { Explanation, RestAnswer } from "../../carrier/RestClient.ts"
import { Option, Schema } from "effect"

/** What one of Twilio's error numbers means for us, and what a person can do about it (Twilio: Error and Warning Dictionary). */
interface KnownError {
  readonly kind: CarrierError["kind"]
  readonly message: string
}

const known: ReadonlyMap<number, KnownError> = new Map<number, KnownError>([
  [20003, credentials("The account SID or the auth token is wrong. Copy both from the Twilio console.")],
  [20404, missing("Twilio has no such object in this account. Check the account SID.")],
  [
    20429,
    { kind: "rate-limited", message: "Too many requests at once. Send fewer, or ask Twilio for a higher limit." }
  ],
  [10001, credentials("The account is not active. See the Twilio console.")],
  [10003, credentials("The account is not active. See the Twilio console.")],
  [
    10004,
    {
      kind: "rate-limited",
      message: "The account's limit of concurrent calls is reached. End calls, or ask Twilio for a higher limit."
    }
  ],
  [21201, refused("No number to call was given. Send a destination.")],
  [21203, refused("International calling is off for this account. Allow it under Voice geographic permissions.")],
  [
    21205,
    refused("Twilio does not accept our URL. PUBLIC_URL must be a public address without an underscore in its host.")
  ],
  [
    21210,
    refused("The caller id is neither owned by nor verified in this account. Choose another, or verify it at Twilio.")
  ],
  [21211, refused("The number to call is not valid. Write it as + and country code.")],
  [21212, refused("The caller id is not a valid number. Choose one of this account's numbers.")],
  [21213, refused("No caller id was given. Choose one of this account's numbers.")],
  [21214, refused("The number to call cannot be reached by Twilio. Check the number.")],
  [21215, refused("Calls to that country are off. Allow it under Voice geographic permissions at Twilio.")],
  [21216, refused("Twilio blocks calls to that number. Ask Twilio support if you need them.")],
  [21217, refused("The number to call is not a phone number. Check it.")],
  [21218, refused("The TwiML application does not exist. Remove it from the number.")],
  [
    21219,
    refused("A trial account may only call verified numbers. Verify the number at Twilio, or upgrade the account.")
  ],
  [21220, missing("The call is over, or not in a state that allows this. Look at its state first.")],
  [21262, refused("Answering-machine detection has no callback URL. Report this as a fault of Switchboard.")],
  [21263, refused("Twilio does not accept the answering-machine settings. Report this as a fault of Switchboard.")],
  [21626, refused("Twilio does not accept the status events asked for. Report this as a fault of Switchboard.")],
  [32016, refused("The carrier behind Twilio took too long to connect the call. Try again, or check the number.")],
  [32017, refused("The call was blocked for the caller id's reputation. Use another caller id.")],
  [32018, refused("The call's inline TwiML is too long. Report this as a fault of Switchboard.")],
  [32019, refused("A call was given both a URL and inline TwiML. Report this as a fault of Switchboard.")]
])

function credentials(message: string): KnownError {
  return { kind: "credentials", message }
}

function refused(message: string): KnownError {
  return { kind: "rejected", message }
}

function missing(message: string): KnownError {
  return { kind: "not-found", message }
}

const readError = Schema.decodeUnknownOption(
  Schema.Struct({ code: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 999_999 })) })
)

/** Twilio's error body in our words. Its own text is not passed on: it quotes account ids and phone numbers. */
export const explain = ({ json, status }: RestAnswer): Explanation => {
  const code = Option.getOrUndefined(readError(json))?.code
  if (code === undefined) return {}
  const entry = known.get(code)
  if (entry !== undefined) {
    return { kind: entry.kind, code: String(code), message: `Twilio error ${code}: ${entry.message}` }
  }
  return {
    code: String(code),
    message: `Twilio error ${code} (HTTP ${status}). See https://www.twilio.com/docs/errors/${code}.`
  }
}
