import { createServer, type IncomingHttpHeaders, type Server } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import type { Frame } from "../../src/Transport.ts"
import { connectMedia } from "../../src/transport/outgoingSocket.ts"
import { until } from "./support/loopback.ts"

/** A server that takes WebSockets at `/media`, answers 404 elsewhere, and nothing at `/silence`. */
const carrier = Effect.gen(function* () {
  const seen = { headers: new Array<IncomingHttpHeaders>(), open: new Array<WebSocket>(), got: new Array<Frame>() }
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: true })
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const listening = createServer((_, response) => response.writeHead(404).end())
      listening.on("upgrade", (request, socket, head) => {
        seen.headers.push(request.headers)
        if (request.url === "/silence") return
        if (request.url !== "/media") return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        wss.handleUpgrade(request, socket, head, (ws) => {
          seen.open.push(ws)
          ws.send("early")
          ws.on("message", (data, binary) => {
            if (Buffer.isBuffer(data)) seen.got.push({ data, binary })
          })
        })
      })
      listening.listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
    }),
    (listening) =>
      Effect.sync(() => {
        listening.close()
        listening.closeAllConnections()
        for (const ws of seen.open) ws.terminate()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `ws://127.0.0.1:${port}`, seen }
})

const quiet = { headers: {}, protocol: "media" }

describe("a media socket that we open", () => {
  it.live("asks for its subprotocol and no compression, masks what it sends, and loses nothing that comes early", () =>
    Effect.gen(function* () {
      const { url, seen } = yield* carrier
      const scope = yield* Scope.make()
      const socket = yield* Effect.provideService(
        connectMedia({ ...quiet, url: `${url}/media`, headers: { "x-test": "1" } }),
        Scope.Scope,
        scope
      )
      assert.strictEqual(seen.headers[0]?.["sec-websocket-protocol"], "media")
      assert.isUndefined(seen.headers[0]?.["sec-websocket-extensions"])
      assert.strictEqual(seen.headers[0]?.["x-test"], "1")
      const frames: Array<Frame> = []
      let closed = false
      socket.listen({ frame: (frame) => void frames.push(frame), close: () => void (closed = true) })
      socket.send(Uint8Array.of(1, 2, 3))
      socket.send("text")
      socket.send(Buffer.from("bytes of text"), false)
      // `ws` answers a frame of a client that is not masked with 1002, and gives nothing of it.
      yield* until(() => seen.got.length === 3 && frames.length === 1)
      assert.deepStrictEqual(
        seen.got.map(({ data, binary }) => [Buffer.from(data).toString("latin1"), binary]),
        [
          ["\u0001\u0002\u0003", true],
          ["text", false],
          ["bytes of text", false]
        ]
      )
      yield* Scope.close(scope, Exit.void)
      yield* until(() => closed || seen.open[0]?.readyState === 3)
    }).pipe(Effect.scoped)
  )

  it.live("fails with the status of an answer that is no upgrade, and without an answer in time", () =>
    Effect.gen(function* () {
      const { url } = yield* carrier
      const refused = yield* Effect.flip(connectMedia({ ...quiet, url: `${url}/elsewhere` }))
      assert.strictEqual(refused.status, 404)
      const late = yield* Effect.flip(connectMedia({ ...quiet, url: `${url}/silence`, timeout: "100 millis" }))
      assert.isUndefined(late.status)
      const nobody = yield* Effect.flip(connectMedia({ ...quiet, url: "ws://127.0.0.1:9/media" }))
      assert.match(nobody.message, /ECONNREFUSED/)
      const unusable = yield* Effect.flip(connectMedia({ ...quiet, url: "no url" }))
      assert.include(unusable.message, "URL")
    }).pipe(Effect.scoped)
  )
})
