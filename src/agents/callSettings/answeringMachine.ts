import { Schema } from "effect"
import type { FormField } from "../../Form.ts"

/** Whether Switchboard listens for an answering machine at the beginning of calls that it placed. */
export const AnsweringMachineSetting = Schema.Literals(["off", "detect"])

export const answeringMachineFields: ReadonlyArray<FormField> = [
  {
    name: "answering_machine",
    label: "Answering machines",
    type: "select",
    required: false,
    sensitive: false,
    section: "Outbound calls",
    description:
      "On calls that Switchboard places, listens to how they are answered, and tells the agent whether that was a person or a machine, and when the machine has beeped. The audio is not delayed by it. It can be wrong.",
    options: [
      { value: "off", label: "Do not look for them" },
      { value: "detect", label: "Tell the agent" }
    ],
    default: "off"
  }
]
