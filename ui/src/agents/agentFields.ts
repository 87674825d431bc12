import { below, type FormField } from "../form/fields.ts"
import type { AgentKind, NewAgent } from "./queries.ts"

const nameField: FormField = {
  name: "name",
  label: "Name",
  type: "text",
  required: true,
  sensitive: false,
  max_length: 64,
  description: "What this agent is called in lists and calls."
}

/** The form of an agent: its name, then what its kind asks for. */
export const agentFields = ({ fields }: AgentKind): ReadonlyArray<FormField> => [
  nameField,
  ...below("settings", fields)
]

type Settings = NewAgent["settings"]

// The form's values come from inputs: texts, numbers, booleans, and lists of texts.
const isSettings = (value: unknown): value is Settings => typeof value === "object" && value !== null

/** What the form's values say of an agent. */
export const agentOf = ({ name, settings }: Readonly<Record<string, unknown>>) => ({
  name: typeof name === "string" ? name : "",
  settings: isSettings(settings) ? settings : {}
})
