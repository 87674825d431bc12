import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Effect, Queue } from "effect"

/** A call of a tool, as its web server sees it. */
export interface ToolCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
  /** The connection was given up. */
  readonly isGone: () => boolean
}

/** A user's own web server on a free port of this machine. `answer` may leave a call unanswered. */
export const toolServer = Effect.fnUntraced(function* (
  answer: (call: ToolCall, response: ServerResponse) => void = (_call, response) => void response.end("{}")
) {
  const calls = yield* Queue.unbounded<ToolCall>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const started = createServer((request, response) => {
        const parts: Array<Buffer> = []
        let isGone = false
        response.on("close", () => {
          isGone = true
        })
        request
          .on("data", (part: Buffer) => parts.push(part))
          .on("end", () => {
            const call: ToolCall = {
              method: request.method ?? "",
              path: request.url ?? "",
              headers: request.headers,
              body: Buffer.concat(parts).toString("utf8"),
              isGone: () => isGone
            }
            Queue.offerUnsafe(calls, call)
            answer(call, response)
          })
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(started)))
    }),
    (running) =>
      Effect.callback<void>((resume) => {
        running.close(() => resume(Effect.void))
        running.closeAllConnections()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}/tool`, calls }
})
