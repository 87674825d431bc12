/**
 * A URL cut into parts without normalising it: scheme (with `://`), user info (with `@`), host, port (with `:`), and the
 * rest from the path on, character for character as written. Signatures are made over exactly those characters, which
 * `new URL` would change. Undefined when there is no `scheme://`.
 */
export const urlParts = (url: string) => {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(:[^/?#]*)?/i.exec(url)
  if (match === null) return undefined
  const [prefix, scheme = "", userInfo = "", host = "", port = ""] = match
  return { scheme, userInfo, host, port, rest: url.slice(prefix.length) }
}

/** The port that each scheme implies. */
const defaultPorts: Readonly<Record<string, string>> = {
  "http://": ":80",
  "https://": ":443",
  "ws://": ":80",
  "wss://": ":443"
}

/**
 * The ways in which a carrier may have written the port of a URL when it signed it: not at all, as given, and, where none
 * was given, the scheme's own. No duplicates.
 */
export const portVariants = (url: string): ReadonlyArray<string> => {
  const parts = urlParts(url)
  if (parts === undefined) return [url]
  const { scheme, userInfo, host, port, rest } = parts
  const written = port === "" ? (defaultPorts[scheme.toLowerCase()] ?? "") : port
  return Array.from(new Set([scheme + userInfo + host + rest, scheme + userInfo + host + written + rest]))
}

/** The WHATWG normal form of a URL, or undefined when it is none. */
export const normalized = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).toString() : undefined)

/** The address of the same resource as a WebSocket: `https:` becomes `wss:`, `http:` becomes `ws:`. */
export const asWebSocketUrl = (url: string): string => url.replace(/^http/i, "ws")

/** The raw query of a URL, without `?` and fragment. */
export const rawQuery = (url: string): string => /^[^?#]*\?([^#]*)/.exec(url)?.[1] ?? ""

/** Scheme and host of a URL: what of it may be logged where the path holds a token. */
export const originOf = (url: string): string => {
  const parts = urlParts(url)
  return parts === undefined ? "" : parts.scheme + parts.host + parts.port
}

/** Whether `url` lies under `prefix`, at a boundary: `https://a.example` does not cover `https://a.example.org`. */
export const liesUnder = (url: string, prefix: string): boolean =>
  url.startsWith(prefix) && (prefix.endsWith("/") || ["", "/", "?", "#"].includes(url.charAt(prefix.length)))
