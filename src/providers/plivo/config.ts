import { type Redacted, Schema } from "effect"
import type { FormField, FormValues } from "../../Form.ts"
import type { ChecklistStep, UiMetadata } from "../../ProviderSpec.ts"

/** The carrier's name in the registry, in stored rows and in every error. */
export const provider = "plivo"

const secret = <S extends Schema.Codec<string, string>>(value: S, label: string) =>
  Schema.RedactedFromValue(value, { label })

const token = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "a token without spaces, as the Plivo console shows it" })
)
const authId = Schema.String.check(
  Schema.isPattern(/^(MA|SA)[A-Z0-9]{18}$/, {
    expected: "an auth id: MA (main account) or SA (subaccount) and 18 capitals or digits"
  })
)
/** Beyond 2^53, so never a number. */
const applicationId = Schema.String.check(
  Schema.isPattern(/^[1-9][0-9]{0,31}$/, { expected: "an application id: digits only, such as 20468599130939380" })
)

/** The saved fields. */
export const fields = {
  auth_id: secret(authId, "auth_id"),
  auth_token: secret(token, "auth_token"),
  main_auth_token: Schema.optionalKey(secret(token, "main_auth_token")),
  application_id: Schema.optionalKey(secret(applicationId, "application_id"))
}

type Stored = Schema.Struct<typeof fields>["Type"]

/** A Plivo account, or a subaccount of one, as the provider uses it. */
export interface PlivoConfig {
  readonly authId: Redacted.Redacted<string>
  readonly authToken: Redacted.Redacted<string>
  /** Webhooks are accepted under any of them: the account's own token, and the main account's. */
  readonly signingTokens: ReadonlyArray<Redacted.Redacted<string>>
  /** The application that takes inbound calls; undefined: one of our own is made. */
  readonly applicationId: Redacted.Redacted<string> | undefined
}

/** Stored values in the shape that the provider works with. Pure. */
export const configLoader = (stored: Stored): PlivoConfig => ({
  authId: stored.auth_id,
  authToken: stored.auth_token,
  signingTokens: [stored.auth_token, ...(stored.main_auth_token === undefined ? [] : [stored.main_auth_token])],
  applicationId: stored.application_id
})

const formFields: ReadonlyArray<FormField> = [
  {
    name: "auth_id",
    label: "Auth ID",
    type: "text",
    required: true,
    sensitive: true,
    section: "Credentials",
    placeholder: "MA…",
    description: "From the front page of the Plivo console. A subaccount (SA…) is a configuration of its own."
  },
  {
    name: "auth_token",
    label: "Auth token",
    type: "password",
    required: true,
    sensitive: true,
    section: "Credentials",
    description: "The token that belongs to this auth id. Plivo signs its webhooks with it."
  },
  {
    name: "main_auth_token",
    label: "Main account's auth token",
    type: "password",
    required: false,
    sensitive: true,
    section: "Credentials",
    description:
      "Only for a subaccount: the main account's token. Webhooks that only the main account signed are then accepted too."
  },
  {
    name: "application_id",
    label: "Application ID",
    type: "text",
    required: false,
    sensitive: true,
    section: "Inbound calls",
    placeholder: "20468599130939380",
    description:
      "The voice application whose answer URL may point here. Leave it empty, and one is made for this configuration."
  }
]

/** What the form of a configuration shows. */
export const uiMetadata: UiMetadata = {
  displayName: "Plivo",
  docsUrl: "https://www.plivo.com/docs/voice/",
  connectivity: "api",
  fields: formFields
}

const present = (stored: FormValues, field: string) => typeof stored[field] === "string" && stored[field] !== ""

/** What is still missing before this account can dial. */
export const setupChecklist = (stored: FormValues): ReadonlyArray<ChecklistStep> => [
  { step: "Enter the auth ID from the Plivo console.", done: present(stored, "auth_id"), field: "auth_id" },
  { step: "Enter the auth token from the Plivo console.", done: present(stored, "auth_token"), field: "auth_token" }
]
