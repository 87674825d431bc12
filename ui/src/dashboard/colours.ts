import { useEffect, useState } from "react"

/** Colours of the theme as a canvas takes them, for the theme that is shown. */
export interface Colours {
  readonly accent: string
  readonly ink: string
  readonly good: string
  readonly muted: string
  readonly line: string
}

const probe = (name: string): string => {
  const element = document.createElement("span")
  element.style.color = `var(--color-${name})`
  document.body.append(element)
  const { color } = getComputedStyle(element)
  element.remove()
  return color
}

const read = (): Colours => ({
  accent: probe("accent"),
  ink: probe("ink"),
  good: probe("good"),
  muted: probe("muted"),
  line: probe("line")
})

/** The theme's colours, read again when the theme changes. */
export const useColours = (): Colours => {
  const [colours, setColours] = useState(read)
  useEffect(() => {
    const change = () => setColours(read())
    const chosen = new MutationObserver(change)
    chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] })
    const system = matchMedia("(prefers-color-scheme: dark)")
    system.addEventListener("change", change)
    return () => {
      chosen.disconnect()
      system.removeEventListener("change", change)
    }
  }, [])
  return colours
}
