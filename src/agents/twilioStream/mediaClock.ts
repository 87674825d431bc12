/** ms by which the caller's audio may fall behind the clock before that shows as a gap. */
const gapMs = 500

/**
 * The timestamps of a stream's media. They count the audio, so that a network's jitter does not show in them; where the
 * caller's audio stopped for longer than half a second, they skip as far as the clock went on. `now` gives ms.
 */
export const mediaClock = (now: () => number) => {
  const startedAt = now()
  let next = 0
  return {
    /** The next piece of `ms` ms has just come: afterwards `stamp` gives its beginning. */
    arrive: (ms: number) => {
      const began = now() - startedAt - ms
      if (began - next > gapMs) next = began
    },
    /** The timestamp of a piece of `ms` ms, in whole ms since the stream's start. */
    stamp: (ms: number): number => {
      const at = Math.round(next)
      next += ms
      return at
    }
  }
}
