/** What every domain of Cloudonix's own ends with; a customer may also have a domain name of his own. */
const suffix = ".cloudonix.net"

/**
 * The one form of a domain's name that is stored, matched and sent: trimmed, in lower case, without a dot at the end, and with
 * Cloudonix's own suffix where only the short name was given (`acme`).
 */
export const normalizedDomain = (text: string): string => {
  const name = text
    .trim()
    .toLowerCase()
    .replace(/\.{1,8}$/, "")
  return name === "" || name.includes(".") ? name : name + suffix
}

/** Whether a normalised text can be a domain's name. */
export const isDomainName = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+$/.test(text)

/** Whether a normalised name is one of Cloudonix's own, so that its short name is as good as the full one. */
export const isCloudonixDomain = (domain: string): boolean => domain.endsWith(suffix)
