import { Schema } from "effect"

/** A server under test says where it listens. */
export const Ready = Schema.Struct({ port: Schema.Finite })

/** CPU time of a server since its start, µs. */
export const Cpu = Schema.Struct({ user: Schema.Finite, system: Schema.Finite })

/** Resident memory of a server after a garbage collection, bytes. */
export const Memory = Schema.Struct({ rss: Schema.Finite })

/** What the load process is told. The provider is the carrier whose wire format it speaks. */
export const LoadOrder = Schema.Struct({ port: Schema.Finite, calls: Schema.Finite, provider: Schema.String })

/** What the load process has seen since the last reset. Times in ms. */
export const LoadResult = Schema.Struct({
  sent: Schema.Finite,
  echoed: Schema.Finite,
  p50: Schema.Finite,
  p99: Schema.Finite,
  max: Schema.Finite,
  lost: Schema.Finite,
  /** What the carrier said about a message that it does not take. */
  complaint: Schema.optionalKey(Schema.String)
})
export type LoadResult = typeof LoadResult.Type

const memory = (): typeof Memory.Type => {
  globalThis.gc?.()
  return { rss: process.memoryUsage.rss() }
}

/** For a server under test: tells the parent process where it listens, then answers "cpu" and "memory". */
export const report = (port: number): void => {
  process.on("message", (order) => process.send?.(order === "memory" ? memory() : process.cpuUsage()))
  process.on("disconnect", () => process.exit(0))
  process.send?.({ port })
}
