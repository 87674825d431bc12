import { Context, Effect, Layer, Queue } from "effect"

/** Wakes whoever looks after transfers on this node: a call with a transfer is over. Rung too often, it does no harm. */
export class TransferBell extends Context.Service<
  TransferBell,
  {
    readonly ring: Effect.Effect<void>
    /** Waits until it has been rung since the last time. */
    readonly rung: Effect.Effect<void>
  }
>()("switchboard/TransferBell") {
  static readonly layer = Layer.effect(
    TransferBell,
    Effect.gen(function* () {
      const bell = yield* Queue.sliding<void>(1)
      return TransferBell.of({ ring: Effect.asVoid(Queue.offer(bell, undefined)), rung: Queue.take(bell) })
    })
  )
}
