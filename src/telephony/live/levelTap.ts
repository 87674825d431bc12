import { type AudioChunk, type AudioFormat, bytesPerSample } from "../../Audio.ts"
import { reader } from "../../audio/samples.ts"
import type { MediaTap, TransportInfo } from "../../Transport.ts"

/** Full scale of a sample. */
const fullScale = 32768
/** Quieter than this is silence, dBFS. */
const silence = -90

/** Adds up the energy of one side until somebody asks. */
class Side {
  private readonly format: AudioFormat
  private samples = new Int16Array(960)
  private energy = 0
  private count = 0

  constructor(format: AudioFormat) {
    this.format = format
  }

  add(chunk: AudioChunk) {
    const count = Math.floor(chunk.length / bytesPerSample(this.format))
    if (count > this.samples.length) this.samples = new Int16Array(count)
    const { samples } = this
    reader[this.format.encoding](chunk, 0, count, samples)
    let energy = 0
    for (let i = 0; i < count; i++) {
      const sample = samples[i] ?? 0
      energy += sample * sample
    }
    this.energy += energy
    this.count += count
  }

  take(): number | null {
    const rms = this.count === 0 ? 0 : Math.sqrt(this.energy / this.count) / fullScale
    this.energy = 0
    this.count = 0
    const dbfs = 20 * Math.log10(rms)
    return dbfs < silence ? null : Math.round(dbfs * 10) / 10
  }
}

/** How loud both sides of a call are: the RMS in dBFS since the last look; null is silence, or nothing at all. */
export class LevelTap implements MediaTap {
  private readonly caller: Side
  private readonly agent: Side

  constructor({ incomingFormat, outgoingFormat }: Pick<TransportInfo, "incomingFormat" | "outgoingFormat">) {
    this.caller = new Side(incomingFormat)
    this.agent = new Side(outgoingFormat)
  }

  missed() {}

  heard(chunk: AudioChunk) {
    this.caller.add(chunk)
  }

  sent(frame: AudioChunk) {
    this.agent.add(frame)
  }

  unheard() {}

  take(): { readonly caller: number | null; readonly agent: number | null } {
    return { caller: this.caller.take(), agent: this.agent.take() }
  }
}
