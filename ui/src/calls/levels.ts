/** How loud both directions of a call are, dB below full scale; null: silence. */
export interface Level {
  readonly call_id: string
  readonly caller_dbfs: number | null
  readonly agent_dbfs: number | null
}

type Listener = (level: Level | undefined) => void

const listeners = new Map<string, Set<Listener>>()

/** Shows what was measured of some calls; the others stay as they are: each node of the service tells of its own. */
export const showLevels = (levels: ReadonlyArray<Level>) => {
  for (const level of levels) for (const listener of listeners.get(level.call_id) ?? []) listener(level)
}

/** Nothing is known any more of how loud the calls are. */
export const forgetLevels = () => {
  for (const those of listeners.values()) for (const listener of those) listener(undefined)
}

/** Calls `listener` about four times a second with how loud a call is, until the answer is called. Nothing is drawn anew for it. */
export const onLevel = (callId: string, listener: Listener) => {
  const those = listeners.get(callId) ?? new Set()
  listeners.set(callId, those.add(listener))
  return () => {
    those.delete(listener)
    if (those.size === 0) listeners.delete(callId)
  }
}

const QUIET_DBFS = -60

/** How far a meter goes, 0 to 1: from -60 dB below full scale, where nothing is heard, up to full scale. */
export const shareOf = (dbfs: number | null | undefined): number =>
  dbfs === null || dbfs === undefined ? 0 : Math.min(1, Math.max(0, 1 - dbfs / QUIET_DBFS))
