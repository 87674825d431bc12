import { Effect } from "effect"
import type { WebSocket } from "ws"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import { type Leg, timestamp } from "./channel.ts"

/** A Stasis application: at most one live socket; what it is subscribed to outlives the socket. */
export interface Application {
  readonly name: string
  socket: WebSocket | undefined
  /** The socket is up and nothing comes out of it any more: a fault. */
  isFrozen: boolean
  subscribeAll: boolean
  /** How many reasons it has to hear of `channel:<id>` or `bridge:<id>`. */
  readonly interest: Map<string, number>
}

/** What a call's deliveries have come to. */
export interface EventLine {
  owed: number
  /** Held back until the next event of the call, by a fault. */
  held: (() => void) | undefined
  finishing: boolean
}

export const makeEventLine = (): EventLine => ({ owed: 0, held: undefined, finishing: false })

export interface EventBody {
  readonly type: string
  readonly [field: string]: unknown
}

export interface Events {
  readonly applications: Map<string, Application>
  readonly nowMs: () => number
  readonly asteriskId: string
  /** Sends an event to one application. */
  readonly tell: (application: Application, event: EventBody, leg: Leg | undefined) => void
  /** Sends an event to every application that is subscribed to one of the sources, or to all. */
  readonly publish: (event: EventBody, sources: ReadonlyArray<string>, leg: Leg | undefined) => void
  /** Sends an event to the applications that are subscribed to everything. */
  readonly publishToAll: (event: EventBody, leg: Leg | undefined) => void
  /** Nothing more will be told of this call; runs when all was delivered or given up. */
  readonly finish: (leg: Leg) => void
  readonly follow: (application: string, source: string) => void
  readonly unfollow: (application: string, source: string) => void
  readonly forgetSource: (source: string) => void
}

/** `channel.id` and its like, for assertions. */
const flatten = (value: unknown, path: string, into: Record<string, string>) => {
  if (typeof value !== "object" || value === null) into[path] = String(value)
  else for (const [key, inner] of Object.entries(value)) flatten(inner, path === "" ? key : `${path}.${key}`, into)
}

/**
 * Delivers events, with the faults of callbacks: the event that brings a channel into an application is the counterpart of
 * the webhook that asks what to do, all others are status events.
 */
export const makeEvents = (options: {
  readonly panel: FaultPanel
  readonly nowMs: () => number
  readonly asteriskId: string
  /** Runs an effect in the fake's scope. */
  readonly run: (effect: Effect.Effect<void>) => void
  readonly settle: (leg: Leg) => void
}): Events => {
  const { asteriskId, nowMs, panel, run } = options
  const applications = new Map<string, Application>()

  const settleIfDone = (leg: Leg) => {
    if (leg.line.finishing && leg.line.owed === 0) options.settle(leg)
  }

  const tell: Events["tell"] = (application, body, leg) => {
    const event = { ...body, timestamp: timestamp(nowMs()), asterisk_id: asteriskId, application: application.name }
    const isCall = event.type === "StasisStart"
    const subject = isCall ? "voice" : `status:${event.type}`
    const fields: Record<string, string> = {}
    flatten(event, "", fields)
    const note = (lost: boolean, failure: string | undefined) => {
      if (leg === undefined) return
      const url = `events:${application.name}`
      const status = lost || failure !== undefined ? undefined : 200
      leg.record.callbacks.push({ subject, url, fields, headers: {}, lost, status, failure })
      leg.record.changed()
    }
    if (panel.strike("events-lost", subject) !== undefined) return note(true, undefined)
    if (!isCall && panel.strike("callbacks-lost", subject) !== undefined) return note(true, undefined)
    const twice = panel.strike(isCall ? "webhook-duplicated" : "callbacks-duplicated", subject) !== undefined
    const text = JSON.stringify(event)
    const deliver = () => {
      const { socket } = application
      if (socket === undefined) return note(false, "the application has no events socket")
      if (application.isFrozen) return note(true, "the events socket is half-open")
      if (panel.strike("events-dropped", subject) !== undefined) {
        socket.terminate()
        return note(true, "the events socket was cut")
      }
      for (let copy = 0; copy < (twice ? 2 : 1); copy++) {
        socket.send(text)
        note(false, undefined)
      }
    }
    const late = isCall ? undefined : panel.strike("callbacks-late", subject)
    const timely = () => {
      if (late === undefined) return deliver()
      if (leg !== undefined) leg.line.owed += 1
      const later = Effect.sync(() => {
        deliver()
        if (leg === undefined) return
        leg.line.owed -= 1
        settleIfDone(leg)
      })
      run(Effect.delay(later, late.delayMs ?? 2000))
    }
    const held = leg?.line.held
    if (leg !== undefined && held !== undefined) {
      leg.line.held = undefined
      timely()
      held()
    } else if (leg !== undefined && !isCall && panel.strike("callbacks-reordered", subject) !== undefined) {
      leg.line.held = timely
    } else timely()
  }

  return {
    applications,
    nowMs,
    asteriskId,
    tell,
    publish: (event, sources, leg) => {
      for (const application of applications.values()) {
        if (application.subscribeAll || sources.some((source) => application.interest.has(source))) {
          tell(application, event, leg)
        }
      }
    },
    publishToAll: (event, leg) => {
      for (const application of applications.values()) if (application.subscribeAll) tell(application, event, leg)
    },
    finish: (leg) => {
      leg.line.held?.()
      leg.line.held = undefined
      leg.line.finishing = true
      settleIfDone(leg)
    },
    follow: (name, source) => {
      const interest = applications.get(name)?.interest
      interest?.set(source, (interest.get(source) ?? 0) + 1)
    },
    unfollow: (name, source) => {
      const interest = applications.get(name)?.interest
      const left = (interest?.get(source) ?? 0) - 1
      if (left > 0) interest?.set(source, left)
      else interest?.delete(source)
    },
    forgetSource: (source) => {
      for (const { interest } of applications.values()) interest.delete(source)
    }
  }
}
