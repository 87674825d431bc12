import type { AudioFormat } from "../../src/Audio.ts"
import { median } from "../words.ts"
import type { Measured, Spread } from "./measure.ts"

/** What the bench is to show. */
export const targets = { ratio: 1.5, toAgentP99Ms: 5 }

const spreadInWords = ({ max, p50, p99 }: Spread) =>
  `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, max ${max.toFixed(1)} ms`

/** One measurement in a line. */
export const described = (name: string, measured: Measured) =>
  [
    `${name.padEnd(12)} ${measured.microsPerFrame.toFixed(1)} µs of CPU per frame (${measured.userMicrosPerFrame.toFixed(1)} of it user)`,
    `to the agent ${spreadInWords(measured.toAgent)}`,
    `round trip ${spreadInWords(measured.roundTrip)}`,
    `${measured.echoed} frames, ${measured.lost} lost`,
    ...(measured.complaint === undefined ? [] : [`REFUSED BY THE CARRIER: ${measured.complaint}`])
  ].join(" · ")

/** One kind's rounds: Switchboard's and those of the hand-written proxy, in the same order. */
export interface Compared {
  readonly kind: string
  readonly format: AudioFormat
  readonly ours: ReadonlyArray<Measured>
  readonly proxy: ReadonlyArray<Measured>
}

const medianOf = (rounds: ReadonlyArray<Measured>, read: (measured: Measured) => number) => median(rounds.map(read))

const rowOf = ({ format, kind, ours, proxy }: Compared) => ({
  kind,
  audio: `${format.encoding} ${format.sampleRate}`,
  micros: medianOf(ours, ({ microsPerFrame }) => microsPerFrame),
  proxyMicros: medianOf(proxy, ({ microsPerFrame }) => microsPerFrame),
  ratio: median(ours.map(({ microsPerFrame }, round) => microsPerFrame / (proxy[round]?.microsPerFrame ?? 0))),
  p50: medianOf(ours, ({ toAgent }) => toAgent.p50),
  p99: medianOf(ours, ({ toAgent }) => toAgent.p99),
  proxyP50: medianOf(proxy, ({ toAgent }) => toAgent.p50),
  proxyP99: medianOf(proxy, ({ toAgent }) => toAgent.p99),
  roundTripP99: medianOf(ours, ({ roundTrip }) => roundTrip.p99)
})

/** The medians of the rounds as a table, and which kinds miss a target. */
export const table = (compared: ReadonlyArray<Compared>) => {
  const rows = compared.map(rowOf)
  const missed = rows.filter(({ p99, ratio }) => ratio > targets.ratio || p99 > targets.toAgentP99Ms)
  return [
    "| agent | audio | CPU per frame | by hand | ratio | to the agent p50 | p99 | by hand p50 | p99 | round trip p99 |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map((row) =>
      [
        `| ${row.kind}`,
        row.audio,
        `${row.micros.toFixed(1)} µs`,
        `${row.proxyMicros.toFixed(1)} µs`,
        row.ratio.toFixed(2),
        ...[row.p50, row.p99, row.proxyP50, row.proxyP99].map((ms) => `${ms.toFixed(2)} ms`),
        `${row.roundTripP99.toFixed(2)} ms |`
      ].join(" | ")
    ),
    `above a ratio of ${targets.ratio}, or ${targets.toAgentP99Ms} ms to the agent (p99): ${missed.length === 0 ? "none" : missed.map(({ kind }) => kind).join(", ")}`
  ]
}
