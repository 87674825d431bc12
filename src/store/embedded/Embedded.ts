import type { Duplex } from "node:stream"
import { Worker } from "node:worker_threads"
import { Deferred, Effect, Exit, Schedule, Schema } from "effect"
import { causeText } from "../causeText.ts"
import { makeHub } from "./hub.ts"
import { programs } from "./programs.ts"

/** The embedded database does not start, or broke. */
export class EmbeddedDatabaseFailed extends Schema.TaggedError<EmbeddedDatabaseFailed>()("EmbeddedDatabaseFailed", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The embedded database in ${this.folder} failed: ${this.reason}`
  }
}

const READY = "ready"
const isReply = Schema.is(Schema.Uint8Array)
const RESTART_DELAY = "1 second"
/** How long an orderly close (the last checkpoint) may take before the thread is cut off. */
const CLOSE_LIMIT = "20 seconds"

/** One run of the worker thread: `execute` after `ready`; `ended` completes when the thread is gone, for whatever reason. */
const run = Effect.fnUntraced(function* (folder: string) {
  const ready = yield* Deferred.make<void, EmbeddedDatabaseFailed>()
  const ended = yield* Deferred.make<EmbeddedDatabaseFailed>()
  const pending: Array<PromiseWithResolvers<Uint8Array>> = []
  let reason = "its thread ended"
  let gone = false
  const workerData = yield* programs

  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(new URL("./worker.ts", import.meta.url), { argv: [folder], workerData })),
    (thread) =>
      Effect.suspend(() => {
        if (gone) return Effect.void
        thread.postMessage("close", [])
        return Deferred.await(ended)
      }).pipe(
        Effect.timeoutOrElse({
          duration: CLOSE_LIMIT,
          orElse: () => Effect.promise(() => thread.terminate())
        })
      )
  )
  worker.on("message", (message: unknown) => {
    if (isReply(message)) pending.shift()?.resolve(message)
    else if (message !== READY) reason = causeText(message)
    else Deferred.doneUnsafe(ready, Exit.void)
  })
  worker.on("error", (cause: unknown) => {
    reason = causeText(cause)
  })
  worker.on("exit", () => {
    gone = true
    const failure = new EmbeddedDatabaseFailed({ folder, reason })
    for (const each of pending.splice(0)) each.reject(failure)
    Deferred.doneUnsafe(ready, Exit.fail(failure))
    Deferred.doneUnsafe(ended, Exit.succeed(failure))
  })

  const execute = (frame: Uint8Array): Promise<Uint8Array> => {
    const answer = Promise.withResolvers<Uint8Array>()
    if (gone) answer.reject(new EmbeddedDatabaseFailed({ folder, reason }))
    else {
      pending.push(answer)
      const bytes = new Uint8Array(frame)
      worker.postMessage(bytes, [bytes.buffer])
    }
    return answer.promise
  }
  yield* Deferred.await(ready)
  return { execute, ended: Deferred.await(ended) }
})

/**
 * Runs the embedded database of a folder in a worker thread and gives a factory of wire connections to it. When the
 * thread dies (a full disk, say), open connections break, new ones are refused, and it is started again until it works.
 * The folder must be locked.
 */
export const startEmbedded = Effect.fn("startEmbedded")(function* (folder: string) {
  const started = yield* Deferred.make<void, EmbeddedDatabaseFailed>()
  const down = (): Promise<Uint8Array> =>
    Promise.reject(new EmbeddedDatabaseFailed({ folder, reason: "it is being restarted" }))
  let execute: (frame: Uint8Array) => Promise<Uint8Array> = down
  const hub = makeHub((frame) => execute(frame))

  const life = Effect.scoped(
    Effect.gen(function* () {
      const thread = yield* run(folder)
      execute = thread.execute
      yield* Deferred.succeed(started, undefined)
      return yield* thread.ended
    })
  ).pipe(
    Effect.catch((failure) => Effect.as(Deferred.fail(started, failure), failure)),
    Effect.tap((failure) => {
      execute = down
      hub.reset(failure)
      return Effect.logError(failure.message)
    })
  )
  yield* Effect.forkScoped(Effect.repeat(life, Schedule.spaced(RESTART_DELAY)))
  yield* Deferred.await(started)
  return (): Duplex => hub.connect()
})
