import { Result } from "effect"

/** How a DNID was entered. At most one of the flags may be set. */
export interface DnidEntry {
  readonly source: string
  readonly prefix: boolean
  readonly expression: boolean
  readonly asteriskCompatible: boolean
}

const asteriskClasses: Readonly<Record<string, string>> = { X: "[0-9]", Z: "[1-9]", N: "[2-9]", ".": ".+", "!": ".*" }

const literally = (text: string) => text.replace(/[^0-9A-Za-z]/g, "\\$&")

/** Asterisk's patterns start with `_`: `X` 0-9, `Z` 1-9, `N` 2-9, `[..]` a set, `.` one or more, `!` zero or more. */
const fromAsterisk = (pattern: string) =>
  pattern
    .slice(1)
    .replace(/\[[0-9-]+\]|./g, (part) => (/^\[.+\]$/.test(part) ? part : (asteriskClasses[part] ?? literally(part))))

/** The regular expression of an entry, or undefined when it cannot be one (Cloudonix: DNIDs). */
export const compileDnid = (entry: DnidEntry): string | undefined => {
  const { asteriskCompatible, expression, prefix, source } = entry
  if ([prefix, expression, asteriskCompatible].filter((flag) => flag).length > 1) return undefined
  if (asteriskCompatible) return source.startsWith("_") ? `^(${fromAsterisk(source)})$` : undefined
  if (expression) return isExpression(source) ? source : undefined
  return prefix ? `^(${literally(source)}.*)$` : `^(${literally(source)})$`
}

export const isExpression = (source: string): boolean => Result.isSuccess(Result.try(() => new RegExp(source)))
