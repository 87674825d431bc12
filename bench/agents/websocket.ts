import { WebSocket } from "ws"
import { spec } from "../../src/agents/websocket/agent.ts"
import type { AudioFormat } from "../../src/Audio.ts"
import type { MeasuredKind } from "./kind.ts"
import { machineMs } from "./numbers.ts"
import { doubled, halved } from "./resampling.ts"

const subprotocol = "switchboard.v1"

const callStart = ({ encoding, sampleRate }: AudioFormat) =>
  JSON.stringify({
    type: "call.start",
    version: 1,
    versions: [1],
    call: { id: "by-hand", direction: "inbound", from: "+15005550006", to: "+15005550001", context: {} },
    audio: { encoding, sample_rate: sampleRate, frame_ms: 20 },
    resume_token: "by-hand"
  })

/** The agent protocol: JSON messages, and audio in binary ones. */
export const websocket: MeasuredKind = {
  spec,
  subprotocol,
  takes: ({ encoding, sampleRate }) =>
    sampleRate === 8000 ? encoding === "mulaw" : encoding === "pcm_s16le" && sampleRate === 16000,
  settings: (url, { encoding, sampleRate }) => ({ url, encoding, sample_rate: sampleRate }),
  answer: (socket, on) => {
    socket.on("message", (data, binary) => {
      if (!Buffer.isBuffer(data)) return
      if (binary) {
        const at = machineMs()
        socket.send(data)
        return on.audio(data, at)
      }
      if (JSON.parse(data.toString()).type !== "call.start") return
      socket.send(JSON.stringify({ type: "call.accept" }))
      on.ready()
    })
  },
  bridge: (url, format, say) => {
    const isSame = format.encoding === "mulaw"
    const double = doubled()
    const halve = halved()
    const ws = new WebSocket(url, subprotocol, { perMessageDeflate: false })
    ws.on("open", () => ws.send(callStart(format)))
    ws.on("message", (data: Buffer, binary) => {
      if (binary) say((isSame ? data : halve(data)).toString("base64"))
    })
    return {
      hear: (payload) => {
        const law = Buffer.from(payload, "base64")
        if (ws.readyState === ws.OPEN) ws.send(isSame ? law : double(law))
      },
      close: () => ws.terminate()
    }
  }
}
