import { Schema } from "effect"
import { WebSocket } from "ws"
import { LoadOrder, type LoadResult } from "./protocol.ts"

const frameMs = 20
const payloadBytes = 160
/** Frames of a call that may be on their way; a longer delay than this many frames counts as lost. */
const inFlight = 1024

/** A caller: speaks a frame of mu-law every 20 ms and measures when it hears it again. */
class Caller {
  readonly ws: WebSocket
  private readonly streamSid: string
  private readonly callSid: string
  private readonly measure: (roundTripMs: number) => void
  private readonly sentAt = new Float64Array(inFlight)
  private readonly audio = Buffer.alloc(payloadBytes)
  private sequence = 0
  nextAt = 0

  constructor(url: string, index: number, measure: (roundTripMs: number) => void) {
    const id = index.toString(16).padStart(32, "0")
    this.streamSid = `MZ${id}`
    this.callSid = `CA${id}`
    this.measure = measure
    for (let i = 0; i < payloadBytes; i++) this.audio[i] = 0x80 + ((i * 37 + index) % 0x70)
    this.ws = new WebSocket(url, { perMessageDeflate: false })
    this.ws.on("message", (data) => this.heard(data))
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.ws.once("error", reject)
      this.ws.once("open", () => {
        const start = {
          accountSid: `AC${"0".repeat(32)}`,
          streamSid: this.streamSid,
          callSid: this.callSid,
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters: {}
        }
        this.ws.send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }))
        this.ws.send(JSON.stringify({ event: "start", sequenceNumber: "1", start, streamSid: this.streamSid }))
        resolve()
      })
    })
  }

  /** The number of a frame travels in its first three bytes, six bits each: values that mu-law keeps. */
  speak(now: number) {
    const n = this.sequence++
    this.audio[0] = 0x80 | (n & 63)
    this.audio[1] = 0x80 | ((n >> 6) & 63)
    this.audio[2] = 0x80 | ((n >> 12) & 63)
    this.sentAt[n % inFlight] = now
    const payload = this.audio.toString("base64")
    this.ws.send(
      `{"event":"media","sequenceNumber":"${n + 2}","media":{"track":"inbound","chunk":"${n + 1}","timestamp":"${n * frameMs}","payload":"${payload}"},"streamSid":"${this.streamSid}"}`
    )
  }

  private heard(data: WebSocket.RawData) {
    if (!Buffer.isBuffer(data)) return
    const at = data.indexOf('"payload":"')
    if (at < 0) return
    const number = Buffer.from(data.toString("latin1", at + 11, at + 15), "base64")
    const n = ((number[0] ?? 0) & 63) | (((number[1] ?? 0) & 63) << 6) | (((number[2] ?? 0) & 63) << 12)
    this.measure(performance.now() - (this.sentAt[n % inFlight] ?? 0))
  }
}

/** Calls that speak on absolute deadlines, their frames spread evenly over the 20 ms. */
class Load {
  private callers: Array<Caller> = []
  private sent = 0
  private trips: Array<number> = []
  private timer: NodeJS.Timeout | undefined

  async start({ port, calls }: typeof LoadOrder.Type) {
    const measure = (ms: number) => void this.trips.push(ms)
    this.callers = Array.from({ length: calls }, (_, i) => new Caller(`ws://127.0.0.1:${port}/`, i, measure))
    await Promise.all(this.callers.map((caller) => caller.open()))
    const begin = performance.now()
    for (const [i, caller] of this.callers.entries()) caller.nextAt = begin + (i * frameMs) / calls
    this.timer = setInterval(() => this.speak(), 1)
  }

  reset() {
    this.sent = 0
    this.trips = []
  }

  result(): LoadResult {
    const sorted = Float64Array.from(this.trips).sort()
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    const echoed = sorted.length
    return { sent: this.sent, echoed, p50: at(0.5), p99: at(0.99), max: at(1), lost: Math.max(0, this.sent - echoed) }
  }

  stop() {
    clearInterval(this.timer)
    for (const caller of this.callers) caller.ws.terminate()
  }

  private speak() {
    const now = performance.now()
    for (const caller of this.callers) {
      while (caller.nextAt <= now) {
        caller.speak(now)
        caller.nextAt += frameMs
        this.sent++
      }
    }
  }
}

const load = new Load()
const isOrder = Schema.is(LoadOrder)

process.on("message", (message) => {
  if (isOrder(message)) void load.start(message).then(() => process.send?.("started"))
  else if (message === "reset") {
    load.reset()
    process.send?.("reset")
  } else if (message === "result") process.send?.(load.result())
  else load.stop()
})
process.on("disconnect", () => process.exit(0))
