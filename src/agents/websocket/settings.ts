import { Schema } from "effect"
import type { FormField } from "../../Form.ts"
import { callSettingFields, callSettings } from "../callSettings/callSettings.ts"
import { addressFields, addressSettings, secretUnlessLoopback } from "../socket/address.ts"
import type { AgentAudio } from "./messages.ts"

/** A number, or the same number as a form's list of choices gives it. */
const Rate = Schema.Literals([8000, 16000, 24000, 48000, "8000", "16000", "24000", "48000"])

/** What is stored for an agent of this kind. */
export const WebSocketSettings = Schema.Struct({
  ...addressSettings,
  encoding: Schema.optionalKey(Schema.Literals(["pcm_s16le", "mulaw"])),
  sample_rate: Schema.optionalKey(Rate),
  ...callSettings
}).check(
  secretUnlessLoopback,
  Schema.makeFilter(({ encoding, sample_rate }) =>
    encoding !== "mulaw" || sample_rate === undefined || Number(sample_rate) === 8000
      ? undefined
      : { path: ["sample_rate"], issue: "must be 8000, the only rate of mulaw" }
  )
)
export type WebSocketSettings = typeof WebSocketSettings.Type

/** The audio that is proposed to the agent: 16 kHz linear PCM unless the settings say otherwise. */
export const preferredAudio = (settings: WebSocketSettings): AgentAudio => {
  const encoding = settings.encoding ?? "pcm_s16le"
  const rate = Number(settings.sample_rate ?? (encoding === "mulaw" ? 8000 : 16000))
  return { encoding, sample_rate: rate === 8000 || rate === 24000 || rate === 48000 ? rate : 16000 }
}

/** The form. */
export const fields: ReadonlyArray<FormField> = [
  ...addressFields({
    url: {
      description:
        "Where your agent listens. Switchboard connects to it once per call, and again when a connection is lost.",
      placeholder: "wss://agent.example.com/calls"
    },
    secret: { label: "Secret", purpose: "Sent as a bearer token, so that your agent knows who calls." }
  }),
  {
    name: "encoding",
    label: "Audio encoding",
    type: "select",
    required: false,
    sensitive: false,
    description: "What Switchboard proposes; the agent may choose another when it takes the call.",
    options: [
      { value: "pcm_s16le", label: "Linear PCM, 16 bit, little-endian" },
      { value: "mulaw", label: "G.711 mu-law (8 kHz)" }
    ],
    default: "pcm_s16le"
  },
  {
    name: "sample_rate",
    label: "Sample rate",
    type: "select",
    required: false,
    sensitive: false,
    options: ["8000", "16000", "24000", "48000"].map((value) => ({ value, label: `${value} Hz` })),
    default: "16000",
    visible_when: { field: "encoding", equals: "pcm_s16le" }
  },
  ...callSettingFields
]
