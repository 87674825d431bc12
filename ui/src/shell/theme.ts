import { useCallback, useState } from "react"

export type Theme = "light" | "dark" | "system"
const KEY = "theme"

const isTheme = (value: unknown): value is Theme => value === "light" || value === "dark" || value === "system"

const stored = (): Theme => {
  const value = localStorage.getItem(KEY)
  return isTheme(value) ? value : "system"
}

const show = (theme: Theme) => {
  if (theme === "system") delete document.documentElement.dataset["theme"]
  else document.documentElement.dataset["theme"] = theme
}

/** Shows the theme that this browser chose last; before the page is drawn. */
export const applyStoredTheme = () => show(stored())

export const useTheme = (): readonly [Theme, (theme: Theme) => void] => {
  const [theme, setTheme] = useState(stored)
  const choose = useCallback((next: Theme) => {
    localStorage.setItem(KEY, next)
    show(next)
    setTheme(next)
  }, [])
  return [theme, choose]
}
