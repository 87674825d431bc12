/** What an Asterisk can do, from its release (Asterisk: ARI, `GET /asterisk/info`). */
export interface Release {
  readonly version: string
  /** Whether it has WebSocket channels at all. */
  readonly hasMedia: boolean
  /** Whether `externalMedia` takes options for the WebSocket channel; older ones accept and ignore them. */
  readonly hasTransportData: boolean
}

type Minimum = Readonly<Record<number, number>>

/** The first minor release of each series that has it. Series that are newer have it, older ones do not. */
const media: Minimum = { 20: 16, 21: 11, 22: 6, 23: 0 }
const transportData: Minimum = { 20: 18, 21: Number.POSITIVE_INFINITY, 22: 8, 23: 2 }

const newestKnown = 23

const atLeast = (major: number, minor: number, minimum: Minimum) =>
  major > newestKnown || minor >= (minimum[major] ?? Number.POSITIVE_INFINITY)

/**
 * Reads a version. Distributions put words before and after the numbers; one without numbers (a build from the sources)
 * counts as new.
 */
export const readRelease = (version: string): Release => {
  const numbers = /(\d+)\.(\d+)\.\d+/.exec(version)
  if (numbers === null) return { version, hasMedia: true, hasTransportData: true }
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])]
  return {
    version,
    hasMedia: atLeast(major, minor, media),
    hasTransportData: atLeast(major, minor, transportData)
  }
}
