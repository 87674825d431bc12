import { groupBytes } from "./timeline.ts"

/** How loud each part of a recording is at its loudest, 0 to 1. */
export interface Peaks {
  readonly caller: ReadonlyArray<number>
  readonly agent: ReadonlyArray<number>
}

const rounded = (peaks: Float64Array) => Array.from(peaks, (peak) => Math.round((peak / 32_768) * 1000) / 1000)

/** Takes a recording's audio (16-bit little-endian samples, left and right in turn) in pieces of any length, and finds its peaks. */
export class PeakFinder {
  private readonly groups: number
  private readonly left: Float64Array
  private readonly right: Float64Array
  /** The bytes of a group that came in two pieces. */
  private readonly rest = new Uint8Array(groupBytes)
  private restLength = 0
  private position = 0

  /** At most `buckets` parts of equal length, of audio of so many bytes. */
  constructor(dataBytes: number, buckets: number) {
    this.groups = Math.floor(dataBytes / groupBytes)
    const count = Math.min(buckets, this.groups)
    this.left = new Float64Array(count)
    this.right = new Float64Array(count)
  }

  add(bytes: Uint8Array) {
    let at = 0
    while (this.restLength > 0 && this.restLength < groupBytes && at < bytes.length) {
      this.rest[this.restLength++] = bytes[at++] ?? 0
    }
    if (this.restLength === groupBytes) {
      this.group(this.rest, 0)
      this.restLength = 0
    }
    for (; at + groupBytes <= bytes.length; at += groupBytes) this.group(bytes, at)
    for (; at < bytes.length; at++) this.rest[this.restLength++] = bytes[at] ?? 0
  }

  get peaks(): Peaks {
    return { caller: rounded(this.left), agent: rounded(this.right) }
  }

  private group(bytes: Uint8Array, at: number) {
    if (this.position >= this.groups) return
    const bucket = Math.floor((this.position++ * this.left.length) / this.groups)
    const left = Math.abs((((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)) << 16) >> 16)
    const right = Math.abs((((bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8)) << 16) >> 16)
    if (left > (this.left[bucket] ?? 0)) this.left[bucket] = left
    if (right > (this.right[bucket] ?? 0)) this.right[bucket] = right
  }
}
