import { monitorEventLoopDelay } from "node:perf_hooks"
import { Effect, Layer, Metric, Schedule } from "effect"
import { eventLoopDelay } from "../telephony/metrics.ts"

const resolutionMs = 10
const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000)

const quantiles = [50, 99, 100].map((percent) => ({
  percent,
  gauge: eventLoopDelay(String(percent / 100))
}))

const residentMemory = Metric.gauge("process_resident_memory_bytes", {
  description: "Memory of the process, the embedded database included"
})
const heapUsed = Metric.gauge("nodejs_heap_size_used_bytes", { description: "Heap in use by JavaScript objects" })
const activeResources = Metric.gauge("nodejs_active_resources", {
  description: "Sockets, timers and other things that keep the event loop going, by type"
})

/** A type that is gone keeps its gauge, at zero. */
const countResources = (known: Set<string>) =>
  Effect.suspend(() => {
    const now = Map.groupBy(process.getActiveResourcesInfo(), (type) => type)
    for (const type of now.keys()) known.add(type)
    return Effect.forEach(
      known,
      (type) => Metric.update(activeResources.pipe(Metric.withAttributes({ type })), now.get(type)?.length ?? 0),
      { discard: true }
    )
  })

/** Measures every five seconds how late the event loop runs, and what the process holds. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const histogram = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const monitor = monitorEventLoopDelay({ resolution: resolutionMs })
        monitor.enable()
        return monitor
      }),
      (monitor) => Effect.sync(() => monitor.disable())
    )
    const known = new Set<string>()
    yield* Effect.gen(function* () {
      for (const { percent, gauge } of quantiles) yield* Metric.update(gauge, seconds(histogram.percentile(percent)))
      histogram.reset()
      const memory = process.memoryUsage()
      yield* Metric.update(residentMemory, memory.rss)
      yield* Metric.update(heapUsed, memory.heapUsed)
      yield* countResources(known)
    }).pipe(Effect.repeat(Schedule.spaced("5 seconds")), Effect.forkScoped)
  })
)
