import { Deferred, Effect } from "effect"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import { causeOfSip } from "./causes.ts"
import type { Channel, Leg } from "./channel.ts"
import { makeEventLine } from "./events.ts"
import type { AsteriskInbound } from "./options.ts"
import {
  answerChannel,
  complain,
  createChannel,
  destroyChannel,
  enterStasis,
  failDial,
  hangUp,
  newChannelId,
  newChannelNumber,
  note,
  type Pbx,
  publishDial,
  setState
} from "./pbx.ts"

/** Between an accepted originate, the dialling, and the ringing, ms. */
const setupMs = 20
const defaultAnswerMs = 50

export const makeLeg = (
  pbx: Pbx,
  options: Pick<Leg, "id" | "direction" | "from" | "to"> & { readonly state: "queued" | "ringing" }
): Leg => {
  const { direction, from, id, to } = options
  const { packetMs, trunk } = pbx.settings
  return {
    id,
    direction,
    from,
    to,
    record: makeCallRecord({ state: options.state, format: trunk.audio, frameMs: packetMs }),
    settled: Deferred.makeUnsafe(),
    line: makeEventLine(),
    answered: false,
    hungUpByApi: false,
    packetMs: 0
  }
}

/** `PJSIP/trunk-0000000c`: the endpoint and a running number. */
export const channelName = (pbx: Pbx, technology: string, endpoint: string) =>
  `${technology}/${endpoint}-${newChannelNumber(pbx).toString(16).padStart(8, "0")}${technology === "Local" ? ";1" : ""}`

/** A call from outside arrives: the dialplan runs `Stasis(<application>,did=<to>)`, and `Hangup()` if nobody is there. */
export const arrive = (pbx: Pbx, call: AsteriskInbound, application: string) => {
  const leg = makeLeg(pbx, {
    id: newChannelId(pbx),
    direction: "inbound",
    from: call.from,
    to: call.to,
    state: "ringing"
  })
  const isUp = call.channelState === "Up"
  const begin = () => {
    const channel = createChannel(pbx, {
      id: leg.id,
      name: channelName(pbx, "PJSIP", "trunk"),
      state: "Ring",
      caller: { name: "", number: call.from },
      dialplan: { context: "from-external", exten: call.to },
      variables: call.variables ?? {},
      sipHeaders: call.sipHeaders ?? {},
      leg
    })
    if (isUp) answerChannel(pbx, channel)
    const fields = Object.entries(call.fields ?? {}).map(([name, value]) => `${name}=${value}`)
    const args = [...(call.args ?? [`did=${call.to}`]), ...fields]
    if (enterStasis(pbx, channel, application, args)) return
    complain(leg, `STASISSTATUS=FAILED: no events socket has registered ${application}`)
    leg.hungUpByApi = true
    destroyChannel(pbx, channel, 16)
  }
  return { leg, begin }
}

export interface DialPlan {
  readonly dialstring: string
  /** −1: no limit. */
  readonly timeoutSeconds: number
  readonly behaviour: Effect.Effect<DialBehaviour>
  /** The channel was answered. */
  readonly onAnswer: () => void
}

