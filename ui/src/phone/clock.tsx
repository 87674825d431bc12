import { useNow } from "../parts/now.ts"

const two = (value: number) => String(value).padStart(2, "0")

/** `1:05`, as a telephone shows it. */
export const clockText = (ms: number): string => {
  const seconds = Math.floor(Math.max(0, ms) / 1000)
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
}

/** How long something has lasted; `since` in ms since 1970. */
export const Lasting = ({ since }: { readonly since: number }) => (
  <span role="timer" className="tabular-nums">
    {clockText(useNow() - since)}
  </span>
)
