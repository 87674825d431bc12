import { createHash } from "node:crypto"
import { Clock, Effect } from "effect"

/** How long a nonce is remembered, ms: longer than any carrier's signature is good, and than it repeats a delivery. */
const rememberedMs = 15 * 60_000

/** How many are remembered at the most; then the oldest go first. Only what was signed is remembered. */
const most = 100_000

/** Which signed requests were seen: a signature that covers too little must not be used for another request. */
export interface Nonces {
  /**
   * Whether a nonce of an account was not seen yet, or was seen with these very bytes: a carrier may deliver a request again,
   * and that changes nothing. To be asked only when the signature was found good.
   */
  readonly isFresh: (
    account: string,
    nonce: string,
    request: ReadonlyArray<Uint8Array | string>
  ) => Effect.Effect<boolean>
}

/** A memory of nonces in this process. */
export const makeNonces = (): Nonces => {
  const seen = new Map<string, { readonly digest: string; readonly until: number }>()

  const forgetOld = (now: number) => {
    for (const [key, { until }] of seen) {
      if (until > now && seen.size <= most) return
      seen.delete(key)
    }
  }

  return {
    isFresh: (account, nonce, request) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        forgetOld(now)
        const hash = createHash("sha256")
        for (const part of request) hash.update(`${Buffer.byteLength(part)}:`).update(part)
        const digest = hash.digest("base64")
        const key = `${account} ${nonce}`
        const known = seen.get(key)
        if (known !== undefined && known.until > now) return known.digest === digest
        seen.delete(key)
        seen.set(key, { digest, until: now + rememberedMs })
        return true
      })
  }
}
