import { SecureRandom } from "effect/crypto"
import type { Effect } from "effect"

const random = SecureRandom.make(SecureRandom.randomBytesUnsafe)

/**
 * A new row key: a UUID version 7 (RFC 9562, section 5.7) in lower case, from the clock and secure randomness. Each sorts
 * after the ones made before it in this process; between processes they sort by the millisecond.
 */
export const uuidV7: Effect.Effect<string> = random.uuidV7()
