import { Effect } from "effect"
import { NumberSync } from "../organizations/NumberSync.ts"
import type { PhoneNumber } from "../organizations/numberRow.ts"

/** Makes a number what answers say of it. */
export const makeShownNumber = Effect.map(NumberSync, ({ wanted }) => (number: PhoneNumber) => {
  const { organization_id: _organization, provider: _provider, sync_state, ...rest } = number
  const in_sync = sync_state.desired === sync_state.observed && sync_state.desired === wanted(number)
  return { ...rest, sync_state: { ...sync_state, in_sync } }
})
