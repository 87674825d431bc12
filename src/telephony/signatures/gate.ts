/** How many failures are remembered, so that a flood of them costs the database nothing. */
export interface FailureLimits {
  /** Of one provider and configuration, ms between two of them. */
  readonly everyMs: number
  /** Of all together. */
  readonly mostPerSecond: number
}

/** Keys that are watched at the most; beyond them the oldest is forgotten. */
const mostKeys = 1000

/** Says which failures are worth a row. */
export const makeGate = ({ everyMs, mostPerSecond }: FailureLimits) => {
  const passed = new Map<string, number>()
  let second = 0
  let inSecond = 0
  return (key: string, nowMs: number): boolean => {
    const last = passed.get(key)
    if (last !== undefined && nowMs - last < everyMs) return false
    const current = Math.floor(nowMs / 1000)
    if (current !== second) {
      second = current
      inSecond = 0
    }
    if (inSecond >= mostPerSecond) return false
    inSecond += 1
    passed.delete(key)
    passed.set(key, nowMs)
    const [oldest] = passed.keys()
    if (passed.size > mostKeys && oldest !== undefined) passed.delete(oldest)
    return true
  }
}