/** Dials a person, from the first INVITE to the answer; ends early when the channel is gone. */
export const dialPerson = Effect.fnUntraced(function* (pbx: Pbx, channel: Channel, plan: DialPlan) {
  const { dialstring } = plan
  const gone = Deferred.makeUnsafe<void>()
  channel.onDestroyed.push(() => void Deferred.doneUnsafe(gone, Effect.void))
  const { leg } = channel
  const enter = (state: "initiated" | "ringing") => {
    if (leg === undefined) return
    leg.record.state = state
    leg.record.changed()
  }
  const ring = Effect.gen(function* () {
    yield* Effect.sleep(setupMs)
    enter("initiated")
    publishDial(pbx, channel, "", dialstring)
    yield* Effect.sleep(setupMs)
    enter("ringing")
    publishDial(pbx, channel, "RINGING", dialstring)
    setState(pbx, channel, "Ringing")
    const person = yield* plan.behaviour
    // With afterMs the far end gives up by itself (480); else it rings for as long as the dial allows.
    if (person.outcome === "no-answer") {
      if (person.afterMs === undefined) return yield* Effect.never
      yield* Effect.sleep(person.afterMs)
      return failDial(pbx, channel, dialstring, 19, 480)
    }
    yield* Effect.sleep(person.afterMs ?? defaultAnswerMs)
    if (person.outcome === "busy") return failDial(pbx, channel, dialstring, 17, 486)
    if (person.outcome === "failed") {
      const status = person.sipCode ?? 404
      return failDial(pbx, channel, dialstring, causeOfSip(status), status)
    }
    publishDial(pbx, channel, "ANSWER", dialstring)
    answerChannel(pbx, channel)
    plan.onAnswer()
    return person.hangUpAfterMs
  })
  const limited =
    plan.timeoutSeconds < 0
      ? ring
      : Effect.timeoutOrElse(ring, {
          duration: plan.timeoutSeconds * 1000,
          orElse: () => Effect.sync((): undefined => failDial(pbx, channel, dialstring, 19))
        })
  const talkMs = yield* Effect.raceFirst(limited, Effect.as(Deferred.await(gone), undefined))
  if (talkMs === undefined) return
  yield* Effect.raceFirst(Effect.sleep(talkMs), Deferred.await(gone))
  hangUp(pbx, channel, { cause: 16 })
})

/** What becomes of an originated channel that was answered; it is dropped when no application waits for it. */
export const enterOnAnswer = (pbx: Pbx, channel: Channel, application: string, args: ReadonlyArray<string>) => {
  if (enterStasis(pbx, channel, application, args)) return
  complain(channel.leg, `the answered call was dropped: no events socket has registered ${application}`)
  destroyChannel(pbx, channel, 16)
}

/** The person hangs up: a BYE, or before the answer a CANCEL (inbound, 487) or a refusal (outbound, 486). */
export const personHangsUp = (pbx: Pbx, leg: Leg) =>
  Effect.sync(() => {
    const channel = pbx.channels.get(leg.id)
    if (channel === undefined || channel.leg !== leg) return
    if (leg.answered) return hangUp(pbx, channel, { cause: 16 })
    // The cause of a CANCEL is unconfirmed: chan_pjsip maps the session's 487 like a response.
    if (leg.direction === "inbound") return hangUp(pbx, channel, { cause: causeOfSip(487), tech: 487 })
    return failDial(pbx, channel, leg.to, 17, 486)
  })

/** The dialplan's `Dial()` of an extension: the caller and the called are joined without us. */
export const dialFromDialplan = Effect.fnUntraced(function* (
  pbx: Pbx,
  caller: Channel,
  called: { readonly leg: Leg; readonly behaviour: Effect.Effect<DialBehaviour> }
) {
  const { behaviour, leg } = called
  const channel = createChannel(pbx, {
    id: leg.id,
    name: channelName(pbx, "PJSIP", "trunk"),
    state: "Down",
    caller: { name: "", number: leg.to },
    connected: caller.caller,
    leg
  })
  const room = `dialplan:${caller.id}`
  const exits: Array<() => void> = []
  const onAnswer = () => {
    const pair = [caller.leg, leg].flatMap((one) => one ?? [])
    exits.push(...pair.map(({ id, record }) => pbx.rooms.join(room, { id, record })))
  }
  const apart = () => {
    for (const leave of exits.splice(0)) leave()
  }
  caller.onDestroyed.push(() => {
    apart()
    hangUp(pbx, channel, { cause: 16 })
  })
  // After Dial() the dialplan ends.
  channel.onDestroyed.push((cause) => {
    apart()
    if (pbx.channels.has(caller.id)) hangUp(pbx, caller, { cause })
  })
  note(caller.leg, `the dialplan dials ${leg.to}`)
  yield* dialPerson(pbx, channel, { dialstring: `${leg.to}@trunk`, timeoutSeconds: 60, behaviour, onAnswer })
})
