import type { Cut } from "./playback.ts"

/** What the agent said in one item, and where it was cut off, if it was. */
export interface Saying {
  readonly text: string
  readonly cut?: Cut
}

/** Items whose text or whose end is not known yet. */
const most = 256

/** Characters of an item that is not complete. */
const mostCharacters = 8_000

interface Open {
  /** The words so far, and all of them once they are known. */
  partial: string
  text?: string
  cut?: Cut
  isOver: boolean
}

/**
 * Brings together what the model says in an item, known as soon as it is made, and how much of it was heard, known later.
 * `say` is called once per item, when both are known; never for an item without words.
 */
export const makeTranscripts = (say: (saying: Saying) => void) => {
  const items = new Map<string, Open>()
  const itemOf = (itemId: string): Open => {
    const known = items.get(itemId)
    if (known !== undefined) return known
    const [oldest] = items.keys()
    if (items.size >= most && oldest !== undefined) items.delete(oldest)
    const open: Open = { partial: "", isOver: false }
    items.set(itemId, open)
    return open
  }
  const settle = (itemId: string, { cut, isOver, text }: Open) => {
    if (text === undefined || !isOver) return
    items.delete(itemId)
    if (text.trim() !== "") say(cut === undefined ? { text } : { text, cut })
  }
  const change = (itemId: string, to: Partial<Open>) => {
    const item = Object.assign(itemOf(itemId), to)
    settle(itemId, item)
  }
  return {
    /** More words of an item. */
    more: (itemId: string, words: string): void => {
      const item = itemOf(itemId)
      if (item.partial.length < mostCharacters) item.partial += words
    },
    /** All words of an item. */
    text: (itemId: string, text: string): void => change(itemId, { text }),
    heard: (itemId: string): void => change(itemId, { isOver: true }),
    cut: (cut: Cut): void => change(cut.itemId, { isOver: true, cut }),
    /** The session is over: what was not cut was heard, and no more words come. */
    close: (): void => {
      for (const [itemId, { partial, text = partial }] of Array.from(items)) change(itemId, { text, isOver: true })
      items.clear()
    }
  }
}

/** The part of an item's words that was heard, as far as the time tells: up to a whole word. */
export const heardWords = ({ cut, text }: Saying): string => {
  if (cut === undefined) return text
  const length = cut.audioMs <= 0 ? 0 : Math.floor((text.length * cut.heardMs) / cut.audioMs)
  if (length >= text.length) return text
  const end = text.lastIndexOf(" ", length)
  return end <= 0 ? "" : `${text.slice(0, end)} …`
}
