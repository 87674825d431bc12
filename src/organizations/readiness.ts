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
  ...(spec.inboundOnly === true ? [] : [{ step: "Add an active phone number to call from.", done: activeNumbers > 0 }])
]

/** Why a configuration cannot place a call: what its carrier never does, or the first step that is still to be done. */
export const outboundBlock = (spec: ProviderSpec, steps: ReadonlyArray<ChecklistStep>) =>
  spec.inboundOnly === true
    ? `${spec.uiMetadata.displayName} only takes calls. Place the call with a configuration of another carrier.`
    : firstBlocking(steps)

/** The first step that is still to be done. */
export const firstBlocking = (steps: ReadonlyArray<ChecklistStep>) => steps.find((step) => !step.done)?.step
