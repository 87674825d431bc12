/** What the end of a call on the model's wish needs. */
export interface EndingPorts {
  /** Whether the model still makes its response. */
  readonly isSpeaking: () => boolean
  /** How long that may go on, ms. */
  readonly farewellMs: number
  readonly later: (ms: number, act: () => void) => void
  /** Calls back when everything that was said so far was heard. */
  readonly whenHeard: (act: () => void) => void
  readonly hangUp: () => void
}

/**
 * Ends the call after the goodbye: the response that asks for the end is spoken to its end and heard. A caller who interrupts
 * that keeps the call.
 */
export const makeEnding = ({ farewellMs, hangUp, isSpeaking, later, whenHeard }: EndingPorts) => {
  let leaving: { readonly callId: string; isSpoken: boolean } | undefined
  const spoken = () => {
    const mine = leaving
    if (mine === undefined || mine.isSpoken) return
    mine.isSpoken = true
    whenHeard(() => {
      if (mine === leaving) hangUp()
    })
  }
  return {
    isLeaving: (): boolean => leaving !== undefined,
    /** The model called `end_call`. */
    begin: (callId: string): void => {
      if (leaving !== undefined) return
      const mine = { callId, isSpoken: false }
      leaving = mine
      if (!isSpeaking()) return spoken()
      later(farewellMs, () => {
        if (mine === leaving) spoken()
      })
    },
    /** The response is complete. */
    spoken,
    /** The caller interrupts: gives the function call that is not carried out, if there was one. */
    stay: (): string | undefined => {
      const callId = leaving?.callId
      leaving = undefined
      return callId
    }
  }
}
