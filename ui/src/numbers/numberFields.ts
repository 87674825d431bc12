import type { FormField } from "../form/fields.ts"

interface Choice {
  readonly value: string
  readonly label: string
}

const plain = { required: false, sensitive: false } as const

/** Of a new number only: what cannot change later. */
export const addressFields = (
  countries: ReadonlyArray<Choice>,
  defaultCountry: string | undefined
): ReadonlyArray<FormField> => [
  {
    ...plain,
    name: "address",
    label: "Number",
    type: "text",
    required: true,
    max_length: 255,
    placeholder: "+44 20 7946 0958",
    description: "A phone number in any notation, a SIP URI, or an extension of your PBX. It cannot be changed later."
  },
  {
    ...plain,
    name: "address_type",
    label: "Kind",
    type: "select",
    placeholder: "Phone number or SIP URI",
    options: [
      { value: "pstn", label: "Phone number" },
      { value: "sip_uri", label: "SIP URI" },
      { value: "sip_extension", label: "Extension of a PBX" }
    ]
  },
  {
    ...plain,
    name: "country_code",
    label: "Country",
    type: "select",
    options: countries,
    placeholder: defaultCountry === undefined ? "None" : `The organization's: ${defaultCountry}`,
    description: "Only for a number without + and country code: in which country it is read."
  }
]

/** What can be changed of a number. */
export const settingFields = (agents: ReadonlyArray<Choice>): ReadonlyArray<FormField> => [
  {
    ...plain,
    name: "agent_id",
    label: "Agent",
    type: "select",
    options: agents,
    placeholder: "None: calls are refused",
    description: "Who answers calls to this number."
  },
  {
    ...plain,
    name: "label",
    label: "Label",
    type: "text",
    max_length: 64,
    placeholder: "Support line",
    description: "Only for people; up to 64 characters."
  },
  {
    ...plain,
    name: "is_active",
    label: "Active",
    type: "boolean",
    default: true,
    description: "An inactive number neither takes calls nor is shown to those who are called."
  },
  {
    ...plain,
    name: "is_default_caller_id",
    label: "Default caller id",
    type: "boolean",
    default: false,
    visible_when: { field: "is_active", equals: true },
    description: "Outbound calls of this configuration show it, unless they say otherwise."
  }
]

/** Which configuration a new number belongs to, where the page does not say. */
export const configurationField = (configurations: ReadonlyArray<Choice>): FormField => ({
  ...plain,
  name: "configuration",
  label: "Configuration",
  type: "select",
  required: true,
  options: configurations,
  description: "The carrier account that holds the number."
})

/** The fields of the form that hold errors which are about no field of the request. */
export const problemFields = { number_taken: "address" }
