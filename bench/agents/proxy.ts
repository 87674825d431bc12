import { Effect } from "effect"
import { WebSocketServer } from "ws"
import { report } from "../protocol.ts"
import { kindNamed } from "./kinds.ts"
import { ownArguments } from "./protocol.ts"

/**
 * What one writes by hand between a carrier's stream and an agent: a `ws` server, a `ws` client, `JSON.parse`, base64. No checks,
 * no pacing, no ledger, no bounds.
 */
const { agentUrl, format, kind } = ownArguments()
const { bridge } = Effect.runSync(kindNamed(kind))

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false })

server.on("connection", (ws, request) => {
  let streamSid = ""
  const say = (payload: string) => ws.send(JSON.stringify({ event: "media", streamSid, media: { payload } }))
  const agent = bridge(agentUrl + (request.url ?? ""), format, say)
  ws.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString())
    if (message.event === "start") streamSid = message.start.streamSid
    else if (message.event === "media") agent.hear(message.media.payload)
  })
  ws.on("close", agent.close)
})

server.on("listening", () => {
  const address = server.address()
  if (address !== null && typeof address !== "string") report(address.port)
})
