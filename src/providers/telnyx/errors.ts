import { Option, Schema } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { Explanation, RestAnswer } from "../../carrier/RestClient.ts"

/** What one of Telnyx's error codes means for us, and what a person can do about it (Telnyx: API error codes). */
interface KnownError {
  readonly kind: CarrierError["kind"]
  readonly message: string
}

const credentials = (message: string): KnownError => ({ kind: "credentials", message })
const refused = (message: string): KnownError => ({ kind: "rejected", message })
const over = (message: string): KnownError => ({ kind: "not-found", message })
const full = (message: string): KnownError => ({ kind: "rate-limited", message })

const badKey = credentials("The API key is wrong, expired or deleted. Make a new one in the Telnyx portal.")
const noPermission = credentials("The key may not do this, or the account must be verified. See the Telnyx portal.")
const streamState = refused("The call's audio stream is in a state that does not allow this.")
const accountLevel = refused("The account's level does not allow this. Verify or upgrade the account at Telnyx.")
const callerId = refused("The caller id is neither owned by nor verified in this account. Choose another number.")

const known: ReadonlyMap<string, KnownError> = new Map<string, KnownError>([
  ["10009", badKey],
  ["20001", badKey],
  ["20002", badKey],
  ["20003", badKey],
  ["20008", badKey],
  ["10010", noPermission],
  ["20013", noPermission],
  ["20014", noPermission],
  ["20016", noPermission],
  ["20017", noPermission],
  ["10011", full("Too many requests at once. Send fewer, or ask Telnyx for a higher limit.")],
  ["10015", refused("Telnyx does not accept a parameter. Write phone numbers as + and country code.")],
  ["10016", refused("A phone number is not valid. Write it as + and country code.")],
  ["10038", accountLevel],
  ["10039", accountLevel],
  ["20012", credentials("The account is not active. See the Telnyx portal.")],
  ["20100", credentials("The account is out of funds. Add some in the Telnyx portal.")],
  ["85004", refused("The connection ID is no Voice API application of this account. Correct it, or leave it empty.")],
  ["90015", over("Telnyx does not know the call (any more), or it is of another account.")],
  ["90017", refused("Telnyx does not accept the client state. Report this as a fault of Switchboard.")],
  ["90018", over("The call is over already.")],
  ["90034", refused("The call has not been answered yet. Try again once it is.")],
  ["90041", full("The account's limit of concurrent calls is reached. End calls, or ask Telnyx for a higher limit.")],
  ["90042", full("The outbound voice profile's limit of concurrent calls is reached. Raise it in the Telnyx portal.")],
  ["90043", full("The application's limit of concurrent calls is reached. Raise it in the Telnyx portal.")],
  ["90044", refused("The call is in the conference already.")],
  ["90045", streamState],
  ["90046", streamState],
  ["90048", streamState],
  ["90102", refused("An outbound call cannot be answered by us. Report this as a fault of Switchboard.")],
  ["D1", full("The account's limit of concurrent calls is reached. Verify the account at Telnyx for a higher one.")],
  ["D7", refused("The application has no outbound voice profile. Set the outbound voice profile ID.")],
  ["D38", refused("The outbound voice profile does not allow this destination. Allow it in the Telnyx portal.")],
  ["D35", callerId],
  ["D36", callerId],
  ["D51", callerId],
  ["D60", accountLevel],
  ["D61", accountLevel]
])

const readErrors = Schema.decodeUnknownOption(
  Schema.Struct({
    errors: Schema.Array(Schema.Struct({ code: Schema.Union([Schema.String, Schema.Int]) }))
  })
)

/** The codes of an error body, those that have the form of one. They are strings, but a number is read as well. */
const codesOf = (json: RestAnswer["json"]): ReadonlyArray<string> =>
  (Option.getOrUndefined(readErrors(json))?.errors ?? [])
    .map(({ code }) => String(code))
    .filter((code) => /^[A-Z]?\d{1,6}$/.test(code))

/** Telnyx's error body in our words. Its own text is not passed on: it quotes ids and phone numbers. */
export const explain = ({ json, status }: RestAnswer): Explanation => {
  const codes = codesOf(json)
  const code = codes.find((each) => known.has(each)) ?? codes[0]
  if (code === undefined) return {}
  const entry = known.get(code)
  if (entry !== undefined) return { kind: entry.kind, code, message: `Telnyx error ${code}: ${entry.message}` }
  return {
    code,
    message: `Telnyx error ${code} (HTTP ${status}). See https://developers.telnyx.com/docs/overview/errors/${code}.`
  }
}
