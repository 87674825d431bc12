import { type ChildProcess, fork } from "node:child_process"
import { Effect, Schema } from "effect"

/** What `npm start` gives to Node: a small young generation keeps memory and pauses low, and every server runs with it. */
const productionFlags = ["--max-semi-space-size=8"]

/** A program of the bench as a process of its own, ended with the scope. */
export const child = (file: URL, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => fork(file, args, { execArgv: ["--expose-gc", ...productionFlags] })),
    (process) => Effect.sync(() => process.kill())
  )

/** The next message of a process; what is to provoke it is sent first. */
export const next = <A>(process: ChildProcess, schema: Schema.Codec<A>, order?: string | object) =>
  Effect.callback<unknown>((resume) => {
    const ended = (code: number | null) => resume(Effect.die(new Error(`a process of the bench ended with ${code}`)))
    process.once("exit", ended)
    process.once("message", (message) => {
      process.off("exit", ended)
      resume(Effect.succeed(message))
    })
    if (order !== undefined) process.send(order)
  }).pipe(Effect.flatMap(Schema.decodeUnknownEffect(schema)))
