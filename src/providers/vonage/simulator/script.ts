import { randomUUID } from "node:crypto"
import { Deferred, Effect, Result } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import { now } from "./account.ts"
import type { Conversations } from "./conversations.ts"
import { newConversationId } from "./conversations.ts"
import { finalBody, reportMove, reportProgress } from "./events.ts"
import { type Call, cancelled, completedBy, endCall, type Final, type Hook, type Next, note } from "./leg.ts"
import { type Action, type ConnectPhone, type ConnectSocket, type Conversation, type Notify, readNcco } from "./ncco.ts"
import { leaveBehind, openSocket, type SocketStage } from "./sockets.ts"
import { ask, reportSyntaxError, sendSynchronousEvent } from "./webhooks.ts"

/** A leg that an NCCO dials. */
export interface Dialled {
  readonly from: string
  readonly to: string
  readonly hook: Hook | undefined
  readonly ringSeconds: number
  readonly limitSeconds: number | undefined
  readonly conversation: string
  /** What runs once it is answered. */
  readonly talk: (call: Call) => Effect.Effect<void>
  /** Told how it ended, before its last event is sent; true: the event is sent by whoever dialled. */
  readonly onFinal: (call: Call, final: Final) => boolean
}

/** What scripts of one fake account are run with. */
export interface Stage extends SocketStage {
  readonly conversations: Conversations
  readonly dialOut: (dialled: Dialled) => Effect.Effect<Call>
}

/** Undefined: the next action. */
type Step = Next | undefined

/** Speech is not synthesised; a sentence takes this long, ms. */
const talkMs = 20
const defaultWaitSeconds = 10

/** Picks the phone up, once. */
export const answer = Effect.fnUntraced(function* (stage: Stage, call: Call) {
  const { leg, record } = call
  if (leg.answeredMs !== undefined) return
  leg.answeredMs = yield* now
  leg.status = "answered"
  record.state = "in-progress"
  record.changed()
  yield* reportProgress(stage, call, leg, "answered")
})

/** Nobody had an NCCO: the call is dropped. One that was never answered ends as completed with a duration of 0. */
const dropped = ({ leg }: Call): Final => ({
  ...completedBy("platform"),
  state: leg.answeredMs === undefined ? "failed" : "completed"
})

/** Runs NCCO after NCCO until there is nothing left to do; a transfer drops what runs and takes its place. */
export const perform = Effect.fnUntraced(function* (stage: Stage, call: Call, first: Next) {
  let next = first
  while (true) {
    const redirect = call.redirect
    const end = yield* Effect.raceFirst(performOne(stage, call, next), Deferred.await(redirect))
    if (Deferred.isDoneUnsafe(redirect)) {
      call.redirect = Deferred.makeUnsafe()
      yield* leaveBehind(call)
      yield* reportMove(stage, call, newConversationId())
      next = yield* Deferred.await(redirect)
    } else if ("state" in end) return end
    else next = end
  }
})

const performOne = Effect.fnUntraced(function* (stage: Stage, call: Call, next: Next) {
  if (next._tag === "Ask") {
    const actions = yield* ask(stage, call, next.hook)
    return actions === undefined ? dropped(call) : yield* performActions(stage, call, actions)
  }
  if (next._tag === "Perform") return yield* performActions(stage, call, next.actions)
  const actions = readNcco(next.ncco, stage)
  if (Result.isSuccess(actions)) return yield* performActions(stage, call, actions.success)
  yield* reportSyntaxError(stage, call, actions.failure)
  return dropped(call)
})

const performActions = Effect.fnUntraced(function* (stage: Stage, call: Call, actions: ReadonlyArray<Action>) {
  for (const action of actions) {
    yield* answer(stage, call)
    const step = yield* performAction(stage, call, action)
    if (step !== undefined) return step
  }
  return dropped(call)
})

