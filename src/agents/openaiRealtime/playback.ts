/** An item of the model's speech of which the caller did not hear the end. */
export interface Cut {
  readonly itemId: string
  readonly contentIndex: number
  /** ms of its audio that were heard, of those that we have got. */
  readonly heardMs: number
  readonly audioMs: number
}

/** Items that are kept: more than can be on their way to the phone at once, unless each is a fraction of a second. */
const most = 256

interface Item {
  readonly itemId: string
  readonly contentIndex: number
  ms: number
}

/**
 * Which item of the conversation is where in the audio that went to the phone, one after the other. What the caller has not
 * heard is always the end of that, so that silences between items, in which utterances begin, do not matter.
 */
export const makePlayback = () => {
  let items: Array<Item> = []
  return {
    isEmpty: (): boolean => items.length === 0,
    /** `ms` of an item's audio were put in line. */
    add: (itemId: string, contentIndex: number, ms: number): void => {
      const last = items.at(-1)
      if (last?.itemId === itemId && last.contentIndex === contentIndex) last.ms += ms
      else items.push({ itemId, contentIndex, ms })
      if (items.length > most) items.shift()
    },
    /** Everything up to the end of this item was heard. */
    heard: (itemId: string): void => {
      const at = items.findLastIndex((item) => item.itemId === itemId)
      items = items.slice(at + 1)
    },
    /** The last `unheardMs` were thrown away, or never will be heard. Gives the items that this concerns, and forgets all. */
    cut: (unheardMs: number): ReadonlyArray<Cut> => {
      const cuts: Array<Cut> = []
      let unheard = unheardMs
      for (const { contentIndex, itemId, ms } of items.toReversed()) {
        if (unheard <= 0) break
        cuts.unshift({ itemId, contentIndex, heardMs: Math.max(0, ms - unheard), audioMs: ms })
        unheard -= ms
      }
      items = []
      return cuts
    }
  }
}
