import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { Explanation, RestAnswer } from "../../carrier/RestClient.ts"

/**
 * What a status means for us, and what a person can do about it. Cloudonix has no error numbers, and its bodies may be empty,
 * text or JSON (Cloudonix: Core API), so nothing of them is read or passed on.
 */
const known: ReadonlyMap<number, { readonly kind: CarrierError["kind"]; readonly message: string }> = new Map([
  [
    400,
    {
      kind: "rejected",
      message:
        "Cloudonix refuses the request as malformed. For a call: check the destination, the caller id, and that the trunk exists."
    }
  ],
  [401, { kind: "credentials", message: "Cloudonix does not accept the API key. Copy it from the cockpit again." }],
  [
    403,
    {
      kind: "credentials",
      message: "The API key is not valid for this domain. Use a key of the domain, or one of the customer who has it."
    }
  ],
  [
    404,
    {
      kind: "not-found",
      message: "Cloudonix has no such object in this domain, or not any more. Check the domain's name."
    }
  ],
  [
    429,
    {
      kind: "rate-limited",
      message: "Cloudonix takes about 10 requests in 3 s per domain, and got more. Try again in a few seconds."
    }
  ]
])

/** Cloudonix's answer in our words. */
export const explain = ({ status }: RestAnswer): Explanation => known.get(status) ?? {}