const performAction = Effect.fnUntraced(function* (stage: Stage, call: Call, action: Action) {
  switch (action.action) {
    case "talk":
      yield* note(call, `said: ${action.text}`)
      yield* Effect.sleep(talkMs)
      return
    case "stream":
      yield* note(call, `played: ${action.streamUrl[0]}`)
      return yield* action.loop === 0 ? Effect.never : Effect.sleep(talkMs)
    case "wait":
      yield* Effect.sleep((action.timeout ?? defaultWaitSeconds) * 1000)
      return
    case "notify":
      return yield* performNotify(stage, call, action)
    case "conversation":
      return yield* performConversation(stage, call, action)
    case "connect":
      return isPhone(action) ? yield* performDial(stage, call, action) : yield* performSocket(stage, call, action)
    default:
      yield* note(call, `${action.action} is not simulated: passed over`)
  }
})

const isPhone = (action: ConnectPhone | ConnectSocket): action is ConnectPhone => action.endpoint[0].type === "phone"

const then = (actions: ReadonlyArray<Action> | undefined): Step =>
  actions === undefined ? undefined : { _tag: "Perform", actions }

/** Where an action's events go; for an inbound call, its own events go there from now on too. */
const takeHook = (call: Call, action: ConnectPhone | ConnectSocket | Conversation): Hook | undefined => {
  const [url] = action.eventUrl ?? []
  if (url === undefined) return call.leg.hook
  const hook: Hook = { url, method: action.eventMethod ?? "POST" }
  if (call.direction === "inbound") call.leg.hook = hook
  return hook
}

const performSocket = Effect.fnUntraced(function* (stage: Stage, call: Call, action: ConnectSocket) {
  takeHook(call, action)
  const socket = yield* openSocket(stage, call, action)
  return then(yield* Deferred.await(socket.ended))
})

const performNotify = Effect.fnUntraced(function* (stage: Stage, call: Call, action: Notify) {
  const hook: Hook = { url: action.eventUrl[0], method: action.eventMethod ?? "POST" }
  const body = { payload: action.payload, conversation_uuid: call.leg.conversation }
  return then(yield* sendSynchronousEvent(stage, call, hook, "status:notify", body))
})

/** The leg stays until it leaves or the conversation ends. */
const performConversation = Effect.fnUntraced(function* (stage: Stage, call: Call, action: Conversation) {
  takeHook(call, action)
  for (const field of ["record", "mute", "canSpeak", "canHear", "musicOnHoldUrl"] as const) {
    if (action[field] !== undefined && action[field] !== false) yield* note(call, `${field} has no effect here`)
  }
  const place = yield* Effect.acquireRelease(stage.conversations.enter(call, action), ({ leave }) => leave)
  yield* reportMove(stage, call, place.id)
  yield* place.ended
  return undefined
}, Effect.scoped)

/** Dials a phone and joins it with this call while both last. */
const performDial = Effect.fnUntraced(function* (stage: Stage, call: Call, action: ConnectPhone) {
  const [endpoint] = action.endpoint
  const room = `bridge-${randomUUID()}`
  const enter = (one: Call) =>
    Effect.acquireRelease(
      stage.conversations.enter(one, { name: room, startOnEnter: true, endOnExit: true }),
      ({ leave }) => leave
    )
  const isSynchronous = action.eventType === "synchronous"
  const answered = Deferred.makeUnsafe<Final | undefined>()
  const hook = takeHook(call, action)
  const dialled = yield* stage.dialOut({
    from: action.from ?? call.leg.to,
    to: endpoint.number,
    hook,
    ringSeconds: action.timeout ?? 60,
    limitSeconds: action.limit,
    conversation: call.leg.conversation,
    talk: Effect.fnUntraced(function* (one) {
      const place = yield* enter(one)
      yield* Deferred.succeed(answered, undefined)
      yield* place.ended
    }, Effect.scoped),
    onFinal: (one, final) => {
      Deferred.doneUnsafe(answered, Effect.succeed(final))
      return isSynchronous && one.leg.answeredMs === undefined
    }
  })
  yield* Effect.addFinalizer(() =>
    isOver(dialled)
      ? Effect.void
      : endCall(dialled, dialled.leg.answeredMs === undefined ? cancelled : completedBy("platform"))
  )
  const place = yield* enter(call)
  const failure = yield* Deferred.await(answered)
  if (failure !== undefined) {
    if (!isSynchronous) return undefined
    const body = finalBody(dialled.leg, failure, yield* now)
    return then(yield* sendSynchronousEvent(stage, call, hook, `status:${failure.status}`, body))
  }
  yield* place.ended
  return undefined
}, Effect.scoped)
