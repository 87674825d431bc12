import { Schema } from "effect"
import type { FormField } from "../../Form.ts"
import { answeringMachineFields, AnsweringMachineSetting } from "./answeringMachine.ts"
import { lineFields, LineSettings } from "./line.ts"
import { recordingFields, RecordingSettings } from "./recording.ts"

/**
 * The settings that agents of every kind have, beside their own: how their calls are handled. A kind spreads them into the
 * `Schema.Struct` of its settings, and `callSettingFields` behind the fields of its form.
 */
export const callSettings = {
  line: Schema.optionalKey(LineSettings),
  recording: Schema.optionalKey(RecordingSettings),
  answering_machine: Schema.optionalKey(AnsweringMachineSetting)
}

export const callSettingFields: ReadonlyArray<FormField> = [
  ...lineFields,
  ...recordingFields,
  ...answeringMachineFields
]

export const CallSettings = Schema.Struct(callSettings)
export type CallSettings = typeof CallSettings.Type
