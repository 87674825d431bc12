import { type Redacted, Schema, SchemaGetter } from "effect"
import type { FormField, FormValues } from "../../Form.ts"
import type { ChecklistStep, UiMetadata } from "../../ProviderSpec.ts"
import { isDomainName, normalizedDomain } from "./domains.ts"

/** The carrier's name in the registry, in stored rows and in every error. */
export const provider = "cloudonix"

const secret = <S extends Schema.Codec<string, string>>(value: S, label: string) =>
  Schema.RedactedFromValue(value, { label })

const key = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "a key without spaces, as the Cloudonix cockpit shows it" })
)

/** The numeric id or the UUID of a domain, which its webhooks do not carry. */
const domainId = /^\s*(?:\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s*$/i

const domain = Schema.String.check(
  Schema.makeFilter((text) => !domainId.test(text), {
    expected: "the domain's name (acme.cloudonix.net), not its number or UUID"
  })
).pipe(
  Schema.decodeTo(
    Schema.String.check(
      Schema.makeFilter(isDomainName, { expected: "a domain name such as acme.cloudonix.net, or its short form acme" })
    ),
    { decode: SchemaGetter.transform(normalizedDomain), encode: SchemaGetter.transform((name: string) => name) }
  )
)

const applicationName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,98}[A-Za-z0-9])?$/, {
    expected: "the name of a voice application: letters, digits, blanks, dots, dashes and underscores"
  })
)
const trunkName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9-]{1,100}$/, { expected: "the name of a trunk: letters, digits and dashes" })
)

/** The saved fields. */
export const fields = {
  bearer_token: secret(key, "bearer_token"),
  domain_id: secret(domain, "domain_id"),
  application_name: Schema.optionalKey(applicationName),
  webhook_api_key: Schema.optionalKey(secret(key, "webhook_api_key")),
  trunk: Schema.optionalKey(trunkName)
}

type Stored = Schema.Struct<typeof fields>["Type"]

/** A Cloudonix domain as the provider uses it. */
export interface CloudonixConfig {
  readonly bearerToken: Redacted.Redacted<string>
  /** The domain's name, normalised. */
  readonly domain: Redacted.Redacted<string>
  /** The voice application that numbers are bound to; undefined: one of our own. */
  readonly applicationName: string | undefined
  /** The key that voice requests have to show. */
  readonly webhookKey: Redacted.Redacted<string>
  /** The trunk that calls leave by; undefined: Cloudonix tries the domain's trunks in their order. */
  readonly trunk: string | undefined
}

/** Stored values in the shape that the provider works with. Pure. */
export const configLoader = (stored: Stored): CloudonixConfig => ({
  bearerToken: stored.bearer_token,
  domain: stored.domain_id,
  applicationName: stored.application_name,
  webhookKey: stored.webhook_api_key ?? stored.bearer_token,
  trunk: stored.trunk
})

const formFields: ReadonlyArray<FormField> = [
  {
    name: "bearer_token",
    label: "API key",
    type: "password",
    required: true,
    sensitive: true,
    section: "Credentials",
    placeholder: "XI…",
    description: "An API key of the domain (or of the customer) from the Cloudonix cockpit."
  },
  {
    name: "domain_id",
    label: "Domain",
    type: "text",
    required: true,
    sensitive: true,
    section: "Credentials",
    placeholder: "acme.cloudonix.net",
    description: "The domain's name. Not its number or UUID: webhooks name the domain, and are matched by it."
  },
  {
    name: "webhook_api_key",
    label: "Key of webhooks",
    type: "password",
    required: false,
    sensitive: true,
    section: "Inbound calls",
    description:
      "The key that Cloudonix shows when it asks what to do with a call (X-CX-APIKey, or the domain's request authorization key). Leave empty if it is the API key above."
  },
  {
    name: "application_name",
    label: "Voice application",
    type: "text",
    required: false,
    sensitive: false,
    section: "Inbound calls",
    description:
      "The application that numbers are bound to. It is created if it is not there, and its URL is set to Switchboard for all its numbers. Leave empty for one of its own."
  },
  {
    name: "trunk",
    label: "Outbound trunk",
    type: "text",
    required: false,
    sensitive: false,
    section: "Outbound calls",
    description:
      "The name of the trunk that calls leave by. Empty: Cloudonix tries all active trunks in their order, which may show a caller id to a carrier that does not know it."
  }
]

/** What the form of a configuration shows. */
export const uiMetadata: UiMetadata = {
  displayName: "Cloudonix",
  docsUrl: "https://developers.cloudonix.com",
  connectivity: "sip",
  fields: formFields
}

const present = (stored: FormValues, field: string) => typeof stored[field] === "string" && stored[field] !== ""

/** What is still missing before this domain can dial. Whether it has a trunk is not stored: `testConnection` looks. */
export const setupChecklist = (stored: FormValues): ReadonlyArray<ChecklistStep> => [
  {
    step: "Enter an API key of the domain from the Cloudonix cockpit.",
    done: present(stored, "bearer_token"),
    field: "bearer_token"
  },
  {
    step: "Enter the name of the domain, such as acme.cloudonix.net.",
    done: present(stored, "domain_id"),
    field: "domain_id"
  }
]
