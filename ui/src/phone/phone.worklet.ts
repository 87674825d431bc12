import { Framer } from "./framer.ts"
import { JitterBuffer } from "./jitterBuffer.ts"
import {
  CAPTURE,
  type FromCapture,
  type FromPlayout,
  PLAYOUT,
  type ProcessorOptions,
  type ToCapture,
  type ToPlayout
} from "./messages.ts"
import { Resampler } from "./resampler.ts"
import { dbfsOf, energyOf, pcmOf, samplesOf } from "./samples.ts"

// What an audio worklet has around it; the browser's types for pages do not.
declare const sampleRate: number
declare class AudioWorkletProcessor {
  readonly port: MessagePort
}
declare const registerProcessor: (
  name: string,
  processor: new (options: { readonly processorOptions: ProcessorOptions }) => AudioWorkletProcessor
) => void

type Channels = ReadonlyArray<ReadonlyArray<Float32Array>>

const FRAMES_PER_S = 50
const LEVELS_PER_S = 20
/** s. The service sends up to 0.2 s ahead. */
const TARGET_S = 0.06
const MOST_S = 1

/** Takes what the microphone hears, at the call's rate, in frames of 20 ms. Muted, or without a source, it takes silence. */
class Capture extends AudioWorkletProcessor {
  private readonly resampler: Resampler
  private readonly framer: Framer
  private readonly silence = new Float32Array(128)
  private isMuted = false

  constructor({ processorOptions: { rate } }: { readonly processorOptions: ProcessorOptions }) {
    super()
    this.resampler = new Resampler(sampleRate, rate)
    this.framer = new Framer(rate / FRAMES_PER_S)
    this.port.addEventListener("message", ({ data }: MessageEvent<ToCapture>) => {
      this.isMuted = data.muted
    })
    this.port.start()
  }

  process(inputs: Channels): boolean {
    const heard = inputs[0]?.[0]
    const samples = heard === undefined || this.isMuted ? this.silence : heard
    this.framer.push(this.resampler.convert(samples), (frame) => {
      const message: FromCapture = { pcm: pcmOf(frame), dbfs: dbfsOf(energyOf(frame), frame.length) }
      this.port.postMessage(message, [message.pcm])
    })
    return true
  }
}

/** Plays what the service sends, in order, evened out; tells of marks, and how loud it is. */
class Playout extends AudioWorkletProcessor {
  private readonly resampler: Resampler
  private readonly buffer: JitterBuffer
  private energy = 0
  private counted = 0

  constructor({ processorOptions: { rate } }: { readonly processorOptions: ProcessorOptions }) {
    super()
    this.resampler = new Resampler(rate, sampleRate)
    this.buffer = new JitterBuffer({ target: TARGET_S * sampleRate, most: MOST_S * sampleRate }, (name) =>
      this.tell({ type: "mark", name })
    )
    this.port.addEventListener("message", ({ data }: MessageEvent<ToPlayout>) => this.take(data))
    this.port.start()
  }

  private tell(message: FromPlayout) {
    this.port.postMessage(message, [])
  }

  private take(message: ToPlayout) {
    if (message.type === "audio") this.buffer.push(this.resampler.convert(samplesOf(message.pcm)))
    else if (message.type === "mark") this.buffer.mark(message.name)
    else {
      this.buffer.clear()
      this.resampler.reset()
    }
  }

  process(_: Channels, outputs: Channels): boolean {
    const [output, ...others] = outputs[0] ?? []
    if (output === undefined) return true
    this.buffer.pull(output)
    for (const other of others) other.set(output)
    this.energy += energyOf(output)
    this.counted += output.length
    if (this.counted >= sampleRate / LEVELS_PER_S) {
      this.tell({ type: "level", dbfs: dbfsOf(this.energy, this.counted) })
      this.energy = 0
      this.counted = 0
    }
    return true
  }
}

registerProcessor(CAPTURE, Capture)
registerProcessor(PLAYOUT, Playout)
