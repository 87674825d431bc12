import { type Redacted, Schema, SchemaTransformation } from "effect"
import type { FormField, FormValues } from "../../Form.ts"
import type { ChecklistStep, UiMetadata } from "../../ProviderSpec.ts"
import { isSigningKey, normalizedKey } from "./privateKey.ts"
import { type Region, regions, voiceUrl } from "./regions.ts"

/** The carrier's name in the registry, in stored rows and in every error. */
export const provider = "vonage"

const secret = <S extends Schema.Codec<string, string>>(value: S, label: string) =>
  Schema.RedactedFromValue(value, { label })

const token = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "a value without spaces, as the Vonage dashboard shows it" })
)
const applicationId = Schema.String.check(
  Schema.isPattern(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, {
    expected: "an application id: 32 hexadecimal digits with dashes between them"
  })
)
const privateKey = Schema.String.pipe(
  Schema.decode(SchemaTransformation.transform({ decode: normalizedKey, encode: (pem) => pem }))
).check(
  Schema.makeFilter((pem) =>
    isSigningKey(pem)
      ? undefined
      : "Expected the application's private key: unencrypted RSA of at least 2048 bits, from -----BEGIN to -----END"
  )
)

/** The saved fields. */
export const fields = {
  api_key: secret(token, "api_key"),
  api_secret: secret(token, "api_secret"),
  application_id: secret(applicationId, "application_id"),
  private_key: secret(privateKey, "private_key"),
  signature_secret: Schema.optionalKey(secret(token, "signature_secret")),
  region: Schema.optionalKey(Schema.Literals(regions))
}

type Stored = Schema.Struct<typeof fields>["Type"]

/** A Vonage application as the provider uses it. */
export interface VonageConfig {
  readonly apiKey: Redacted.Redacted<string>
  readonly apiSecret: Redacted.Redacted<string>
  readonly applicationId: Redacted.Redacted<string>
  /** PEM, as `normalizedKey` leaves it. */
  readonly privateKey: Redacted.Redacted<string>
  /** Without it no webhook can be believed, so none is. */
  readonly signatureSecret: Redacted.Redacted<string> | undefined
  readonly region: Region | undefined
  /** Scheme and host of the Voice API for calls whose region is not known. */
  readonly voiceUrl: string
}

/** Stored values in the shape that the provider works with. Pure. */
export const configLoader = (stored: Stored): VonageConfig => ({
  apiKey: stored.api_key,
  apiSecret: stored.api_secret,
  applicationId: stored.application_id,
  privateKey: stored.private_key,
  signatureSecret: stored.signature_secret,
  region: stored.region,
  voiceUrl: voiceUrl(stored.region)
})

const formFields: ReadonlyArray<FormField> = [
  {
    name: "api_key",
    label: "API key",
    type: "text",
    required: true,
    sensitive: true,
    section: "Account",
    description: "From the front page of the Vonage dashboard."
  },
  {
    name: "api_secret",
    label: "API secret",
    type: "password",
    required: true,
    sensitive: true,
    section: "Account",
    description: "Beside the API key. It sets up numbers and the application; calls are placed with the private key."
  },
  {
    name: "signature_secret",
    label: "Signature secret",
    type: "password",
    required: false,
    sensitive: true,
    section: "Account",
    description:
      "Under Settings in the dashboard; not the API secret. Webhooks are checked with it: without it no call can be answered."
  },
  {
    name: "application_id",
    label: "Application id",
    type: "text",
    required: true,
    sensitive: true,
    section: "Application",
    placeholder: "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
    description: "An application with the Voice capability. Let Switchboard have one of its own."
  },
  {
    name: "private_key",
    label: "Private key",
    type: "textarea",
    required: true,
    sensitive: true,
    section: "Application",
    placeholder: "-----BEGIN PRIVATE KEY-----",
    description: "The whole file private.key that the dashboard gave when the application's keys were generated."
  },
  {
    name: "region",
    label: "Region",
    type: "select",
    required: false,
    sensitive: false,
    section: "Application",
    options: regions.map((region) => ({ value: region, label: region })),
    description: "Where calls are placed. Leave it empty unless the application is bound to a region."
  }
]

/** What the form of a configuration shows. */
export const uiMetadata: UiMetadata = {
  displayName: "Vonage",
  docsUrl: "https://developer.vonage.com/en/voice/voice-api/overview",
  connectivity: "api",
  fields: formFields
}

const steps = [
  ["api_key", "Enter the API key from the Vonage dashboard."],
  ["api_secret", "Enter the API secret from the Vonage dashboard."],
  ["application_id", "Enter the id of a Vonage application with the Voice capability."],
  ["private_key", "Enter the application's private key."],
  ["signature_secret", "Enter the signature secret from the dashboard's settings: without it no call can be answered."]
] as const

/** What is still missing before this account can dial. */
export const setupChecklist = (stored: FormValues): ReadonlyArray<ChecklistStep> =>
  steps.map(([field, step]) => ({ step, field, done: typeof stored[field] === "string" && stored[field] !== "" }))
