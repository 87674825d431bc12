import { createServer, type Server } from "node:http"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, type Scope } from "effect"
import { WebSocket } from "ws"
import type { Frame, MediaSocket, TransportError } from "../../src/Transport.ts"
import { acceptor } from "../../src/transport/webSocket.ts"
import { until } from "./support/loopback.ts"

const listening = Effect.acquireRelease(
  Effect.callback<Server>((resume) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close())
)
const portOf = (server: Server) => {
  const address = server.address()
  return address === null || typeof address === "string" ? 0 : address.port
}

/** The first upgrade that reaches the server, accepted in the current scope. */
const accepted = (server: Server): Effect.Effect<MediaSocket, TransportError, Scope.Scope> => {
  const { accept } = acceptor()
  return Effect.callback<MediaSocket, TransportError, Scope.Scope>((resume) => {
    server.once("upgrade", (request, socket, head) => resume(accept(request, socket, head)))
  })
}

describe("acceptor", () => {
  it.live("refuses what is no WebSocket handshake", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const refused = yield* Effect.forkScoped(Effect.flip(accepted(server)), { startImmediately: true })
      const raw = connect(portOf(server), "127.0.0.1")
      let answer = ""
      raw.on("data", (data) => {
        answer += data.toString()
      })
      raw.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
      yield* until(() => answer.includes("\r\n\r\n"))
      assert.match(answer, /^HTTP\/1.1 400 /)
      assert.strictEqual((yield* Fiber.join(refused)).reason, "closed")
      raw.destroy()
    })
  )

  it.live("gives what came before anyone listened, agrees to no compression, and counts pongs", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const accepting = accepted(server)
      const ws = new WebSocket(`ws://127.0.0.1:${portOf(server)}`, { perMessageDeflate: true })
      const opened = Effect.callback<void>((resume) => void ws.once("open", () => resume(Effect.void)))
      const [socket] = yield* Effect.all([accepting, opened], { concurrency: 2 })
      assert.strictEqual(ws.extensions, "")
      ws.send("one")
      ws.send(Buffer.from([2]))
      let pongs = 0
      socket.ping(() => pongs++)
      yield* until(() => pongs === 1)
      const frames: Array<Frame> = []
      let closed: readonly [number, string] | undefined
      socket.listen({
        frame: (frame) => void frames.push(frame),
        close: (code, reason) => {
          closed = [code, reason]
        }
      })
      assert.deepStrictEqual(frames, [
        { data: Buffer.from("one"), binary: false },
        { data: Buffer.from([2]), binary: true }
      ])
      assert.strictEqual(socket.bufferedAmount(), 0)
      assert.isTrue(socket.isOpen())
      ws.close(4321, "bye")
      yield* until(() => closed !== undefined)
      assert.deepStrictEqual(closed, [4321, "bye"])
      assert.isFalse(socket.isOpen())
      socket.send("after the end")
      socket.ping(() => {})
      socket.close(1000, "")
    })
  )

  it.live("sends text and bytes of every length, in order, as one frame each", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const accepting = accepted(server)
      const ws = new WebSocket(`ws://127.0.0.1:${portOf(server)}`)
      const opened = Effect.callback<void>((resume) => void ws.once("open", () => resume(Effect.void)))
      const [socket] = yield* Effect.all([accepting, opened], { concurrency: 2 })
      const received: Array<Frame> = []
      ws.on("message", (data, binary) => Buffer.isBuffer(data) && received.push({ data, binary }))
      const sent: Array<Frame> = []
      for (const length of [0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000]) {
        const data = Buffer.alloc(length, length % 251)
        socket.send(data)
        const text = Buffer.alloc(length, 0x61)
        socket.send(text, false)
        socket.send(`${text.toString()}é`)
        sent.push({ data, binary: true }, { data: text, binary: false })
        sent.push({ data: Buffer.from(`${text.toString()}é`), binary: false })
        socket.ping(() => {})
      }
      yield* until(() => received.length === sent.length)
      assert.deepStrictEqual(received, sent)
      ws.terminate()
    })
  )

  it.live("sends nothing after its own close", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const accepting = yield* Effect.forkScoped(accepted(server), { startImmediately: true })
      const raw = connect(portOf(server), "127.0.0.1")
      let received = Buffer.alloc(0)
      raw.on("data", (data) => {
        received = Buffer.concat([received, data])
      })
      raw.write(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      )
      const socket = yield* Fiber.join(accepting)
      socket.close(1000, "done")
      socket.send(Buffer.from("too late"))
      socket.send("too late")
      const ended = Effect.callback<void>((resume) => void raw.once("end", () => resume(Effect.void)))
      raw.write(Buffer.from([0x88, 0x80, 1, 2, 3, 4]))
      yield* ended
      raw.destroy()
      const frames = received.subarray(received.indexOf("\r\n\r\n") + 4)
      assert.deepStrictEqual(frames, Buffer.from("\x88\x06\x03\xe8done", "latin1"))
    })
  )

  it.live("closes a socket that speaks at length before anyone listens", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const accepting = accepted(server)
      const ws = new WebSocket(`ws://127.0.0.1:${portOf(server)}`)
      ws.on("open", () => {
        for (let i = 0; i < 300; i++) ws.send("x")
      })
      const closed = Effect.callback<number>((resume) => void ws.once("close", (code) => resume(Effect.succeed(code))))
      const [, code] = yield* Effect.all([accepting, closed], { concurrency: 2 })
      assert.strictEqual(code, 1008)
    })
  )

  it.live("cuts off a peer that does not answer its close after two seconds", () =>
    Effect.gen(function* () {
      const server = yield* listening
      const ws = new WebSocket(`ws://127.0.0.1:${portOf(server)}`)
      ws.on("open", () => ws.pause())
      const before = performance.now()
      yield* Effect.scoped(accepted(server))
      const took = performance.now() - before
      assert.isTrue(took > 1900 && took < 4000, `took ${took} ms`)
      const connections = Effect.callback<number>((resume) => {
        server.getConnections((_, count) => resume(Effect.succeed(count)))
      })
      yield* Effect.repeat(connections, { until: (count) => count === 0 })
      ws.terminate()
    })
  )
})
