import { Effect, Semaphore } from "effect"

/** A limit of `permits` concurrent uses per account. An account that nobody uses takes no memory. */
export const makeAccountGates = (permits: number) => {
  const gates = new Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>()

  const enter = (key: string) => {
    const gate = gates.get(key) ?? { semaphore: Semaphore.makeUnsafe(permits), users: 0 }
    gate.users += 1
    gates.set(key, gate)
    return gate
  }

  const leave = (key: string) => {
    const gate = gates.get(key)
    if (gate === undefined) return
    gate.users -= 1
    if (gate.users === 0) gates.delete(key)
  }

  return {
    withPermit:
      (provider: string, account: string) =>
      <A, E, R>(use: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
        const key = `${provider} ${account}`
        return Effect.acquireUseRelease(
          Effect.sync(() => enter(key)),
          ({ semaphore }) => semaphore.withPermit(use),
          () => Effect.sync(() => leave(key))
        )
      },
    /** How many accounts have a request under way or waiting. */
    size: () => gates.size
  }
}
