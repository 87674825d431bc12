/** Plays what another thread sends it, both directions of a call. Runs in the browser's audio thread. */

declare class AudioWorkletProcessor {
  readonly port: MessagePort
}
declare const registerProcessor: (name: string, processor: typeof AudioWorkletProcessor) => void
declare const sampleRate: number

/** So much is gathered before anything is heard, s: the network is not as regular as the ear. */
const START_S = 0.2
/** More than this is not kept: who listens wants to hear what is said now. */
const MOST_S = 1

const CHANNELS = 2
const FULL_SCALE = 32768

class Listen extends AudioWorkletProcessor {
  private readonly size = Math.ceil(MOST_S * sampleRate)
  private readonly ring = [new Float32Array(this.size), new Float32Array(this.size)]
  private start = 0
  private filled = 0
  private waiting = true

  constructor() {
    super()
    this.port.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => this.take(new Int16Array(data)))
    this.port.start()
  }

  /** Takes interleaved samples, caller first. */
  private take(samples: Int16Array) {
    const frames = Math.floor(samples.length / CHANNELS)
    for (let frame = 0; frame < frames; frame++) {
      const at = (this.start + this.filled) % this.size
      for (const [channel, ring] of this.ring.entries())
        ring[at] = (samples[frame * CHANNELS + channel] ?? 0) / FULL_SCALE
      if (this.filled < this.size) this.filled++
      else this.start = (this.start + 1) % this.size
    }
    if (this.filled >= START_S * sampleRate) this.waiting = false
  }

  process(_inputs: ReadonlyArray<ReadonlyArray<Float32Array>>, [output]: ReadonlyArray<ReadonlyArray<Float32Array>>) {
    const frames = output?.[0]?.length ?? 0
    if (output === undefined || this.waiting) return true
    const have = Math.min(frames, this.filled)
    for (const [channel, ring] of this.ring.entries()) {
      const target = output[channel]
      if (target === undefined) continue
      for (let frame = 0; frame < have; frame++) target[frame] = ring[(this.start + frame) % this.size] ?? 0
    }
    this.start = (this.start + have) % this.size
    this.filled -= have
    if (have < frames) this.waiting = true
    return true
  }
}

registerProcessor("listen", Listen)
