import type { ListenerEnded } from "../carrier/Listener.ts"

/** How a try went wrong: the carrier's side (`ListenerEnded`), or a fault of our own, which proves nothing against it. */
export interface Trouble {
  readonly kind: ListenerEnded["kind"] | "fault"
  readonly message: string
}

/** The tries of a connection that came to nothing, one after the other. Times are ms. */
export interface Streak {
  readonly failures: number
  /** How many of the last ones in a row were refused. */
  readonly refused: number
  /** Since when the other side has been away without a break. */
  readonly lostSince: number | undefined
  /** The kind of trouble that was told last, and when. */
  readonly told: { readonly kind: Trouble["kind"]; readonly at: number } | undefined
}

export const noFailures: Streak = { failures: 0, refused: 0, lostSince: undefined, told: undefined }

/** A connection that stood for so long ends a streak, ms: one that is accepted and closed at once must not. */
export const standsAfter = 30_000

/** So many refusals in a row, or so long without the other side (ms), and only a person can help. */
const mostRefused = 5
const longestLost = 60 * 60_000

/** The pauses between tries, ms: doubled from the first to the longest; after somebody took our place never shorter than 30 s. */
const firstPause = 1_000
const longestPause = 300_000
const shortestStandBack = 30_000

/** Trouble that goes on is told again after this time, ms. */
const tellAgainAfter = 15 * 60_000

/** The streak with one more failed try. */
export const failedOnceMore = (streak: Streak, { kind }: Trouble, now: number): Streak => ({
  failures: streak.failures + 1,
  refused: kind === "refused" ? streak.refused + 1 : kind === "fault" ? streak.refused : 0,
  lostSince: kind === "lost" ? (streak.lostSince ?? now) : kind === "fault" ? streak.lostSince : undefined,
  told: streak.told
})

/** Whether further tries make no sense until a person has looked. */
export const isHopeless = ({ refused, lostSince }: Streak, now: number): boolean =>
  refused >= mostRefused || (lostSince !== undefined && now - lostSince >= longestLost)

/** ms until the next try; `random` from 0 to 1 makes it up to a fifth longer or shorter. */
export const pauseAfter = ({ failures }: Streak, { kind }: Trouble, random: number): number => {
  const grown = Math.min(firstPause * 2 ** Math.min(failures - 1, 20), longestPause)
  const jittered = grown * (0.8 + 0.4 * random)
  return kind === "replaced" ? shortestStandBack + jittered : jittered
}

/** Whether this trouble is news: the first of a streak, of another kind than before, or told long ago. */
export const isNews = ({ told }: Streak, { kind }: Trouble, now: number): boolean =>
  told === undefined || told.kind !== kind || now - told.at >= tellAgainAfter
