import { NodeHttpClient } from "@effect/platform-node"

/**
 * The HTTP client for carriers: 3 s to connect, no redirects. A connection that does not come about in time is known not to
 * have carried the request, unlike a request that is not answered.
 */
export const carrierHttpClient = NodeHttpClient.layerUndiciOptions({ connect: { timeout: 3_000 } })
