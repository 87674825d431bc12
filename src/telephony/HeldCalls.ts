import { Context, Effect, Layer } from "effect"

/** The calls whose media a session of this process really looks after. A lease that nobody here stands for runs out. */
export class HeldCalls extends Context.Service<
  HeldCalls,
  {
    /** From now on the call is held; gives the way back. */
    readonly hold: (callId: string) => Effect.Effect<Effect.Effect<void>>
    readonly ids: Effect.Effect<ReadonlyArray<string>>
  }
>()("switchboard/HeldCalls") {
  static readonly layer = Layer.effect(
    HeldCalls,
    Effect.sync(() => {
      const held = new Set<string>()
      return HeldCalls.of({
        hold: (callId) =>
          Effect.sync(() => {
            held.add(callId)
            return Effect.sync(() => void held.delete(callId))
          }),
        ids: Effect.sync(() => Array.from(held))
      })
    })
  )
}
