import { Schema } from "effect"
import type { FormField } from "../../Form.ts"

/** s that a lost agent is called again, unless the settings say otherwise. */
export const defaultRedialSeconds = 10

const text = (maximum: number) => Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maximum))

/** When an agent is connected, and what the caller hears and what becomes of the call while an agent cannot be reached. */
export const LineSettings = Schema.Struct({
  connect_early: Schema.optionalKey(Schema.Boolean),
  redial_s: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))),
  hold_audio: Schema.optionalKey(text(64)),
  fallback: Schema.optionalKey(Schema.Literals(["hang_up", "announce", "transfer"])),
  fallback_audio: Schema.optionalKey(text(64)),
  fallback_destination: Schema.optionalKey(text(256))
}).check(
  Schema.makeFilter(({ fallback, fallback_audio }) =>
    fallback === "announce" && fallback_audio === undefined
      ? { path: ["fallback_audio"], issue: "is required to announce something" }
      : undefined
  ),
  Schema.makeFilter(({ fallback, fallback_destination }) =>
    fallback === "transfer" && fallback_destination === undefined
      ? { path: ["fallback_destination"], issue: "is required to transfer the caller" }
      : undefined
  )
)
export type LineSettings = typeof LineSettings.Type

const section = "When the agent cannot be reached"

export const lineFields: ReadonlyArray<FormField> = [
  {
    name: "line.redial_s",
    label: "Call it again for",
    type: "number",
    required: false,
    sensitive: false,
    section,
    description: "Seconds, up to 60. Meanwhile the caller hears the hold sound. 0: the call is not held.",
    default: defaultRedialSeconds
  },
  {
    name: "line.hold_audio",
    label: "Hold sound",
    type: "text",
    required: false,
    sensitive: false,
    section,
    description: "The id of an audio clip that is played in a loop. Without one, a soft tone."
  },
  {
    name: "line.fallback",
    label: "Then",
    type: "select",
    required: false,
    sensitive: false,
    section,
    options: [
      { value: "hang_up", label: "Hang up" },
      { value: "announce", label: "Play an announcement and hang up" },
      { value: "transfer", label: "Transfer the caller" }
    ],
    default: "hang_up"
  },
  {
    name: "line.fallback_audio",
    label: "Announcement",
    type: "text",
    required: false,
    sensitive: false,
    section,
    description: "The id of an audio clip.",
    visible_when: { field: "line.fallback", equals: "announce" }
  },
  {
    name: "line.fallback_destination",
    label: "Destination",
    type: "text",
    required: false,
    sensitive: false,
    section,
    description: "A number, a SIP URI or an extension.",
    placeholder: "+31 20 123 4567",
    visible_when: { field: "line.fallback", equals: "transfer" }
  },
  {
    name: "line.connect_early",
    label: "Connect it before the audio",
    type: "boolean",
    required: false,
    sensitive: false,
    section: "Connection",
    description:
      "Connects the agent while the phone still rings, so that it is there when the first word is said. It may be connected for calls that nobody answers.",
    default: true
  }
]
