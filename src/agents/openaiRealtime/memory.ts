/** Something that was said, as far as the caller heard it, or that an operator told (`system`). */
export interface Remark {
  readonly role: "user" | "assistant" | "system"
  readonly text: string
}

/** What is kept of a conversation: its end. */
const mostRemarks = 40
const mostCharacters = 8_000
/** Longer than a lost agent is called again, ms. */
const keptMs = 10 * 60_000

interface Kept {
  readonly remarks: Array<Remark>
  readonly usedAt: number
}

/**
 * The ends of conversations by the calls' resume tokens, so that a session that comes after a lost one knows what was said.
 * A call forgets its own when it ends; one that could not is forgotten after ten minutes without a word. Times are ms.
 */
export const makeMemory = () => {
  const calls = new Map<string, Kept>()
  return {
    remember: (token: string, { role, text }: Remark, now: number): void => {
      const remarks = [...(calls.get(token)?.remarks ?? []), { role, text: text.slice(0, mostCharacters) }]
      let characters = remarks.reduce((sum, remark) => sum + remark.text.length, 0)
      while (remarks.length > mostRemarks || characters > mostCharacters) {
        characters -= remarks.shift()?.text.length ?? 0
      }
      calls.set(token, { remarks, usedAt: now })
    },
    recall: (token: string, now: number): ReadonlyArray<Remark> => {
      for (const [other, { usedAt }] of calls) if (now - usedAt > keptMs) calls.delete(other)
      return calls.get(token)?.remarks ?? []
    },
    forget: (token: string): void => {
      calls.delete(token)
    },
    size: (): number => calls.size
  }
}
export type Memory = ReturnType<typeof makeMemory>
