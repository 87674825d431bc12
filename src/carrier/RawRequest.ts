/**
 * A carrier's HTTP request exactly as it arrived, before anything is believed.
 *
 * `publicUrl` is `PUBLIC_URL` plus the raw request target (path and query as on the request line, nothing decoded): the
 * address that the carrier was given and therefore signs. `body` is the raw bytes. Header names are in lower case.
 */
export interface RawRequest {
  readonly method: string
  readonly publicUrl: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  /**
   * Which signed token of ours stood in the path and was found good: the call's, the transfer's, or the configuration's.
   * For carriers that sign too little, it is what proves that the URL was given by us.
   */
  readonly urlToken?: "call" | "transfer" | "configuration"
}
