import { Deferred, Effect } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import { mayShow } from "./account.ts"
import type { DialElement } from "./elements.ts"
import { endLeg, finalFor } from "./ending.ts"
import { dialFields, dialResultFields } from "./fields.ts"
import type { HangupSource } from "./hangups.ts"
import { complain, type Leg } from "./leg.ts"
import { e164Of } from "./numbering.ts"
import type { Fields } from "./signing.ts"
import { answer, end, goOn, type Stage, type Step } from "./stage.ts"
import { callbackOf, report } from "./webhooks.ts"

/**
 * Runs `<Dial>`: rings everybody at once, the first to answer is joined with the call. What follows the element runs only when nobody
 * was; after a talk the call ends. Order of callbacks: answer, connected, hangup of the dialled leg, hangup of the call, action.
 */
export const performDial = Effect.fnUntraced(function* (stage: Stage, leg: Leg, dial: DialElement) {
  const { callerId } = dial
  if (callerId !== undefined && !mayShow(stage.account, e164Of(callerId))) {
    yield* complain(leg, `3030 callerId ${callerId} is not a number of this account`)
    return yield* notJoined(stage, leg, dial, undefined)
  }
  if (leg.answeredMs === undefined) {
    yield* complain(leg, "<Dial> on a leg that still rings: something must be spoken, played or waited for first")
  }
  const dialled: Array<Leg> = []
  const talk = Effect.gen(function* () {
    for (const to of dial.numbers) {
      const from = callerId ?? leg.wire.from
      dialled.push(yield* stage.dialLeg({ from, to, ringSeconds: dial.timeoutSeconds }))
    }
    const winner = yield* firstToAnswer(dialled)
    const parted = winner === undefined ? undefined : pair(leg, winner)
    const losers = dialled.filter((other) => other !== winner)
    for (const loser of losers) yield* hangUpDialled(stage, leg, dial, loser, 9000, "Vobiz")
    if (winner === undefined || parted === undefined) return yield* notJoined(stage, leg, dial, dialled.at(-1))
    yield* answer(leg)
    return yield* join(stage, leg, dial, winner, parted)
  })
  return yield* Effect.onInterrupt(talk, () => leave(stage, leg, dial, dialled))
})

const firstToAnswer = (dialled: ReadonlyArray<Leg>) => {
  const answers = dialled.map((each) => Effect.as(Deferred.await(each.answered), each))
  const nobody = Effect.as(
    Effect.forEach(dialled, (each) => Deferred.await(each.ended)),
    undefined
  )
  return Effect.raceFirst(Effect.raceAllFirst(answers), nobody)
}

/** From here on the two belong together. */
const pair = (leg: Leg, winner: Leg) => {
  const parted = Deferred.makeUnsafe<void>()
  leg.bridge = { other: winner, parted, isDialled: false }
  winner.bridge = { other: leg, parted, isDialled: true }
  return parted
}

const join = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  dial: DialElement,
  winner: Leg,
  parted: Deferred.Deferred<void>
) {
  const gone = Effect.raceFirst(Deferred.await(winner.ended), Deferred.await(parted))
  const room = `bridge:${winner.id}`
  const joined = Effect.sync(() => [stage.rooms.join(room, leg), stage.rooms.join(room, winner)])
  const talk = Effect.gen(function* () {
    yield* report(stage, leg, dial.callback, "dial:DialAnswer", dialFields(leg, winner, "answer"))
    yield* report(stage, leg, dial.callback, "dial:DialConnected", dialFields(leg, winner, "connected"))
    return yield* Effect.timeoutOrElse(Effect.as(gone, false), {
      duration: dial.limitSeconds * 1000,
      orElse: () => Effect.succeed(true)
    })
  })
  const tooLong = yield* Effect.acquireUseRelease(
    joined,
    () => talk,
    (ways) => Effect.sync(() => ways.forEach((way) => way()))
  )
  leg.bridge = undefined
  if (winner.bridge === undefined) return goOn
  yield* hangUpDialled(stage, leg, dial, winner, tooLong ? 6000 : 4000, "Vobiz")
  owe(stage, leg, dial, winner)
  return end(finalFor(leg, 4000, winner.final?.source ?? "Call recipient"))
})

/** Hangs up a dialled leg unless it hung up itself, and reports it. */
const hangUpDialled = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  dial: DialElement,
  other: Leg,
  code: number,
  source: HangupSource
) {
  yield* endLeg(other, finalFor(other, code, source))
  yield* Deferred.await(other.ended)
  yield* report(stage, leg, dial.callback, "dial:DialHangup", dialFields(leg, other, "hangup"))
})

/** After a talk the action is called when the call is over already: its answer does nothing. */
const owe = (stage: Stage, leg: Leg, dial: DialElement, winner: Leg) => {
  if (dial.action === undefined) return
  const fields: Fields = [["CallUUID", leg.id], ["Event", "Redirect"], ...dialResultFields(leg, winner, true)]
  leg.afterHangup.push(callbackOf(stage, dial.action, fields, "dial:DialAction"))
}

const notJoined = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  dial: DialElement,
  last: Leg | undefined
): Effect.fn.Return<Step> {
  const { action } = dial
  if (action === undefined) return goOn
  const extra = dialResultFields(leg, last, false)
  if (dial.redirect) return { _tag: "Fetch", hook: action, origin: "action", extra }
  yield* report(stage, leg, action, "dial:DialAction", [["CallUUID", leg.id], ["Event", "Redirect"], ...extra])
  return goOn
})

/** The call ended or was transferred away from `<Dial>`: its other legs end with it, unless they were transferred themselves. */
const leave = Effect.fnUntraced(function* (stage: Stage, leg: Leg, dial: DialElement, dialled: ReadonlyArray<Leg>) {
  for (const other of dialled) {
    const away = other.answeredMs !== undefined && other.bridge === undefined
    if (away || other.final !== undefined) continue
    yield* hangUpDialled(stage, leg, dial, other, other.answeredMs === undefined ? 1000 : 4000, "Caller")
    if (isOver(leg) && other.answeredMs !== undefined) owe(stage, leg, dial, other)
  }
  leg.bridge = undefined
})
