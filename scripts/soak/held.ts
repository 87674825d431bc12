import { join } from "node:path"
import { Effect } from "effect"

/** A service in a process of its own. */
export interface Measurable {
  readonly url: string
  /** Has it collect its garbage. */
  readonly collect: Effect.Effect<void>
}

/** Arguments of Node for a service that `settlesAt` can measure: SIGUSR2 collects its garbage. */
export const collectingArguments = ["--expose-gc", "--require", join(import.meta.dirname, "collectOnSignal.cjs")]

/** What thousands of calls may leave on the heap, with compiled code and caches still settling: 4 MB. */
export const heapAllowance = 4 * 1024 * 1024

/** A little longer than the service takes from one measurement to the next. */
const freshly = "6 seconds"

/** A metric's value by its name and labels as Prometheus writes them; 0 where it is not there. */
const valueIn = (metrics: string, name: string) => {
  const line = metrics.split("\n").find((each) => each.startsWith(`${name} `))
  return Number(line?.split(" ").at(-1) ?? 0)
}

/** What a service says that it holds: media sessions, sockets, timers, and bytes of heap. Measured every five seconds there. */
export const held = ({ url }: Measurable) =>
  Effect.promise(async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    return {
      sessions: valueIn(metrics, "switchboard_media_sessions"),
      sockets: valueIn(metrics, 'nodejs_active_resources{type="TCPSocketWrap"}'),
      timers: valueIn(metrics, 'nodejs_active_resources{type="Timeout"}'),
      heap: valueIn(metrics, "nodejs_heap_size_used_bytes")
    }
  })
export type Held = Effect.Success<ReturnType<typeof held>>

/** Collects garbage and waits until the service holds no more than it may; gives what it holds then. A leak: it never ends. */
export const settlesAt = (service: Measurable, isSettled: (held: Held) => boolean) =>
  service.collect.pipe(Effect.andThen(Effect.delay(held(service), freshly)), Effect.repeat({ until: isSettled }))

/** Whether a service that held `before` holds no more now. */
export const isBackAt =
  (before: Held) =>
  ({ heap, sessions, sockets, timers }: Held): boolean =>
    sessions === 0 && sockets <= before.sockets && timers <= before.timers && heap <= before.heap + heapAllowance
