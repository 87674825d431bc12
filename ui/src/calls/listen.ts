import { useCallback, useEffect, useRef, useState } from "react"
import { addressOf } from "../api/request.ts"
import processor from "./listenProcessor.ts?worker&url"

export type Listening = "idle" | "connecting" | "listening" | "over" | "refused"

const NORMAL = 1000
const DEFAULT_RATE = 8000

const rateOf = (text: string): number => {
  const format: unknown = JSON.parse(text)
  return typeof format === "object" &&
    format !== null &&
    "sample_rate" in format &&
    typeof format.sample_rate === "number"
    ? format.sample_rate
    : DEFAULT_RATE
}

/** A player of two channels, the caller left and the agent right. */
const openPlayer = async (sampleRate: number, volume: number) => {
  const context = new AudioContext({ sampleRate })
  await context.audioWorklet.addModule(processor)
  const player = new AudioWorkletNode(context, "listen", { numberOfInputs: 0, outputChannelCount: [2] })
  const gain = new GainNode(context, { gain: volume })
  player.connect(gain).connect(context.destination)
  await context.resume()
  return { context, gain, play: (samples: ArrayBuffer) => player.port.postMessage(samples, [samples]) }
}

const addressFor = (callId: string) => {
  const address = new URL(addressOf("/api/v1/telephony/calls/:id/listen", { params: { id: callId } }), location.href)
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:"
  return address
}

/** Lets a person hear a call without being heard. Stops when the page is left or the call ends. */
export const useListening = (callId: string) => {
  const [state, setState] = useState<Listening>("idle")
  const [volume, setVolume] = useState(1)
  const ear = useRef<{ socket: WebSocket; player?: Awaited<ReturnType<typeof openPlayer>> }>(undefined)

  const stop = useCallback(() => {
    const open = ear.current
    ear.current = undefined
    open?.socket.close(NORMAL)
    void open?.player?.context.close()
  }, [])
  useEffect(() => stop, [stop, callId])

  const start = () => {
    stop()
    const socket = new WebSocket(addressFor(callId))
    socket.binaryType = "arraybuffer"
    const mine: NonNullable<typeof ear.current> = { socket }
    ear.current = mine
    setState("connecting")
    const open = async (text: string) => {
      const player = await openPlayer(rateOf(text), volume)
      if (ear.current !== mine) return player.context.close()
      mine.player = player
      setState("listening")
    }
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== "string") mine.player?.play(data)
      else
        void open(data).catch(() => {
          setState("refused")
          stop()
        })
    })
    socket.addEventListener("close", ({ code }) => {
      if (ear.current !== mine) return
      stop()
      setState(code === NORMAL ? "over" : "refused")
    })
  }
  return {
    state,
    start,
    stop: () => {
      stop()
      setState("idle")
    },
    volume,
    setVolume: (next: number) => {
      setVolume(next)
      const player = ear.current?.player
      if (player !== undefined) player.gain.gain.value = next
    }
  }
}
