import { Context, Effect, Layer, Ref } from "effect"

/** Whether this node is on its way out: it keeps its live calls and takes no new ones. */
export class Drain extends Context.Service<
  Drain,
  {
    readonly isDraining: Effect.Effect<boolean>
    /** There is no way back. */
    readonly begin: Effect.Effect<void>
  }
>()("switchboard/Drain") {
  static readonly layer = Layer.effect(
    Drain,
    Effect.gen(function* () {
      const draining = yield* Ref.make(false)
      return Drain.of({ isDraining: Ref.get(draining), begin: Ref.set(draining, true) })
    })
  )
}
