import { Cause, Effect, Layer } from "effect"
import { TransferBell } from "./TransferBell.ts"
import { Transfers } from "./Transfers.ts"

/** Looks after transfers at once when a call of this node ends, and every two seconds after those of all nodes. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bell = yield* TransferBell
    const { tend } = yield* Transfers
    yield* tend.pipe(
      Effect.catchCauseIf(
        (cause) => !Cause.hasInterrupts(cause),
        (cause) => Effect.logWarning("Transfers could not be looked after now", cause)
      ),
      Effect.andThen(Effect.timeoutOption(bell.rung, "2 seconds")),
      Effect.forever,
      Effect.forkScoped
    )
  })
)
