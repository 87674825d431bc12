import { clsx } from "clsx"
import type { ReactNode } from "react"

export type Tone = "good" | "warn" | "bad" | "accent" | "plain"

const tones: Readonly<Record<Tone, string>> = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  accent: "bg-accent-soft text-accent",
  plain: "bg-raised text-muted"
}

/** A word about a state. Never colour alone: the word says it too. */
export const Badge = ({
  tone = "plain",
  title,
  children
}: {
  readonly tone?: Tone
  readonly title?: string
  readonly children: ReactNode
}) => (
  <span
    title={title}
    className={clsx(
      "inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap",
      tones[tone]
    )}
  >
    {children}
  </span>
)
