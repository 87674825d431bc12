import { Schema } from "effect"
import { TelephonyConfigRequest, TelephonyConfigResponse } from "../TelephonyConfig.ts"

/** A save request of some provider as JSON. */
export type ConfigDraft = typeof TelephonyConfigRequest.Encoded

/** Some fields of a provider's save request as JSON; null clears a field. */
export type ConfigPatch = ConfigDraft extends infer Draft
  ? Draft extends ConfigDraft
    ? { readonly [Field in keyof Draft]?: Draft[Field] | null }
    : never
  : never

const Values = Schema.Record(Schema.String, Schema.Json)
type Values = typeof Values.Type

/**
 * What clients are told about a configuration's fields, and what they are held to here: they see the providers' own
 * schemas, but any JSON object is let through, because masked values come back in it and only the registry's schema can
 * judge what is left when they are restored.
 */
const documented = (schema: Schema.Constraint, id: string) => ({
  representation: { id, payload: null, schemas: [Schema.toEncoded(schema).ast] },
  toJsonSchema: ({ schemas }: { readonly schemas: ReadonlyArray<object> }) => ({ ...schemas[0] })
})

const isDraft = (values: Values): values is ConfigDraft & Values => typeof values === "object"
const isPatch = (values: Values): values is ConfigPatch & Values => typeof values === "object"
const isMaskedConfig = (values: Values): values is typeof TelephonyConfigResponse.Type & Values =>
  typeof values["provider"] === "string"

/** The `config` of a create or PUT; a PUT may leave `provider` out. Redacted from here on: it may hold secrets. */
export const ConfigRequest = Schema.RedactedFromValue(
  Values.pipe(Schema.refine(isDraft, { ...documented(TelephonyConfigRequest, "config") }))
)

/** The `config` of a PATCH. */
export const ConfigPatchRequest = Schema.RedactedFromValue(
  Values.pipe(Schema.refine(isPatch)).annotate({
    description: "Some fields of the provider's form. Absent ones stay as they are, null clears one."
  })
)

/** The credentials in an answer: sensitive ones masked. */
export const MaskedConfig = Values.pipe(
  Schema.refine(isMaskedConfig, { ...documented(TelephonyConfigResponse, "maskedConfig") })
)
