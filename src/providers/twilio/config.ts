import { Effect, type Redacted, Schema } from "effect"
import type { FormField, FormValues } from "../../Form.ts"
import type { ChecklistStep, UiMetadata } from "../../ProviderSpec.ts"

/** The carrier's name in the registry, in stored rows and in every error. */
export const provider = "twilio"

const secret = <S extends Schema.Codec<string, string>>(value: S, label: string) =>
  Schema.RedactedFromValue(value, { label })

const token = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "a token without spaces, as the Twilio console shows it" })
)
const accountSid = Schema.String.check(
  Schema.isPattern(/^AC[0-9a-fA-F]{32}$/, { expected: "an account SID: AC and 32 hexadecimal digits" })
)
const hostPart = (example: string) =>
  Schema.String.check(
    Schema.isPattern(/^[a-z0-9]+(-[a-z0-9]+)*$/, { expected: `lower-case letters and digits, such as ${example}` })
  )

/** The saved fields. `region` and `edge` belong together: the host of a regional API needs both. */
export const fields = {
  account_sid: secret(accountSid, "account_sid"),
  auth_token: secret(token, "auth_token"),
  secondary_auth_token: Schema.optionalKey(secret(token, "secondary_auth_token")),
  amd_enabled: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  region: Schema.optionalKey(hostPart("au1")),
  edge: Schema.optionalKey(hostPart("sydney"))
}

type Stored = Schema.Struct<typeof fields>["Type"]

/** A regional API has both in its host name; with one of them alone the requests would go to the wrong place. */
export const check = ({ region, edge }: Stored) =>
  (region === undefined) === (edge === undefined)
    ? undefined
    : { field: region === undefined ? "region" : "edge", expected: "Set both the region and the edge, or neither." }

/** A Twilio account as the provider uses it. */
export interface TwilioConfig {
  readonly accountSid: Redacted.Redacted<string>
  readonly authToken: Redacted.Redacted<string>
  /** Newest first. Webhooks are accepted under any of them, so that a token can be rotated without losing a call. */
  readonly signingTokens: ReadonlyArray<Redacted.Redacted<string>>
  readonly amdEnabled: boolean
  /** Scheme and host of the REST API. */
  readonly apiUrl: string
}

/** Stored values in the shape that the provider works with. Pure. */
export const configLoader = (stored: Stored): TwilioConfig => ({
  accountSid: stored.account_sid,
  authToken: stored.auth_token,
  signingTokens: [
    stored.auth_token,
    ...(stored.secondary_auth_token === undefined ? [] : [stored.secondary_auth_token])
  ],
  amdEnabled: stored.amd_enabled,
  apiUrl:
    stored.region === undefined || stored.edge === undefined
      ? "https://api.twilio.com"
      : `https://api.${stored.edge}.${stored.region}.twilio.com`
})

const formFields: ReadonlyArray<FormField> = [
  {
    name: "account_sid",
    label: "Account SID",
    type: "text",
    required: true,
    sensitive: true,
    section: "Credentials",
    placeholder: "AC…",
    description: "From the front page of the Twilio console. A subaccount is a configuration of its own."
  },
  {
    name: "auth_token",
    label: "Auth token",
    type: "password",
    required: true,
    sensitive: true,
    section: "Credentials",
    description:
      "The primary token of this account. Webhook signatures are made with it, so an API key cannot replace it."
  },
  {
    name: "secondary_auth_token",
    label: "Secondary auth token",
    type: "password",
    required: false,
    sensitive: true,
    section: "Credentials",
    description: "While you rotate the token: the other one. Webhooks signed with either are accepted."
  },
  {
    name: "amd_enabled",
    label: "Detect answering machines",
    type: "boolean",
    required: false,
    sensitive: false,
    default: false,
    section: "Calls",
    description:
      "Reports human, machine or fax during an outbound call, without delaying it. Twilio charges for it per call."
  },
  {
    name: "region",
    label: "Region",
    type: "text",
    required: false,
    sensitive: false,
    section: "Region",
    placeholder: "au1",
    description:
      "Only for an account outside the United States region; set the edge too. Regions have their own auth token."
  },
  {
    name: "edge",
    label: "Edge",
    type: "text",
    required: false,
    sensitive: false,
    section: "Region",
    placeholder: "sydney",
    description: "The edge location that belongs to the region."
  }
]

/** What the form of a configuration shows. */
export const uiMetadata: UiMetadata = {
  displayName: "Twilio",
  docsUrl: "https://www.twilio.com/docs/voice",
  connectivity: "api",
  fields: formFields
}

const present = (stored: FormValues, field: string) => typeof stored[field] === "string" && stored[field] !== ""

/** What is still missing before this account can dial. */
export const setupChecklist = (stored: FormValues): ReadonlyArray<ChecklistStep> => [
  {
    step: "Enter the account SID from the Twilio console.",
    done: present(stored, "account_sid"),
    field: "account_sid"
  },
  { step: "Enter the auth token from the Twilio console.", done: present(stored, "auth_token"), field: "auth_token" },
  {
    step: "Set both the region and the edge, or neither.",
    done: present(stored, "region") === present(stored, "edge"),
    field: present(stored, "region") ? "edge" : "region"
  }
]
