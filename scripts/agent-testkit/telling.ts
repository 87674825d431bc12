import { Effect } from "effect"
import { type ToAgent, versions } from "../../src/agents/websocket/messages.ts"
import { casualty, part, say, takeAndListen, type Target } from "./calling.ts"
import { fail, pass } from "./rules.ts"

/** Something that an agent is told, and what that is called. */
type Told = readonly [what: string, message: object]

/** What Switchboard may say in the middle of a call, without having been asked for it. */
const everything: ReadonlyArray<readonly [string, ToAgent]> = [
  ["digit", { type: "digit", digit: "5", duration_ms: 120 }],
  ["digit without a duration", { type: "digit", digit: "7" }],
  ["mark", { type: "mark", name: "testkit", heard_ms: 1840 }],
  ["mark, cleared", { type: "mark", name: "testkit", heard_ms: 0, cleared: true }],
  ["cleared", { type: "cleared", heard_ms: 2260, dropped_ms: 4140 }],
  ["transfer.state", { type: "transfer.state", state: "dialing" }],
  ["transfer.state with a reason", { type: "transfer.state", state: "failed", reason: "busy" }],
  ["event", { type: "event", name: "testkit", data: { nested: [1, null, "two"] } }],
  ["event without data", { type: "event", name: "testkit", data: null }],
  ["answering_machine", { type: "answering_machine", result: "machine", source: "switchboard", at_ms: 2640 }],
  [
    "answering_machine with a reason",
    { type: "answering_machine", result: "machine", source: "carrier", reason: "fax", at_ms: 3100 }
  ],
  ["answering_machine.beep", { type: "answering_machine.beep", at_ms: 9120 }],
  ["error", { type: "error", code: "unreadable_message", message: "This is only a test." }]
]

const ofTheFuture: ReadonlyArray<Told> = [
  ["a message of an unknown type", { type: "testkit.future", anything: [1, { deep: true }] }],
  ["a digit with an unknown field", { type: "digit", digit: "5", pressure: { newton: 1.5 } }],
  ["a mark with an unknown field", { type: "mark", name: "testkit", heard_ms: 7, future: null }],
  ["an error with an unknown code", { type: "error", code: "testkit_future", message: "This is only a test." }],
  ["a transfer.state of an unknown state", { type: "transfer.state", state: "testkit_future", reason: "future" }]
]

/** Says one thing after the other in a call, until the agent does not live through one of them. */
const survives = Effect.fnUntraced(
  function* (target: Target, told: ReadonlyArray<Told>, extra: object) {
    const { ear, socket } = yield* takeAndListen(target, { extra })
    for (const [what, message] of told) {
      yield* say(socket, message)
      const why = yield* casualty(target, socket, ear)
      if (why !== undefined) return fail(`After ${what} it ${why}: ${JSON.stringify(message)}`)
      if (ear.said("hangup")) return pass(`It ended the call with hangup after ${what}; the rest was not sent.`)
    }
    yield* part(target, socket)
    return pass(`${told.length} messages, one after the other.`)
  },
  Effect.scoped,
  (finding) =>
    Effect.catchTag(finding, "AgentUnreachable", ({ message }) =>
      Effect.succeed(fail(`It did not take the call: ${message}`))
    )
)

export const tells = (target: Target) => survives(target, everything, {})

export const grows = (target: Target) =>
  survives(target, ofTheFuture, { versions: [...versions, 2], future: { version: 2 }, testkit: null })
