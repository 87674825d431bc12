import { WebSocket } from "ws"
import { spec } from "../../src/agents/websocket/agent.ts"
import type { AudioFormat } from "../../src/Audio.ts"
import { decodeTable, encodeTable } from "../companding.ts"
import type { MeasuredKind } from "./kind.ts"
import { machineMs } from "./numbers.ts"

const subprotocol = "switchboard.v1"

/** By hand: every mu-law sample becomes two linear ones, the first halfway from the one before. */
const doubled = () => {
  let last = 0
  return (law: Buffer) => {
    const out = Buffer.allocUnsafe(law.length * 4)
    for (let i = 0; i < law.length; i++) {
      const sample = decodeTable[law[i] ?? 0] ?? 0
      out.writeInt16LE((last + sample) >> 1, i * 4)
      out.writeInt16LE(sample, i * 4 + 2)
      last = sample
    }
    return out
  }
}

/** By hand: two linear samples become one of mu-law, their mean. */
const halved = (pcm: Buffer) => {
  const out = Buffer.allocUnsafe(Math.floor(pcm.length / 4))
  for (let i = 0; i < out.length; i++) {
    out[i] = encodeTable[((pcm.readInt16LE(i * 4) + pcm.readInt16LE(i * 4 + 2)) >> 1) & 0xffff] ?? 0
  }
  return out
}

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
    const ws = new WebSocket(url, subprotocol, { perMessageDeflate: false })
    ws.on("open", () => ws.send(callStart(format)))
    ws.on("message", (data: Buffer, binary) => {
      if (binary) say((isSame ? data : halved(data)).toString("base64"))
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
