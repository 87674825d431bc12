import type { FormValues } from "../Form.ts"
import type { ChecklistStep, ProviderSpec } from "../ProviderSpec.ts"

/** What readiness depends on besides the provider's own steps. */
export interface ReadinessFacts {
  readonly activeNumbers: number
  readonly inactiveReason: string | undefined
}

/** The steps that are needed before a configuration can dial, in the order in which to do them. Pure. */
export const checklist = (
  spec: ProviderSpec,
  stored: FormValues,
  { activeNumbers, inactiveReason }: ReadinessFacts
): ReadonlyArray<ChecklistStep> => [
  {
    step:
      inactiveReason === undefined
        ? "Keep the configuration active."
        : `Reactivate the configuration. It is inactive: ${inactiveReason}`,
    done: inactiveReason === undefined
  },
  ...(spec.setupChecklist?.(stored) ?? []),
  { step: "Add an active phone number to call from.", done: activeNumbers > 0 }
]

/** The first step that is still to be done. */
export const firstBlocking = (steps: ReadonlyArray<ChecklistStep>) => steps.find((step) => !step.done)?.step
