import { Deferred, Effect } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import { asDialled, asWritten } from "./account.ts"
import { type Bridge, newBridge } from "./bridge.ts"
import { canceledBy, type Hangup, lostRace } from "./hangups.ts"
import { callFields, type Leg, talkSeconds, type Told } from "./leg.ts"
import type { Dial } from "./markupRooms.ts"
import type { Fields } from "./signing.ts"
import type { Stage } from "./stage.ts"
import { report } from "./webhooks.ts"

interface Dialled {
  readonly leg: Leg
  readonly bridge: Bridge
}

/** Tells the `callbackUrl` of a `<Dial>`. How Plivo spells `Event` here is not confirmed. */
const reportDial = (stage: Stage, leg: Leg, dial: Dial, other: Leg, action: "answer" | "connected" | "hangup") => {
  const hook = dial.callback
  if (hook === undefined) return Effect.void
  const event = { answer: "DialAnswer", connected: "DialConnected", hangup: "DialHangup" }[action]
  const { ending } = other
  const fields: Fields = [
    ...callFields(stage.account, leg, event),
    ["DialAction", action],
    ["DialALegUUID", leg.id],
    ["DialBLegUUID", other.id],
    ["DialBLegFrom", asWritten(other.from)],
    ["DialBLegTo", asWritten(other.to)],
    ["DialBLegStatus", action === "hangup" ? "hangup" : "answer"],
    ...(action !== "hangup" || ending === undefined
      ? []
      : ([
          ["DialBLegDuration", String(talkSeconds(other))],
          ["DialBLegBillDuration", String(talkSeconds(other))],
          ["DialBLegHangupCause", ending.cause],
          ["DialBLegHangupCauseName", ending.name],
          ["DialBLegHangupCauseCode", String(ending.code)],
          ["DialBLegHangupSource", ending.source]
        ] as const))
  ]
  return report(stage, leg, { subject: `dial:${action}`, hook, fields, retried: true })
}

const endOther = (leg: Leg, hangup: Hangup) => (isOver(leg) ? Effect.void : Deferred.succeed(leg.over, hangup))

/** Rings everybody at once; the first who picks up stays, the others have lost the race. */
const ringAll = Effect.fnUntraced(function* (stage: Stage, leg: Leg, dial: Dial) {
  const from = asDialled(dial.callerId ?? leg.from)
  const dialled = yield* Effect.forEach(dial.destinations, ({ address, sendDigits }) =>
    Effect.gen(function* () {
      const bridge = newBridge(`call ${leg.id}`)
      const to = asDialled(address)
      const ring = { parent: leg, from, to, ringSeconds: dial.timeoutSeconds, sendDigits, bridge }
      return { leg: yield* stage.dialOut(ring), bridge } satisfies Dialled
    })
  )
  const answered = Effect.raceAllFirst([
    ...dialled.map((each) => Effect.as(Deferred.await(each.bridge.answered), each)),
    Effect.as(
      Effect.forEach(dialled, ({ bridge }) => Deferred.await(bridge.left), { concurrency: "unbounded" }),
      undefined
    )
  ])
  const winner = yield* Effect.onInterrupt(answered, () =>
    Effect.forEach(dialled, (each) => endOther(each.leg, canceledBy("Caller")), { discard: true })
  )
  yield* Effect.forEach(
    dialled.filter((each) => each !== winner),
    (each) => endOther(each.leg, lostRace),
    { discard: true }
  )
  return { winner, last: winner ?? dialled.at(-1) }
})

/**
 * Rings, talks to who picks up until one of the two has gone. Gives what is to be told to the element's action. A hang-up
 * or a transfer of this call releases the other one by interruption.
 */
export const performDial = Effect.fnUntraced(function* (stage: Stage, leg: Leg, dial: Dial) {
  const { last, winner } = yield* ringAll(stage, leg, dial)
  if (winner !== undefined) yield* Effect.scoped(talk(stage, leg, dial, winner))
  const other = last?.leg
  const { action } = dial
  if (action === undefined || other === undefined) return undefined
  const fields: Fields = [
    ["DialStatus", winner === undefined ? (other.ending?.unanswered.status ?? "failed") : "completed"],
    ["DialRingStatus", String(other.ringingMs !== undefined)],
    ["DialHangupCause", other.ending?.cause ?? "NORMAL_CLEARING"],
    ["DialALegUUID", leg.id],
    ["DialBLegUUID", other.id]
  ]
  return { ...action, fields } satisfies Told
})

const talk = Effect.fnUntraced(function* (stage: Stage, leg: Leg, dial: Dial, { bridge, leg: other }: Dialled) {
  yield* reportDial(stage, leg, dial, other, "answer")
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      leg.partner = { leg: other, bridge }
      return stage.rooms.join(bridge.room, { id: leg.id, record: leg.record })
    }),
    (leave) =>
      Effect.gen(function* () {
        leg.partner = undefined
        leave()
        if (!bridge.parted) yield* Deferred.succeed(bridge.released, undefined)
        yield* reportDial(stage, leg, dial, other, "hangup")
      })
  )
  yield* reportDial(stage, leg, dial, other, "connected")
  yield* Effect.raceFirst(Deferred.await(bridge.left), Effect.sleep(dial.timeLimitSeconds * 1000))
})

/** The dialled leg's side: it picks up and talks until the other one has gone. */
export const performTalk = Effect.fnUntraced(function* (stage: Stage, leg: Leg, bridge: Bridge) {
  yield* Effect.acquireRelease(
    Effect.sync(() => stage.rooms.join(bridge.room, { id: leg.id, record: leg.record })),
    (leave) =>
      Effect.suspend(() => {
        leave()
        return Deferred.succeed(bridge.left, undefined)
      })
  )
  yield* Deferred.succeed(bridge.answered, undefined)
  yield* Deferred.await(bridge.released)
}, Effect.scoped)
