import { Effect, Schema } from "effect"
import { Caller } from "./caller.ts"
import { carrierNamed } from "./carriers.ts"
import { LoadOrder, type LoadResult } from "./protocol.ts"

/** Calls that speak on absolute deadlines, their frames spread evenly over a frame's time. */
class Load {
  private callers: Array<Caller> = []
  private sent = 0
  private echoed = 0
  private trips: Array<number> = []
  private timer: NodeJS.Timeout | undefined

  async start({ port, calls, provider }: typeof LoadOrder.Type) {
    const { mediaStream } = await Effect.runPromise(carrierNamed(provider))
    const measure = (ms: number, frames: number) => {
      this.trips.push(ms)
      this.echoed += frames
    }
    const server = `ws://127.0.0.1:${port}`
    this.callers = Array.from({ length: calls }, () => new Caller(server, mediaStream(), measure))
    await Promise.all(this.callers.map((caller) => caller.open()))
    const begin = performance.now()
    for (const [i, caller] of this.callers.entries()) caller.nextAt = begin + (i * caller.frameMs) / calls
    this.timer = setInterval(() => this.speak(), 1)
  }

  reset() {
    this.sent = 0
    this.echoed = 0
    this.trips = []
  }

  result(): LoadResult {
    const sorted = Float64Array.from(this.trips).sort()
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    const { echoed, sent } = this
    const [complaint] = this.callers.flatMap(({ complaints }) => complaints)
    const figures = { sent, echoed, p50: at(0.5), p99: at(0.99), max: at(1), lost: Math.max(0, sent - echoed) }
    return complaint === undefined ? figures : { ...figures, complaint }
  }

  stop() {
    clearInterval(this.timer)
    for (const caller of this.callers) caller.ws.terminate()
  }

  private speak() {
    const now = performance.now()
    for (const caller of this.callers) {
      while (caller.nextAt <= now) {
        caller.speak(now)
        caller.nextAt += caller.frameMs
        this.sent++
      }
    }
  }
}

const load = new Load()
const isOrder = Schema.is(LoadOrder)

process.on("message", (message) => {
  if (isOrder(message)) void load.start(message).then(() => process.send?.("started"))
  else if (message === "reset") {
    load.reset()
    process.send?.("reset")
  } else if (message === "result") process.send?.(load.result())
  else load.stop()
})
process.on("disconnect", () => process.exit(0))
