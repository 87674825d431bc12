import { Deferred, Effect, Fiber, type Scope } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import { now } from "./domain.ts"
import { busy, canceled, completed, type Final, type Leg, type Stage } from "./leg.ts"
import { reportSession } from "./webhooks.ts"

/** Picks the phone up, once. */
export const answer = Effect.fnUntraced(function* (stage: Stage, leg: Leg) {
  if (leg.answeredMs !== undefined) return
  leg.answeredMs = yield* now
  leg.record.state = "in-progress"
  leg.record.changed()
  yield* reportSession(stage, leg, "connected", 2)
  yield* reportSession(stage, leg, "answer", 1)
  yield* reportSession(stage, leg, "connected", 2)
})

/** Ends a session from outside its script: the person, or the REST API. The state is final at once. */
export const endLeg = Effect.fnUntraced(function* (leg: Leg, final: Final) {
  if (isOver(leg)) return
  yield* markEnded(leg, final)
  yield* Deferred.succeed(leg.over, final)
})

export const markEnded = Effect.fnUntraced(function* (leg: Leg, final: Final) {
  if (isOver(leg)) return
  leg.endedMs = yield* now
  leg.modifiedMs = leg.endedMs
  leg.status = final.status
  leg.record.state = final.state
  leg.record.changed()
})

/** Takes a session down, whatever it is doing. */
export const hangUpLeg = (leg: Leg) =>
  Effect.suspend(() => endLeg(leg, leg.answeredMs === undefined ? canceled : completed))

/** The person hangs up: gives up, declines, or ends the talk. */
export const personHangsUp = (leg: Leg) =>
  Effect.suspend(() => {
    if (leg.answeredMs !== undefined) return endLeg(leg, completed)
    return endLeg(leg, leg.direction === "inbound" ? canceled : busy)
  })

/** Ends an answered session when its time limit is up, counted from the answer; again whenever the limit changes. */
export const keepTimeLimit = Effect.fnUntraced(function* (leg: Leg, scope: Scope.Scope) {
  if (leg.timer !== undefined) yield* Fiber.interrupt(leg.timer)
  leg.timer = undefined
  if (leg.timeLimit === null || leg.answeredMs === undefined || isOver(leg)) return
  const left = leg.answeredMs + leg.timeLimit * 1000 - (yield* now)
  const expire = Effect.andThen(Effect.sleep(Math.max(0, left)), endLeg(leg, completed))
  leg.timer = yield* Effect.forkIn(expire, scope)
})
