import { Effect, Fiber, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { AgentEvent } from "../agents/AgentSpec.ts"
import { CallCommands, type CommandReply } from "./CallCommands.ts"
import { CallHistory, type CallNotFound } from "./CallHistory.ts"
import { Calls } from "./Calls.ts"
import { persist } from "./mediaNotes.ts"

/**
 * The agent of a call was not told an operator's event; `message` says why. `unconfirmed`: the node that holds the call did not
 * answer, so that it may have been told all the same.
 */
export class EventRefused extends Schema.TaggedError<EventRefused>()("EventRefused", {
  reason: Schema.Literals(["over", "not-connected", "not-supported", "not-told", "unconfirmed"]),
  message: Schema.String
}) {}

/** How the node that holds a call refuses an event. */
export const eventRefusals = {
  notThere: { ok: false, reason: "not-connected", detail: "The call's agent is not connected yet. Try again." },
  notSupported: { ok: false, reason: "not-supported", detail: "This kind of agent takes no events." },
  notTold: {
    ok: false,
    reason: "not-told",
    detail: "The agent cannot be told now: its connection is lost, or it does not read what it is told. Try again."
  }
} as const satisfies Record<string, CommandReply>

const isReason = Schema.is(EventRefused.fields.reason)

const noMedia = "No agent is on the call: its media is not open, or it was transferred."
const noAnswer =
  "The node that holds the call did not answer in time. The agent may have been told: look into the call's log before you tell it again."

/** How long an answer waits until the event is in the call's log; it is written without it, too. */
const logPatience = "1 second"

/** `tell` gives an event of an operator to the agent of a live call, whatever node holds it, and notes that in the call's log. */
export const agentEvents = Effect.gen(function* () {
  const history = yield* CallHistory
  const commands = yield* CallCommands
  const calls = yield* Calls
  const scope = yield* Effect.scope

  const note = Effect.fnUntraced(function* (callId: string, { data, name }: AgentEvent) {
    const writing = yield* Effect.forkIn(
      persist(calls.record(callId, { source: "operator", kind: "operator.event", payload: { name, data } })),
      scope
    )
    yield* Effect.timeoutOption(Fiber.join(writing), logPatience)
  })

  const tell: (
    organizationId: string,
    id: string,
    event: AgentEvent
  ) => Effect.Effect<void, CallNotFound | EventRefused | SqlError> = Effect.fn("Operating.tellAgent")(
    function* (organizationId, id, event) {
      const call = yield* history.get(organizationId, id)
      if (call.endedAt !== undefined) return yield* new EventRefused({ reason: "over", message: "The call is over." })
      const reply = yield* commands
        .send(call.id, { _tag: "AgentEvent", ...event })
        .pipe(
          Effect.catchTag(
            "CallNotHeld",
            ({ unanswered }) =>
              new EventRefused(
                unanswered
                  ? { reason: "unconfirmed", message: noAnswer }
                  : { reason: "not-connected", message: noMedia }
              )
          )
        )
      if (reply.ok) return yield* note(call.id, event)
      return yield* new EventRefused({
        reason: isReason(reply.reason) ? reply.reason : "not-told",
        message: reply.detail
      })
    }
  )
  return tell
})
