/**
 * A voice agent for Switchboard that plays back what the caller says. Protocol: docs/agent-protocol.md
 *
 *   npm i ws
 *   node echo-agent.mjs 9000 a-long-shared-secret
 *
 * Then make an agent of kind "websocket" with the URL ws://127.0.0.1:9000 and the same secret. Try the keys of the phone:
 * 1 asks for a mark, * is a barge-in, # hangs up.
 */
import { WebSocketServer } from "ws"

const [port = "9000", secret = ""] = process.argv.slice(2)
const print = (line) => process.stdout.write(`${line}\n`)

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(port),
  handleProtocols: (offered) => offered.has("switchboard.v1") && "switchboard.v1",
  verifyClient: ({ req }) => secret === "" || req.headers.authorization === `Bearer ${secret}`
})

server.on("listening", () => print(`listening on ws://127.0.0.1:${server.address().port}`))

server.on("connection", (socket) => {
  const say = (message) => socket.send(JSON.stringify(message))

  const on = {
    "call.start": ({ call, audio, resumed }) => {
      print(`call ${call.id} from ${call.from} to ${call.to}: ${audio.encoding} at ${audio.sample_rate} Hz`)
      if (resumed) print(`it comes back after its connection was lost, for the ${resumed.attempt}. time`)
      say({ type: "call.accept", agent: { name: "echo", version: "1" } })
    },
    digit: ({ digit }) => {
      say({ type: "event", name: "key", data: { digit } })
      if (digit === "1") say({ type: "mark", name: "heard everything" })
      if (digit === "*") say({ type: "clear" })
      if (digit === "#") say({ type: "hangup" })
    },
    mark: ({ name, heard_ms }) => print(`${name} after ${heard_ms} ms`),
    cleared: ({ heard_ms, dropped_ms }) => print(`cleared: ${heard_ms} ms were heard, ${dropped_ms} ms were not`),
    event: ({ name, data }) => print(`an operator says ${name}: ${JSON.stringify(data)}`),
    error: ({ code, message }) => print(`${code}: ${message}`),
    "call.end": ({ reason, owner }) => print(`the call ended: ${reason} (${owner})`)
  }

  socket.on("message", (data, isBinary) => {
    if (isBinary) return socket.send(data)
    const message = JSON.parse(data)
    on[message.type]?.(message)
  })
  socket.on("error", (error) => print(error.message))
})
