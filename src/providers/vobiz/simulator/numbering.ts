/**
 * Ways in which the carrier writes a number of India on inbound webhooks; all of them were seen or are documented. A number of another
 * country is always digits.
 */
export type NumberFormat =
  /** Captured: the caller as `919800000001`, the called number as `01140000001`. */
  | "mixed"
  /** `911140000001` */
  | "digits"
  /** `01140000001` */
  | "trunk-zero"
  /** `00911140000001` */
  | "idd"
  /** `1140000001` */
  | "national"
  /** `+91 1140000001` */
  | "spaced"
  /** Every call another one of the above. */
  | "rotate"

const order = ["mixed", "digits", "trunk-zero", "idd", "national", "spaced"] as const
const numeric = /^\+?\d+$/
const indian = /^91(\d{10})$/

/** A number as REST requests have it: digits without `+`. Anything that is no number (a SIP address) stays as it is. */
export const digitsOf = (address: string) => (numeric.test(address) ? address.replace("+", "") : address)

/** A number as the number inventory has it: `+` and digits. */
export const e164Of = (address: string) => (numeric.test(address) ? `+${digitsOf(address)}` : address)

const write = (address: string, format: Exclude<NumberFormat, "mixed" | "rotate">) => {
  const digits = digitsOf(address)
  const national = indian.exec(digits)?.[1]
  if (national === undefined) return digits
  const written = { digits, "trunk-zero": `0${national}`, idd: `00${digits}`, national, spaced: `+91 ${national}` }
  return written[format]
}

/** `From` and `To` of an inbound call; `turn` counts the calls, for `rotate`. */
export const writeInbound = (from: string, to: string, format: NumberFormat, turn: number) => {
  const chosen = format === "rotate" ? (order[turn % order.length] ?? "mixed") : format
  if (chosen === "mixed") return { from: write(from, "digits"), to: write(to, "trunk-zero") }
  return { from: write(from, chosen), to: write(to, chosen) }
}

/** The two letters of the `CountryCode` field; empty where this fake does not know the prefix. */
export const countryOf = (address: string) => {
  const digits = digitsOf(address)
  if (digits.startsWith("91")) return "IN"
  if (digits.startsWith("44")) return "GB"
  return digits.startsWith("1") ? "US" : ""
}
