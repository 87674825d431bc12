import { Effect } from "effect"
import { casualty, part, someCall, takeAndListen, type Target } from "./calling.ts"
import { fail, pass } from "./rules.ts"

export const together = Effect.fnUntraced(
  function* (target: Target) {
    const both = yield* Effect.all([takeAndListen(target), takeAndListen(target)], { concurrency: 2 })
    for (const { ear, socket } of both) {
      const why = yield* casualty(target, socket, ear)
      if (why !== undefined) return fail(`With two calls at once it ${why}.`)
    }
    yield* Effect.forEach(both, ({ socket }) => part(target, socket), { concurrency: 2 })
    return pass("Both were taken.")
  },
  Effect.scoped,
  (finding) =>
    Effect.catchTag(finding, "AgentUnreachable", ({ message }) =>
      Effect.succeed(fail(`One of two calls was not taken: ${message}`))
    )
)

export const resume = Effect.fnUntraced(
  function* (target: Target) {
    const call = someCall()
    const first = yield* takeAndListen(target, { call })
    yield* Effect.sync(() => first.socket.terminate())
    return yield* Effect.gen(function* () {
      const second = yield* takeAndListen(target, { call: { ...call, attempt: 1 } })
      const why = yield* casualty(target, second.socket, second.ear)
      if (why !== undefined) return fail(`It took the call again, and then it ${why}.`)
      yield* part(target, second.socket)
      return pass("It took the call again.")
    }).pipe(
      Effect.catchTag("AgentUnreachable", ({ message, reason }) =>
        Effect.succeed(
          fail(
            reason === "refused-call"
              ? `${message} A caller whose connection was lost would be hung up on.`
              : `It did not take the call again: ${message}`
          )
        )
      )
    )
  },
  Effect.scoped,
  (finding) =>
    Effect.catchTag(finding, "AgentUnreachable", ({ message }) =>
      Effect.succeed(fail(`It did not take the call the first time: ${message}`))
    )
)
