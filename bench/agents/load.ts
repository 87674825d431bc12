import { Effect, Schema } from "effect"
import { carrierNamed } from "../carriers.ts"
import { machineMs } from "./numbers.ts"
import { type Talked, TalkOrder, TimeSheet } from "./protocol.ts"
import { Talker } from "./talker.ts"

/** Calls that speak on absolute deadlines, their frames spread evenly over a frame's time. */
class Load {
  private talkers: Array<Talker> = []
  private readonly sheet = new TimeSheet()
  private roundTrips: Array<number> = []

  async open({ port, calls, provider }: typeof TalkOrder.Type) {
    const { mediaStream } = await Effect.runPromise(carrierNamed(provider))
    const events = {
      said: (call: string, number: number, at: number) => this.sheet.note(call, number, at),
      echoed: (ms: number) => void this.roundTrips.push(ms)
    }
    const server = `ws://127.0.0.1:${port}`
    this.talkers = Array.from({ length: calls }, () => new Talker(server, mediaStream(), events))
    await Promise.all(this.talkers.map((talker) => talker.open()))
  }

  speak() {
    const begin = machineMs()
    for (const [i, talker] of this.talkers.entries()) {
      talker.nextAt = begin + (i * talker.frameMs) / this.talkers.length
    }
    setInterval(() => this.speakDue(), 1)
  }

  reset() {
    this.sheet.reset()
    this.roundTrips = []
  }

  result(): Talked {
    const [complaint] = this.talkers.flatMap(({ complaints }) => complaints)
    const roundTrips = this.roundTrips.map((ms) => Math.round(ms * 1000) / 1000)
    const talked = { said: this.sheet.read(), echoed: roundTrips.length, roundTrips }
    return complaint === undefined ? talked : { ...talked, complaint }
  }

  private speakDue() {
    for (const talker of this.talkers) {
      while (talker.nextAt <= machineMs()) {
        talker.speak()
        talker.nextAt += talker.frameMs
      }
    }
  }
}

const load = new Load()
const isOrder = Schema.is(TalkOrder)

process.on("message", (message) => {
  if (isOrder(message)) void load.open(message).then(() => process.send?.("open"))
  else if (message === "speak") {
    load.speak()
    process.send?.("speaking")
  } else if (message === "reset") {
    load.reset()
    process.send?.("reset")
  } else process.send?.(load.result())
})
process.on("disconnect", () => process.exit(0))
