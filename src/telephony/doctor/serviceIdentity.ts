import { createHash } from "node:crypto"
import { Redacted } from "effect"
import type { Secrets } from "../../store/Secrets.ts"

/**
 * What `/healthz` tells about whose service it is: the same on every node with the same key, and nothing that the key could be
 * found from. Newest key first; the others are those of nodes that were not started again since a rotation.
 */
export const serviceIdentities = ({ deriveKey }: Secrets["Service"]): ReadonlyArray<string> =>
  deriveKey("service-identity").map((key) =>
    createHash("sha256").update(Redacted.value(key)).digest("hex").slice(0, 16)
  )
