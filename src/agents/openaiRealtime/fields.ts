import type { FormField } from "../../Form.ts"
import { callSettingFields } from "../callSettings/callSettings.ts"
import { defaultUrl } from "./settings.ts"

/** A field that may be left out and is no secret, unless `more` says otherwise. */
const field = (
  name: string,
  label: string,
  type: FormField["type"],
  more: Partial<Omit<FormField, "name" | "label" | "type">> = {}
): FormField => ({ name, label, type, required: false, sensitive: false, ...more })

const choices = (...options: ReadonlyArray<readonly [value: string, label: string]>) => ({
  options: options.map(([value, label]) => ({ value, label }))
})

const audio = "Audio and turns"
const doing = "What the model may do"

/** The form. */
export const fields: ReadonlyArray<FormField> = [
  field("api_key", "API key", "password", {
    sensitive: true,
    description: "Sent as a bearer token. Needed unless the API runs on this machine."
  }),
  field("model", "Model", "text", { required: true, placeholder: "gpt-realtime-2.1" }),
  field("voice", "Voice", "text", {
    placeholder: "marin",
    description: "The name of a voice of the API, such as marin or cedar. The API chooses one unless given."
  }),
  field("instructions", "Instructions", "textarea", {
    description: "Who the agent is, what it is to do, and how it speaks: sent to the model as they are."
  }),
  field("greeting", "Greeting", "textarea", {
    placeholder: "Greet the caller as the receptionist of Hotel Anna and ask how you can help.",
    description: "What the model is to do first. Without it, the agent waits for the caller to speak."
  }),
  field("url", "WebSocket URL", "text", {
    default: defaultUrl,
    description: "Another server of the same API. The model is added to it as ?model=."
  }),
  field("turn_detection", "End of the caller's turn", "select", {
    section: audio,
    default: "server_vad",
    ...choices(["server_vad", "By silence (server_vad)"], ["semantic_vad", "By what was said (semantic_vad)"])
  }),
  field("silence_ms", "Silence that ends a turn", "number", {
    section: audio,
    description: "ms, 100 to 5000. The API takes 500 unless given.",
    visible_when: { field: "turn_detection", equals: "server_vad" }
  }),
  field("eagerness", "Eagerness to answer", "select", {
    section: audio,
    default: "auto",
    ...choices(["auto", "Automatic"], ["low", "Low"], ["medium", "Medium"], ["high", "High"]),
    visible_when: { field: "turn_detection", equals: "semantic_vad" }
  }),
  field("noise_reduction", "Noise reduction", "select", {
    section: audio,
    default: "off",
    ...choices(
      ["off", "Off"],
      ["near_field", "For a handset or headset (near_field)"],
      ["far_field", "For a speakerphone (far_field)"]
    )
  }),
  field("speed", "Speed of speech", "number", {
    section: audio,
    default: 1,
    description: "0.25 to 1.5; 1 is as the voice is."
  }),
  field("max_output_tokens", "Longest response", "number", {
    section: audio,
    description: "Tokens of one response, tool calls included: 1 to 4096. The model's own limit unless given."
  }),
  field("reasoning_effort", "Reasoning effort", "select", {
    section: audio,
    description: "Only for models that reason. More of it makes the answers later.",
    ...choices(["minimal", "Minimal"], ["low", "Low"], ["medium", "Medium"], ["high", "High"], ["xhigh", "Highest"])
  }),
  field("transcription_model", "Transcription model", "text", {
    section: audio,
    placeholder: "gpt-transcribe",
    description: "Writes down what the caller says, for the call's log. Without it, only the agent's words are there."
  }),
  field("transcription_language", "Caller's language", "text", {
    section: audio,
    placeholder: "en",
    description: "Two letters (ISO 639-1) that help the transcription."
  }),
  field("hear_digits", "Tell the model which keys the caller presses", "boolean", { section: doing, default: true }),
  field("allow_end_call", "It may end the call", "boolean", { section: doing, default: true }),
  field("allow_transfer", "It may transfer the caller", "boolean", {
    section: doing,
    default: false,
    description: "To any destination that the organization's policy allows."
  }),
  field("allow_digits", "It may press keys", "boolean", { section: doing, default: false }),
  field("tools", "Your own tools", "textarea", {
    section: doing,
    placeholder:
      '[{"name": "find_booking", "description": "Finds a booking by its number.", "parameters": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}, "url": "https://example.com/tools/find-booking"}]',
    description: "JSON: a list of functions with the URL that Switchboard posts their calls to."
  }),
  field("tools_secret", "Secret of your tools", "password", {
    sensitive: true,
    section: doing,
    description: "Signs what is posted to your tools, so that they know who calls; at least 16 characters."
  }),
  ...callSettingFields
]
