import type { Ticker } from "../../../src/transport/pacer.ts"

interface Alarm {
  readonly at: number
  readonly wake: () => void
}

/** A clock that only moves when told, with its alarms. */
export class ManualClock implements Ticker {
  private time = 1000.25
  private alarms: Array<Alarm> = []

  readonly now = () => this.time

  readonly after = (delayMs: number, wake: () => void) => {
    const alarm = { at: this.time + delayMs, wake }
    this.alarms.push(alarm)
    return () => {
      this.alarms = this.alarms.filter((each) => each !== alarm)
    }
  }

  /** Lets time pass; every alarm rings at its own time. */
  advance(ms: number) {
    const end = this.time + ms
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.time = Math.max(this.time, next.at)
      this.ring(next)
    }
    this.time = end
  }

  /** The process sleeps: time passes, and the alarms of that time ring late, once each. */
  stall(ms: number) {
    this.time += ms
    const late = this.alarms.filter((alarm) => alarm.at <= this.time)
    for (const alarm of late) this.ring(alarm)
  }

  get pending() {
    return this.alarms.length
  }

  private next(end: number) {
    let first: Alarm | undefined
    for (const alarm of this.alarms) if (alarm.at <= end && (first === undefined || alarm.at < first.at)) first = alarm
    return first
  }

  private ring(alarm: Alarm) {
    this.alarms = this.alarms.filter((each) => each !== alarm)
    alarm.wake()
  }
}
