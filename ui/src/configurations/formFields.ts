import { below, type FormField } from "../form/fields.ts"
import type { Provider } from "../parts/providers.ts"

const name: FormField = {
  name: "name",
  label: "Name",
  type: "text",
  required: true,
  sensitive: false,
  max_length: 64,
  description: "What you call this account; no other configuration may have the same name."
}

const isDefault: FormField = {
  name: "is_default_outbound",
  label: "Default for outbound calls",
  type: "boolean",
  required: false,
  sensitive: false,
  description: "Calls that name no configuration are placed with it. The one that was the default before no longer is."
}

/** The form of a configuration that is there already: its name, and the carrier's fields below `config`. */
export const configurationFields = ({ fields }: Provider): ReadonlyArray<FormField> => [
  name,
  ...below("config", fields)
]

/** The form of a new configuration. */
export const newConfigurationFields = ({ fields, phone }: Provider): ReadonlyArray<FormField> => [
  name,
  ...(phone ? [] : [isDefault]),
  ...below("config", fields)
]

/** The fields of the form that hold errors which are about no field of the request. */
export const problemFields = { name_taken: "name" }
