import { isOwnOrigin, type RequestHeaders, textOf } from "../network/ownOrigin.ts"

/** Whether a page of another site sent this, as far as a request tells: `Sec-Fetch-Site` and `Origin`, where they are there. */
export const isCrossSite = (headers: RequestHeaders, publicUrl: string): boolean => {
  const site = textOf(headers["sec-fetch-site"])
  if (site !== undefined && site !== "same-origin" && site !== "none") return true
  return headers["origin"] !== undefined && !isOwnOrigin(headers, publicUrl)
}

/** The header that the console's own requests carry: no page of another site can add it without a preflight request, which is refused. */
export const consoleHeader = "x-switchboard-console"

/** Whether a request that changes something and brings the cookie is the console's own. */
export const isFromConsole = (headers: RequestHeaders, publicUrl: string): boolean =>
  textOf(headers[consoleHeader]) === "1" && !isCrossSite(headers, publicUrl)
