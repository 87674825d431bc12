import { Schema } from "effect"
import type { FormField } from "../../Form.ts"
import { isLoopbackHost } from "../../network/addresses.ts"

/** The shortest secret that is taken, characters. */
const minSecretLength = 16

/** Where an agent listens: a `ws` or `wss` URL without credentials and without a fragment. */
const AgentUrl = Schema.String.check(
  Schema.isMaxLength(2048),
  Schema.makeFilter((value) => {
    const url = URL.parse(value)
    if (url === null || (url.protocol !== "ws:" && url.protocol !== "wss:")) {
      return "must be a WebSocket address that begins with wss:// (or ws://)"
    }
    if (url.username !== "" || url.password !== "") return "must not hold a user name or password: use the secret"
    return url.hash === "" ? undefined : "must not have a # part"
  })
)

const AgentSecret = Schema.RedactedFromValue(
  Schema.String.check(
    Schema.isMinLength(minSecretLength),
    Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "printable ASCII characters without spaces" })
  )
)

/** The settings of an agent that is a WebSocket server. Spread into a kind's own, with `secretUnlessLoopback` behind them. */
export const addressSettings = {
  url: AgentUrl,
  secret: Schema.optionalKey(AgentSecret)
}

/** Only an agent on this machine may do without a secret. */
export const secretUnlessLoopback = Schema.makeFilter(
  ({ secret, url }: { readonly url: string; readonly secret?: unknown }) =>
    secret !== undefined || isLoopbackHost(URL.parse(url)?.hostname ?? "")
      ? undefined
      : { path: ["secret"], issue: "is required unless the agent runs on this machine" }
)

/** The form's fields of `addressSettings`, in a kind's own words. `purpose` says what the secret does. */
export const addressFields = (words: {
  readonly url: Required<Pick<FormField, "description" | "placeholder">>
  readonly secret: { readonly label: string; readonly purpose: string }
}): ReadonlyArray<FormField> => [
  { name: "url", label: "WebSocket URL", type: "text", required: true, sensitive: false, ...words.url },
  {
    name: "secret",
    label: words.secret.label,
    type: "password",
    required: false,
    sensitive: true,
    description: `${words.secret.purpose} At least ${minSecretLength} characters. Needed unless the agent runs on this machine.`
  }
]
