import { Effect, Schema } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import { kindNamed } from "./kinds.ts"
import { numberReader } from "./numbers.ts"
import { AwaitOrder, ownArguments, TimeSheet } from "./protocol.ts"

/** The agent of all calls, as a process of its own: echoes at once, and takes down when each frame came. The path names the call. */
const { format, kind } = ownArguments()
const { answer, subprotocol } = Effect.runSync(kindNamed(kind))

const sheet = new TimeSheet()
const ready = new Set<WebSocket>()
let awaited: number | undefined

const tell = () => {
  if (ready.size !== awaited) return
  awaited = undefined
  process.send?.("here")
}

const server = new WebSocketServer({
  port: 0,
  host: "127.0.0.1",
  perMessageDeflate: false,
  handleProtocols: () => subprotocol ?? false
})

server.on("connection", (socket, request) => {
  const [path = ""] = (request.url ?? "").split("?")
  const call = decodeURIComponent(path.slice(1))
  let at = 0
  const read = numberReader(format, (number) => sheet.note(call, number, at))
  socket.on("error", () => socket.terminate())
  socket.on("close", () => {
    ready.delete(socket)
    tell()
  })
  answer(socket, {
    ready: () => {
      ready.add(socket)
      tell()
    },
    audio: (bytes, arrivedAt) => {
      at = arrivedAt
      read(bytes)
    }
  })
})

server.on("listening", () => {
  const address = server.address()
  if (address !== null && typeof address !== "string") process.send?.({ port: address.port })
})

const isAwait = Schema.is(AwaitOrder)

process.on("message", (message) => {
  if (isAwait(message)) {
    awaited = message.calls
    tell()
  } else if (message === "reset") {
    sheet.reset()
    process.send?.("reset")
  } else process.send?.({ heard: sheet.read() })
})
process.on("disconnect", () => process.exit(0))
