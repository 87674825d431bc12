import type { Rule } from "./body.ts"

const e164 = /^\+[1-9]\d{6,14}$/
/** Digits to send after the answer may follow a comma: `+18005551234,200`. */
const dialable = /^(\+[1-9]\d{6,14}(,[0-9A-DwW*#]+)?|sips?:[^\s@]+@[^\s@]+)$/

export const isE164 = (text: string) => e164.test(text)

export const isCaller: Rule = {
  holds: (value) => typeof value === "string" && (e164.test(value) || /^sips?:/.test(value)),
  code: "10016"
}

/** A destination, or several: the first to answer wins. */
export const isDestination: Rule = {
  holds: (value) =>
    Array.isArray(value)
      ? value.length > 0 && value.every((each) => typeof each === "string" && dialable.test(each))
      : typeof value === "string" && dialable.test(value),
  code: "10016"
}

const isLoopback = ({ hostname }: URL) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

/** Which URLs the carrier takes: TLS to a public host, or anything on loopback where that is allowed. */
export interface UrlRules {
  readonly webhook: Rule
  readonly stream: Rule
}

export const urlRules = (insecureLoopback: boolean): UrlRules => {
  const allows = (secure: string, plain: string): Rule => ({
    code: "10003",
    holds: (value) => {
      const url = typeof value === "string" && value.length <= 2000 ? URL.parse(value) : null
      if (url === null) return false
      const loopback = isLoopback(url)
      if (loopback && !insecureLoopback) return false
      return url.protocol === secure || (loopback && url.protocol === plain)
    }
  })
  return { webhook: allows("https:", "http:"), stream: allows("wss:", "ws:") }
}
