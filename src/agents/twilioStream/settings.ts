import { Schema } from "effect"
import type { FormField } from "../../Form.ts"
import { callSettingFields, callSettings } from "../callSettings/callSettings.ts"
import { addressFields, addressSettings, secretUnlessLoopback } from "../socket/address.ts"
import { isCallFact, maxParameterLength, readParameter } from "./parameters.ts"

/** Parameters of an agent's own. */
const maxParameters = 50

const Parameter = Schema.String.check(
  Schema.makeFilter((tag) => {
    const [name] = readParameter(tag) ?? []
    if (name === undefined) return "must be written as name=value"
    if (isCallFact(name)) return `must have another name: ${name} is filled in from the call`
    return tag.length - 1 <= maxParameterLength
      ? undefined
      : `must have no more than ${maxParameterLength} characters, name and value together`
  })
)

const Parameters = Schema.Array(Parameter).check(
  Schema.isMaxLength(maxParameters),
  Schema.makeFilter((tags) => {
    const names = tags.map((tag) => readParameter(tag)?.[0])
    return new Set(names).size === names.length ? undefined : "must not have the same name twice"
  })
)

/** What is stored for an agent of this kind. */
export const TwilioStreamSettings = Schema.Struct({
  ...addressSettings,
  parameters: Schema.optionalKey(Parameters),
  ...callSettings
}).check(secretUnlessLoopback)
export type TwilioStreamSettings = typeof TwilioStreamSettings.Type

/** The form. */
export const fields: ReadonlyArray<FormField> = [
  ...addressFields({
    url: {
      description: "Where your bot takes Twilio's media streams. Switchboard connects to it once per call.",
      placeholder: "wss://bot.example.com/media-stream"
    },
    secret: {
      label: "Auth token",
      purpose: "Signs the connection as Twilio's auth token does: your bot checks X-Twilio-Signature with it."
    }
  }),
  {
    name: "parameters",
    label: "Custom parameters",
    type: "string-array",
    required: false,
    sensitive: false,
    description: `Written as name=value, up to ${maxParameterLength} characters each. Your bot finds them in start.customParameters, beside facts of the call.`,
    placeholder: "language=en"
  },
  ...callSettingFields
]
