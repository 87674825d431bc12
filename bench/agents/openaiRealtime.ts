import { WebSocket } from "ws"
import { spec } from "../../src/agents/openaiRealtime/agent.ts"
import type { MeasuredKind } from "./kind.ts"
import { machineMs } from "./numbers.ts"

const model = "bench"
const response = "resp_1"
const g711 = { type: "audio/pcmu" }

const place = `"response_id":"${response}","item_id":"item_1","output_index":0,"content_index":0`

/** An event without fields that anybody needs here. */
const event = (type: string, more: object = {}) => JSON.stringify({ type, event_id: "event_0", ...more })

/**
 * A realtime model: JSON both ways, mu-law in base64. It takes every setting, and speaks in one response that does not end: a
 * piece of audio for each that it hears.
 */
export const openaiRealtime: MeasuredKind = {
  spec,
  takes: ({ encoding, sampleRate }) => encoding === "mulaw" && sampleRate === 8000,
  settings: (url) => ({ url, model }),
  answer: (socket, on) => {
    let serial = 0
    socket.send(event("session.created"))
    socket.on("message", (data: Buffer) => {
      const at = machineMs()
      const message = JSON.parse(data.toString())
      if (message.type === "input_audio_buffer.append") {
        const { audio } = message
        socket.send(`{"type":"response.output_audio.delta","event_id":"event_${++serial}",${place},"delta":"${audio}"}`)
        return on.audio(Buffer.from(audio, "base64"), at)
      }
      if (message.type !== "session.update") return
      socket.send(event("session.updated", { session: message.session }))
      if (message.session.audio.input.format?.type !== g711.type) return
      socket.send(event("response.created", { response: { id: response } }))
      on.ready()
    })
  },
  bridge: (url, _, say) => {
    const ws = new WebSocket(`${url}?model=${model}`, { perMessageDeflate: false })
    ws.on("open", () => {
      const audio = { input: { format: g711 }, output: { format: g711 } }
      ws.send(JSON.stringify({ type: "session.update", session: { type: "realtime", audio } }))
    })
    ws.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString())
      if (message.type === "response.output_audio.delta") say(message.delta)
    })
    return {
      hear: (payload) => {
        if (ws.readyState === ws.OPEN) ws.send(JSON.stringify({ type: "input_audio_buffer.append", audio: payload }))
      },
      close: () => ws.terminate()
    }
  }
}
