/** Headers of a request by their names in lower case. */
export interface RequestHeaders {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
}

/** A header that may stand once; undefined where it stands more often, or not at all. */
export const textOf = (header: string | ReadonlyArray<string> | undefined) =>
  typeof header === "string" ? header : undefined

/**
 * Whether `Origin` is the service's own: that of its public address, or of the address at which it was asked, as an
 * operator does on the machine itself. False where there is no `Origin`.
 */
export const isOwnOrigin = (headers: RequestHeaders, publicUrl: string): boolean => {
  const origin = URL.parse(textOf(headers["origin"]) ?? "")
  return origin !== null && (origin.origin === URL.parse(publicUrl)?.origin || origin.host === textOf(headers["host"]))
}
