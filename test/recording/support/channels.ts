import type { Recorder } from "../../../src/recording/recorder.ts"

/** Both sides of a recording, as samples. */
export interface Channels {
  readonly left: Int16Array
  readonly right: Int16Array
}

/** 16-bit little-endian stereo as its two channels. */
export const channelsOf = (bytes: Uint8Array): Channels => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = Math.floor(bytes.length / 4)
  const side = (offset: number) => Int16Array.from({ length: count }, (_, i) => view.getInt16(i * 4 + offset, true))
  return { left: side(0), right: side(2) }
}

/** Everything that a recorder has ready at `now`; everything at all once it was stopped. */
export const takeAll = (recorder: Recorder, now: number): Buffer => {
  const block = new Uint8Array(8000 * 4)
  const blocks: Array<Buffer> = []
  for (let bytes = recorder.take(now, block); bytes > 0; bytes = recorder.take(now, block))
    blocks.push(Buffer.from(block.subarray(0, bytes)))
  return Buffer.concat(blocks)
}

/** The stretches that are not silent, as [first, end) samples; silences shorter than `within` samples belong to them. */
export const sounding = (samples: Int16Array, within = 1): ReadonlyArray<readonly [number, number]> => {
  const spans: Array<[number, number]> = []
  for (const [i, sample] of samples.entries()) {
    if (sample === 0) continue
    const last = spans.at(-1)
    if (last !== undefined && i - last[1] < within) last[1] = i + 1
    else spans.push([i, i + 1])
  }
  return spans
}
