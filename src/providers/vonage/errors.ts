import { Option, Schema } from "effect"
import type { Explanation, RestAnswer } from "../../carrier/RestClient.ts"

/** How a request was authorised: with the account's key and secret, or with the application's private key. */
export type Credentials = "account" | "application"

const refusedCredentials: Readonly<Record<Credentials, string>> = {
  account: "The API key or the API secret is wrong. Copy both from the Vonage dashboard.",
  application:
    "The private key belongs to another application, the application lacks the Voice capability, or this server's clock is wrong. Check the three."
}

const readError = Schema.decodeUnknownOption(
  Schema.Struct({
    type: Schema.optionalKey(Schema.String),
    code: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[\w-]{1,40}$/))),
    invalid_parameters: Schema.optionalKey(Schema.Json)
  })
)

const readNamed = Schema.decodeUnknownOption(Schema.Struct({ name: Schema.String }))

const parameterName = /^[\w.[\]-]{1,40}$/

/** The names of the parameters that Vonage complains about. It has written them in two shapes: a list, and an object. */
const parameters = (invalid: Schema.Json | undefined): string => {
  const names = Array.isArray(invalid)
    ? invalid.flatMap((each) => Option.toArray(Option.map(readNamed(each), ({ name }) => name)))
    : Object.keys(typeof invalid === "object" && invalid !== null ? invalid : {})
  return names.filter((name) => parameterName.test(name)).join(", ")
}

const badRequest = (invalid: Schema.Json | undefined) => {
  const names = parameters(invalid)
  return names === ""
    ? "The request was not understood. Check the numbers of the call and the application's settings."
    : `It does not accept these parts of the request: ${names}. Check them, and the numbers of the call.`
}

/**
 * Vonage's error in our words, for requests that were authorised so. Its own text is not passed on: it quotes ids and
 * numbers.
 */
export const explain =
  (credentials: Credentials) =>
  ({ json, status }: RestAnswer): Explanation => {
    const error = Option.getOrUndefined(readError(json))
    const fragment = /#([\w-]{1,40})$/.exec(error?.type ?? "")?.[1]
    const code = error?.code ?? fragment
    const told = (text: string, kind?: Explanation["kind"]): Explanation => ({
      message: `Vonage answered ${status}: ${text}`,
      ...(kind === undefined ? {} : { kind }),
      ...(code === undefined ? {} : { code })
    })
    switch (status) {
      case 400:
        return told(badRequest(error?.invalid_parameters))
      case 401:
        return told(refusedCredentials[credentials], "credentials")
      case 402:
        return told("The account's balance is too low. Top it up in the Vonage dashboard.", "rejected")
      case 403:
        return told(
          "The account may not do this. A trial account calls verified numbers only; see also the private key and the dashboard.",
          "credentials"
        )
      case 420:
        return told("The country and the number do not belong together. Check the number.", "rejected")
      case 429:
        return told(
          "Too many requests at once; three new calls per second is the usual limit. Send fewer, or ask Vonage for more.",
          "rate-limited"
        )
      default:
        return code === undefined ? {} : { code }
    }
  }
