import { WebSocket } from "ws"
import type { CarrierStream } from "../../src/simulator/SimulatorModule.ts"
import { machineMs, numberedFrame, numberOf, numberReader } from "./numbers.ts"

/** Where the base64 of a message's audio lies. */
interface Layout {
  readonly at: number
  readonly end: number
}

/** What a caller tells. Times in ms of the machine's clock. */
export interface TalkerEvents {
  readonly said: (call: string, number: number, at: number) => void
  /** A frame came back after so many ms. */
  readonly echoed: (roundTripMs: number) => void
}

/**
 * A caller of a carrier whose messages are JSON with base64: says numbered frames and finds the numbers in what comes back. The
 * carrier's strict reader reads a message only once for each length: the same length holds audio in the same place.
 */
export class Talker {
  readonly ws: WebSocket
  readonly frameMs: number
  nextAt = 0
  readonly complaints: Array<string> = []
  private readonly call: string
  private readonly dialect: CarrierStream["dialect"]
  private readonly events: TalkerEvents
  private readonly saidAt: Array<number> = []
  private readonly read: (bytes: Uint8Array) => void
  private readonly layouts = new Map<number, Layout | undefined>()
  private spoken = 0

  constructor(serverUrl: string, { dialect, providerCallId }: CarrierStream, events: TalkerEvents) {
    this.call = providerCallId
    this.dialect = dialect
    this.events = events
    this.frameMs = dialect.frameMs
    this.read = numberReader(dialect.format, (number) => {
      const saidAt = this.saidAt[number]
      if (saidAt !== undefined) events.echoed(machineMs() - saidAt)
    })
    this.ws = new WebSocket(`${serverUrl}/${encodeURIComponent(providerCallId)}`, { perMessageDeflate: false })
    this.ws.on("message", (data: Buffer, binary) => this.heard(data, binary))
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

  speak() {
    const number = numberOf(this.spoken)
    const frame = numberedFrame(this.dialect.format, this.frameMs, number)
    const wire = this.dialect.audio(frame, this.spoken * this.frameMs)
    this.spoken += 1
    const at = machineMs()
    this.saidAt[number] = at
    this.events.said(this.call, number, at)
    this.ws.send(wire)
  }

  private heard(data: Buffer, binary: boolean) {
    if (!this.layouts.has(data.length)) this.layouts.set(data.length, this.learn(data, binary))
    const layout = this.layouts.get(data.length)
    if (layout !== undefined) this.read(Buffer.from(data.toString("latin1", layout.at, layout.end), "base64"))
  }

  private learn(data: Buffer, binary: boolean): Layout | undefined {
    const command = this.dialect.read(data, binary)
    if (command._tag === "Invalid") this.complaints.push(command.error)
    if (command._tag !== "Audio") return undefined
    const payload = Buffer.from(command.bytes).toString("base64")
    const at = data.indexOf(payload)
    return at < 0 ? undefined : { at, end: at + payload.length }
  }
}
