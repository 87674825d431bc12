import { WebSocketServer } from "ws"
import { decodeTable, encodeTable } from "./companding.ts"
import { report } from "./protocol.ts"

/**
 * What one writes by hand for this job: `ws`, `JSON.parse`, base64, mu-law to linear and back by tables, and the echo sent
 * at once. No checks, no pacing, no ledger, no scopes.
 */
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false })

server.on("connection", (ws) => {
  let streamSid = ""
  ws.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString())
    if (message.event === "start") streamSid = message.start.streamSid
    if (message.event !== "media") return
    const law = Buffer.from(message.media.payload, "base64")
    const pcm = new Int16Array(law.length)
    for (let i = 0; i < law.length; i++) pcm[i] = decodeTable[law[i] ?? 0] ?? 0
    const out = Buffer.allocUnsafe(pcm.length)
    for (let i = 0; i < pcm.length; i++) out[i] = encodeTable[(pcm[i] ?? 0) & 0xffff] ?? 0
    ws.send(JSON.stringify({ event: "media", streamSid, media: { payload: out.toString("base64") } }))
  })
})

server.on("listening", () => {
  const address = server.address()
  if (address !== null && typeof address !== "string") report(address.port)
})
