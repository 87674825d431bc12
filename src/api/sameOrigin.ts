/** What a browser tells about where a request comes from. */
export interface RequestHeaders {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
}

const textOf = (header: string | ReadonlyArray<string> | undefined) => (typeof header === "string" ? header : undefined)

/**
 * Whether `Origin` is the service's own: that of its public address, or of the address at which the browser asked it, as an
 * operator does on the machine itself. False where there is no `Origin`.
 */
export const isOwnOrigin = (headers: RequestHeaders, publicUrl: string): boolean => {
  const origin = URL.parse(textOf(headers["origin"]) ?? "")
  return origin !== null && (origin.origin === URL.parse(publicUrl)?.origin || origin.host === textOf(headers["host"]))
}

/** Whether a page of another site sent this, as far as the browser tells: `Sec-Fetch-Site` and `Origin`, where they are there. */
export const isCrossSite = (headers: RequestHeaders, publicUrl: string): boolean => {
  const site = textOf(headers["sec-fetch-site"])
  if (site !== undefined && site !== "same-origin" && site !== "none") return true
  return headers["origin"] !== undefined && !isOwnOrigin(headers, publicUrl)
}

/** The header that the console's own requests carry: no page of another site can add it without being asked about by the browser. */
export const consoleHeader = "x-switchboard-console"

/** Whether a request that changes something and brings the cookie is the console's own. */
export const isFromConsole = (headers: RequestHeaders, publicUrl: string): boolean =>
  textOf(headers[consoleHeader]) === "1" && !isCrossSite(headers, publicUrl)
