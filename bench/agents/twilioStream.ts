import { WebSocket } from "ws"
import { spec } from "../../src/agents/twilioStream/agent.ts"
import type { MeasuredKind } from "./kind.ts"
import { machineMs } from "./numbers.ts"

/** A bot for Twilio Media Streams: JSON both ways, mu-law at 8 kHz in base64. */
export const twilioStream: MeasuredKind = {
  spec,
  takes: ({ encoding, sampleRate }) => encoding === "mulaw" && sampleRate === 8000,
  settings: (url) => ({ url }),
  answer: (socket, on) => {
    let streamSid = ""
    socket.on("message", (data: Buffer) => {
      const at = machineMs()
      const message = JSON.parse(data.toString())
      if (message.event === "start") {
        streamSid = message.start.streamSid
        on.ready()
      } else if (message.event === "media") {
        const { payload } = message.media
        socket.send(JSON.stringify({ event: "media", streamSid, media: { payload } }))
        on.audio(Buffer.from(payload, "base64"), at)
      }
    })
  },
  bridge: (url, _, say) => {
    const streamSid = "MZ00000000000000000000000000000001"
    let sequence = 0
    const ws = new WebSocket(url, { perMessageDeflate: false })
    const send = (event: string, body: object) => {
      if (ws.readyState !== ws.OPEN) return
      ws.send(JSON.stringify({ event, sequenceNumber: String(++sequence), streamSid, ...body }))
    }
    ws.on("open", () => {
      ws.send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }))
      send("start", {
        start: {
          accountSid: "AC00000000000000000000000000000001",
          callSid: "CA00000000000000000000000000000001",
          streamSid,
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters: {}
        }
      })
    })
    ws.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString())
      if (message.event === "media") say(message.media.payload)
    })
    let chunk = 0
    return {
      hear: (payload) => {
        const timestamp = String(chunk++ * 20)
        send("media", { media: { track: "inbound", chunk: String(chunk), timestamp, payload } })
      },
      close: () => ws.terminate()
    }
  }
}
