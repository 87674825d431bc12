import { cpus, loadavg } from "node:os"
import type { Measured } from "./measure.ts"

/** A carrier that costs more than this many times the first one's CPU stands out. */
export const tooDear = 1.5

export const median = (numbers: ReadonlyArray<number>) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

/** What was measured on, and how busy it was before. */
export const machine = () => {
  const [cpu] = cpus()
  return `${cpu?.model ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.version}, load average ${loadavg()[0]?.toFixed(1)} before`
}

/** One measurement in a line. */
export const described = (name: string, { load, ...measured }: Measured) =>
  [
    `${name.padEnd(12)} ${measured.microsPerFrame.toFixed(1)} µs of CPU per frame (${measured.userMicrosPerFrame.toFixed(1)} of it user)`,
    `round trip p50 ${load.p50.toFixed(2)} ms, p99 ${load.p99.toFixed(2)} ms, max ${load.max.toFixed(1)} ms`,
    `${measured.kilobytesPerCall.toFixed(1)} KB per call`,
    `${load.echoed} frames, ${load.lost} not yet back`,
    ...(load.complaint === undefined ? [] : [`REFUSED BY THE CARRIER: ${load.complaint}`])
  ].join(" · ")

/** The rounds of each carrier as a table of medians, and which of them stand out. The first one is what the others are compared with. */
export const compared = (rounds: ReadonlyMap<string, ReadonlyArray<Measured>>) => {
  const rows = Array.from(rounds, ([name, measured]) => ({
    name,
    micros: median(measured.map(({ microsPerFrame }) => microsPerFrame)),
    user: median(measured.map(({ userMicrosPerFrame }) => userMicrosPerFrame)),
    p99: median(measured.map(({ load }) => load.p99)),
    kilobytes: median(measured.map(({ kilobytesPerCall }) => kilobytesPerCall))
  }))
  const [first] = rows
  if (first === undefined) return []
  const ratioOf = ({ micros }: { readonly micros: number }) => micros / first.micros
  const dear = rows.filter((row) => ratioOf(row) > tooDear).map(({ name }) => name)
  return [
    `| provider | CPU per frame | of it user | ratio to ${first.name} | round trip p99 | KB per call |`,
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.map((row) =>
      [
        `| ${row.name}`,
        `${row.micros.toFixed(1)} µs`,
        `${row.user.toFixed(1)} µs`,
        ratioOf(row).toFixed(2),
        `${row.p99.toFixed(1)} ms`,
        `${row.kilobytes.toFixed(0)} |`
      ].join(" | ")
    ),
    `above ${tooDear}: ${dear.length === 0 ? "none" : dear.join(", ")}`
  ]
}
