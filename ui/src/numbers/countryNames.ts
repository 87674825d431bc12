import type { Countries } from "./queries.ts"

const names = new Intl.DisplayNames(undefined, { type: "region", fallback: "code" })

/** A country's name in the reader's language, by its code (ISO 3166-1 alpha-2). */
export const countryName = (code: string): string => names.of(code) ?? code

/** The countries as choices, by name. */
export const countryOptions = ({ countries }: Countries) =>
  countries
    .map(({ calling_code, code }) => ({ value: code, label: `${countryName(code)} (+${calling_code})` }))
    .sort((one, other) => one.label.localeCompare(other.label))
