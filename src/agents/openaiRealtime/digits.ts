import { maxDigits } from "./limits.ts"

/** What sequences of keys are made with. */
export interface DigitPorts {
  /** Does something after `ms`, unless the session is over. */
  readonly later: (ms: number, act: () => void) => void
  /** A pause that ends a sequence, ms. */
  readonly pauseMs: number
  /** A sequence is complete. */
  readonly tell: (digits: string) => void
}

/** Puts the caller's keys together: a sequence ends with `#`, after a pause, or when it is very long. */
export const makeDigits = ({ later, pauseMs, tell }: DigitPorts) => {
  let keys = ""
  let latest = 0
  const flush = () => {
    const digits = keys
    keys = ""
    if (digits !== "") tell(digits)
  }
  return {
    press: (digit: string): void => {
      keys += digit
      latest += 1
      const mine = latest
      if (digit === "#" || keys.length >= maxDigits) return flush()
      later(pauseMs, () => {
        if (mine === latest) flush()
      })
    }
  }
}
