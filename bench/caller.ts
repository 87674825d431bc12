import { WebSocket } from "ws"
import { bytesForMs } from "../src/Audio.ts"
import type { CarrierStream } from "../src/simulator/SimulatorModule.ts"

/** Frames of a call that may be on their way; a longer delay than this many frames counts as lost. */
const inFlight = 1024

/** How audio lies in a message: where the number of its first frame is, and how many frames there are. */
interface Layout {
  readonly at: number
  readonly inBase64: boolean
  readonly frames: number
}

/** Gets the round trip of a message's first frame, ms, how many frames the message holds, and the first one's number. */
type Measure = (roundTripMs: number, frames: number, number: number) => void

/** The number of a frame travels in its first three bytes, six bits each: values that every encoding keeps. */
const writeNumber = (frame: Uint8Array, n: number) => {
  frame[0] = 0x80 | (n & 63)
  frame[1] = 0x80 | ((n >> 6) & 63)
  frame[2] = 0x80 | ((n >> 12) & 63)
}
const readNumber = (bytes: Uint8Array) =>
  ((bytes[0] ?? 0) & 63) | (((bytes[1] ?? 0) & 63) << 6) | (((bytes[2] ?? 0) & 63) << 12)

/**
 * A caller: speaks a frame in the carrier's way and measures when it hears it again. Messages to it are read by the carrier's
 * own strict reader only once for each length: the same length holds audio in the same place. So a caller costs nearly the same
 * for every carrier, and keeps its time.
 */
export class Caller {
  readonly ws: WebSocket
  readonly frameMs: number
  nextAt = 0
  /** Messages that the carrier does not take, in its words. */
  readonly complaints: Array<string> = []
  private readonly dialect: CarrierStream["dialect"]
  private readonly measure: Measure
  private readonly sentAt = new Float64Array(inFlight)
  private readonly frame: Uint8Array
  private readonly layouts = new Map<number, Layout>()
  private sequence = 0

  constructor(serverUrl: string, { dialect, providerCallId }: CarrierStream, measure: Measure) {
    this.dialect = dialect
    this.measure = measure
    this.frameMs = dialect.frameMs
    this.frame = new Uint8Array(bytesForMs(dialect.format, dialect.frameMs))
    for (let i = 0; i < this.frame.length; i++) this.frame[i] = 0x80 + ((i * 37) % 0x70)
    this.ws = new WebSocket(`${serverUrl}/${encodeURIComponent(providerCallId)}`, { perMessageDeflate: false })
    this.ws.on("message", (data, binary) => {
      if (Buffer.isBuffer(data)) this.heard(data, binary)
    })
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.ws.once("error", reject)
      this.ws.once("open", () => {
        for (const wire of this.dialect.greeting()) this.ws.send(wire)
        this.ws.send(this.dialect.start({ wrongCall: false }))
        resolve()
      })
    })
  }

  speak(now: number) {
    const n = this.sequence++
    // A message may still be on its way: bytes that are sent as they are must not change.
    const frame = Uint8Array.from(this.frame)
    writeNumber(frame, n)
    this.sentAt[n % inFlight] = now
    this.ws.send(this.dialect.audio(frame, n * this.frameMs))
  }

  private heard(data: Buffer, binary: boolean) {
    const layout = this.layouts.get(data.length) ?? this.learn(data, binary)
    if (layout === undefined) return
    const { at, frames, inBase64 } = layout
    const n = readNumber(inBase64 ? Buffer.from(data.toString("latin1", at, at + 4), "base64") : data)
    this.measure(performance.now() - (this.sentAt[n % inFlight] ?? 0), frames, n)
  }

  private learn(data: Buffer, binary: boolean): Layout | undefined {
    const command = this.dialect.read(data, binary)
    if (command._tag === "Invalid") this.complaints.push(command.error)
    if (command._tag !== "Audio") return undefined
    const { bytes } = command
    const at = binary ? 0 : data.indexOf(Buffer.from(bytes.subarray(0, 3)).toString("base64"))
    const layout = { at, inBase64: !binary, frames: bytes.length / this.frame.length }
    this.layouts.set(data.length, layout)
    return layout
  }
}
