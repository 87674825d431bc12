import { type Cause, Effect, Fiber, Queue, Stream } from "effect"
import type { FormValues } from "../Form.ts"
import type { CallLine } from "./AgentSpec.ts"

/** Events that may wait for the database; more than that are refused. */
const waiting = 64

interface Entry {
  readonly kind: string
  readonly details: FormValues
}

/**
 * Writes events into a call's log one after the other, without holding up the audio. The function that it gives can be
 * called from a socket's callback; it says false where too many are waiting. When the scope closes, what waits gets one
 * second to be written.
 */
export const recording = Effect.fnUntraced(function* (line: CallLine) {
  const entries = yield* Queue.dropping<Entry, Cause.Done>(waiting)
  const writer = yield* Stream.fromQueue(entries).pipe(
    Stream.runForEach((entry) => line.record(entry.kind, entry.details)),
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Queue.end(entries).pipe(Effect.andThen(Fiber.await(writer)), Effect.timeoutOption("1 second"))
  )
  return (kind: string, details: FormValues): boolean => Queue.offerUnsafe(entries, { kind, details })
})
