import { type Redacted, Schema } from "effect"
import { knownCountry } from "../../carrier/addresses.ts"
import type { FormField, FormValues } from "../../Form.ts"
import type { ChecklistStep, UiMetadata } from "../../ProviderSpec.ts"

/** The carrier's name in the registry, in stored rows and in every error. */
export const provider = "vobiz"

const secret = <S extends Schema.Codec<string, string>>(value: S, label: string) =>
  Schema.RedactedFromValue(value, { label })

const token = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "a token without spaces, as the Vobiz console shows it" })
)
const authId = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_]{4,64}$/, { expected: "an auth ID, such as MA_XXXXXXXX or SA_XXXXXXXX" })
)
/** Longer than a number holds exactly, so it stays text. */
const applicationId = Schema.String.check(
  Schema.isPattern(/^\d{1,32}$/, { expected: "an application ID: digits only, as the Vobiz console shows it" })
)
const country = Schema.String.check(
  Schema.makeFilter((value) =>
    knownCountry(value) === undefined ? "a country code of two letters, such as IN" : undefined
  )
)

/** The saved fields. */
export const fields = {
  auth_id: secret(authId, "auth_id"),
  auth_token: secret(token, "auth_token"),
  secondary_auth_token: Schema.optionalKey(secret(token, "secondary_auth_token")),
  parent_auth_token: Schema.optionalKey(secret(token, "parent_auth_token")),
  application_id: Schema.optionalKey(applicationId),
  default_country: Schema.optionalKey(country)
}

type Stored = Schema.Struct<typeof fields>["Type"]

/** A Vobiz account as the provider uses it. */
export interface VobizConfig {
  readonly authId: Redacted.Redacted<string>
  readonly authToken: Redacted.Redacted<string>
  /** The account's own tokens, newest first: the keys of the plain signatures. */
  readonly signingTokens: ReadonlyArray<Redacted.Redacted<string>>
  /** The keys of the `MA` signatures: the parent's token, and the account's own, which is the parent's for a main account. */
  readonly parentTokens: ReadonlyArray<Redacted.Redacted<string>>
  readonly applicationId: string | undefined
  /** ISO 3166-1 alpha-2: how national numbers in webhooks are read. */
  readonly defaultCountry: string | undefined
}

/** Stored values in the shape that the provider works with. Pure. */
export const configLoader = (stored: Stored): VobizConfig => {
  const { auth_token, secondary_auth_token, parent_auth_token } = stored
  const signingTokens = [auth_token, ...(secondary_auth_token === undefined ? [] : [secondary_auth_token])]
  return {
    authId: stored.auth_id,
    authToken: auth_token,
    signingTokens,
    parentTokens: [...(parent_auth_token === undefined ? [] : [parent_auth_token]), ...signingTokens],
    applicationId: stored.application_id,
    defaultCountry: stored.default_country === undefined ? undefined : knownCountry(stored.default_country)
  }
}

const formFields: ReadonlyArray<FormField> = [
  {
    name: "auth_id",
    label: "Auth ID",
    type: "text",
    required: true,
    sensitive: true,
    section: "Credentials",
    placeholder: "MA_XXXXXXXX",
    description: "From the Vobiz console. A sub-account (SA_…) is a configuration of its own."
  },
  {
    name: "auth_token",
    label: "Auth token",
    type: "password",
    required: true,
    sensitive: true,
    section: "Credentials",
    description: "The token of this account. Requests are authorized and webhooks are checked with it."
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
    name: "parent_auth_token",
    label: "Main account's auth token",
    type: "password",
    required: false,
    sensitive: true,
    section: "Credentials",
    description: "Only for a sub-account: webhooks that are signed with the main account's token are accepted too."
  },
  {
    name: "application_id",
    label: "Application ID",
    type: "text",
    required: false,
    sensitive: false,
    section: "Numbers",
    placeholder: "20468599130939380",
    description:
      "The Vobiz application whose answer URL is set to Switchboard. Leave it empty: one is made for this configuration."
  },
  {
    name: "default_country",
    label: "Default country",
    type: "text",
    required: false,
    sensitive: false,
    section: "Numbers",
    placeholder: "IN",
    description:
      "The country of your numbers, two letters. Vobiz often writes numbers in their national form, and those need it."
  }
]

/** What the form of a configuration shows. */
export const uiMetadata: UiMetadata = {
  displayName: "Vobiz",
  docsUrl: "https://docs.vobiz.ai",
  connectivity: "api",
  fields: formFields
}

const present = (stored: FormValues, field: string) => typeof stored[field] === "string" && stored[field] !== ""

/** What is still missing before this account can dial. */
export const setupChecklist = (stored: FormValues): ReadonlyArray<ChecklistStep> => [
  { step: "Enter the auth ID from the Vobiz console.", done: present(stored, "auth_id"), field: "auth_id" },
  { step: "Enter the auth token from the Vobiz console.", done: present(stored, "auth_token"), field: "auth_token" }
]
