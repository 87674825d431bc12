import { Schema } from "effect"
import type { FormField } from "../../Form.ts"

/** Whether the calls of an agent are recorded from their beginning on. */
export const RecordingSettings = Schema.Struct({ enabled: Schema.optionalKey(Schema.Boolean) })
export type RecordingSettings = typeof RecordingSettings.Type

export const recordingFields: ReadonlyArray<FormField> = [
  {
    name: "recording.enabled",
    label: "Record calls",
    type: "boolean",
    required: false,
    sensitive: false,
    section: "Recording",
    description:
      "Keeps both sides of every call as audio, unless the request that placed the call says otherwise. Make sure that the people on the phone know and agree, where the law asks for it.",
    default: false
  }
]
