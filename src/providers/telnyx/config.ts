import { type Redacted, Schema } from "effect"
import type { FormField, FormValues } from "../../Form.ts"
import type { ChecklistStep, UiMetadata } from "../../ProviderSpec.ts"

/** The carrier's name in the registry, in stored rows and in every error. */
export const provider = "telnyx"

const secret = <S extends Schema.Codec<string, string>>(value: S, label: string) =>
  Schema.RedactedFromValue(value, { label })

const apiKey = Schema.Trim.check(
  Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "an API key without spaces, as the Telnyx portal shows it" })
)

/** Longer than a JavaScript number can hold exactly, so it stays text. */
const id = Schema.Trim.check(
  Schema.isPattern(/^\d{1,32}$/, { expected: "an id of digits only, as the Telnyx portal shows it" })
)

/** 32 bytes in base64: 43 characters and a padding, of the last one only the upper four bits counting. */
const publicKey = Schema.Trim.check(
  Schema.isPattern(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, {
    expected: "the account's public key: 44 characters of base64 that end with ="
  })
)

/** The saved fields. */
export const fields = {
  api_key: secret(apiKey, "api_key"),
  webhook_public_key: Schema.optionalKey(secret(publicKey, "webhook_public_key")),
  connection_id: Schema.optionalKey(secret(id, "connection_id")),
  outbound_voice_profile_id: Schema.optionalKey(id)
}

type Stored = Schema.Struct<typeof fields>["Type"]

/** A Telnyx account as the provider uses it. */
export interface TelnyxConfig {
  readonly apiKey: Redacted.Redacted<string>
  /** Base64 of the Ed25519 key that webhooks are signed with. Without it none is believed. */
  readonly webhookPublicKey: Redacted.Redacted<string> | undefined
  /** The Voice API application. Undefined: one of our own making, found by its name. */
  readonly connectionId: Redacted.Redacted<string> | undefined
  readonly outboundVoiceProfileId: string | undefined
}

/** Stored values in the shape that the provider works with. Pure. */
export const configLoader = (stored: Stored): TelnyxConfig => ({
  apiKey: stored.api_key,
  webhookPublicKey: stored.webhook_public_key,
  connectionId: stored.connection_id,
  outboundVoiceProfileId: stored.outbound_voice_profile_id
})

const formFields: ReadonlyArray<FormField> = [
  {
    name: "api_key",
    label: "API key",
    type: "password",
    required: true,
    sensitive: true,
    section: "Credentials",
    placeholder: "KEY…",
    description: "A V2 key from Keys & Credentials in the Telnyx portal."
  },
  {
    name: "webhook_public_key",
    label: "Webhook public key",
    type: "text",
    required: false,
    sensitive: true,
    section: "Credentials",
    description:
      "The account's public key from Keys & Credentials, Public Key. Without it every webhook is refused, so calls neither come in nor report how they went."
  },
  {
    name: "connection_id",
    label: "Connection ID",
    type: "text",
    required: false,
    sensitive: true,
    section: "Application",
    placeholder: "1494404757140276705",
    description:
      "The id of a Voice API application. Leave it empty and an application is made when the first number gets an agent."
  },
  {
    name: "outbound_voice_profile_id",
    label: "Outbound voice profile ID",
    type: "text",
    required: false,
    sensitive: false,
    section: "Application",
    description:
      "The profile under which the application places calls. Leave it empty to keep the application's own, or to take the account's only one."
  }
]

/** What the form of a configuration shows. */
export const uiMetadata: UiMetadata = {
  displayName: "Telnyx",
  docsUrl: "https://developers.telnyx.com/docs/voice/programmable-voice",
  connectivity: "api",
  fields: formFields
}

const present = (stored: FormValues, field: string) => typeof stored[field] === "string" && stored[field] !== ""

/** What is still missing before this account can dial. An application may be made later, so its id is none of it. */
export const setupChecklist = (stored: FormValues): ReadonlyArray<ChecklistStep> => [
  {
    step: "Enter an API key from the Telnyx portal.",
    done: present(stored, "api_key"),
    field: "api_key"
  },
  {
    step: "Enter the public key of the account's webhooks from the Telnyx portal: without it no webhook is believed.",
    done: present(stored, "webhook_public_key"),
    field: "webhook_public_key"
  }
]
