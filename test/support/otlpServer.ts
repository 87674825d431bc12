import { createServer } from "node:http"
import { Effect } from "effect"

/** What an OTLP/HTTP collector was sent. */
export interface OtlpRequest {
  readonly method: string
  readonly path: string
  readonly body: string
}

/** A collector on a loopback port that takes everything and keeps it. Gone with the scope. */
export const otlpServer = Effect.gen(function* () {
  const requests: Array<OtlpRequest> = []
  const server = createServer((request, response) => {
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => {
      const { method = "", url: path = "" } = request
      requests.push({ method, path, body: Buffer.concat(parts).toString("utf8") })
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, requests }
})
