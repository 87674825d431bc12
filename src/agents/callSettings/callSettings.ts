import { Schema } from "effect"
import type { FormField } from "../../Form.ts"
import { lineFields, LineSettings } from "./line.ts"

/**
 * The settings that agents of every kind have, beside their own: how their calls are handled. A kind spreads them into the
 * `Schema.Struct` of its settings, and `callSettingFields` behind the fields of its form.
 */
export const callSettings = {
  line: Schema.optionalKey(LineSettings)
}

export const callSettingFields: ReadonlyArray<FormField> = [...lineFields]

export const CallSettings = Schema.Struct(callSettings)
export type CallSettings = typeof CallSettings.Type
