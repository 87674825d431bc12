/** What we answer to a carrier's webhook, in the carrier's own language (markup, JSON, or nothing). */
export interface CarrierReply {
  readonly status: number
  readonly contentType?: string
  readonly body: string
}

/** The reply to callbacks whose body no carrier reads. */
export const acknowledged: CarrierReply = { status: 204, body: "" }
