import { PgClient } from "@effect/sql-pg"
import { Cause, Context, Deferred, Effect, Layer, Option, Queue, Schedule, Schema, type Scope } from "effect"
import { uuidV7 } from "../store/Ids.ts"
import { readCall } from "./callRow.ts"
import { Node } from "./Node.ts"

/** What can be asked of a call whose media this or another node holds. */
export const CallCommand = Schema.Union([
  Schema.TaggedStruct("HangUp", { drain: Schema.Boolean }),
  Schema.TaggedStruct("SendDigits", { digits: Schema.String }),
  Schema.TaggedStruct("Recording", { action: Schema.Literals(["start", "stop", "pause", "resume"]) }),
  /** Tells the agent where its caller's transfer stands. */
  Schema.TaggedStruct("TransferState", { state: Schema.String, reason: Schema.optionalKey(Schema.String) }),
  /** Tells the agent who answered its call, by the carrier. `at_ms`: ms since the answer. */
  Schema.TaggedStruct("AnsweringMachine", {
    result: Schema.Literals(["human", "machine", "unknown"]),
    reason: Schema.optionalKey(Schema.String),
    at_ms: Schema.Finite
  }),
  /** Gives the agent an event of an operator; name and data have `maxAgentEventBytes` at the most. */
  Schema.TaggedStruct("AgentEvent", { name: Schema.String, data: Schema.Json }),
  /** The caller was joined with somebody else: the media ends, the call goes on. */
  Schema.TaggedStruct("Release", {})
])
export type CallCommand = typeof CallCommand.Type

/**
 * What an `AgentEvent` may have as JSON, `{"name":…,"data":…}`, bytes: it must fit into one notification together with what says
 * where it goes.
 */
export const maxAgentEventBytes = 7 * 1024

/** How the node that holds the call answered. `reason` tells refusals apart where whoever asked must know which it was. */
export const CommandReply = Schema.Struct({
  ok: Schema.Boolean,
  detail: Schema.String,
  reason: Schema.optionalKey(Schema.String)
})
export type CommandReply = typeof CommandReply.Type

/** How loud a call is, dBFS; null is silence. */
export const CallLevel = Schema.Struct({
  call_id: Schema.String,
  caller_dbfs: Schema.NullOr(Schema.Finite),
  agent_dbfs: Schema.NullOr(Schema.Finite)
})
export type CallLevel = typeof CallLevel.Type

/** What one node tells another without waiting for an answer. */
export const NodeNote = Schema.Union([
  /** Somebody there watches this organization's calls: it wants their levels for the next seconds. */
  Schema.TaggedStruct("WatchLevels", { organizationId: Schema.String }),
  Schema.TaggedStruct("Levels", { organizationId: Schema.String, levels: Schema.Array(CallLevel) })
])
export type NodeNote = typeof NodeNote.Type

/** No node holds the call's media. `unanswered`: one does, and did not answer within 5 s; it may have done what was asked. */
export class CallNotHeld extends Schema.TaggedError<CallNotHeld>()("CallNotHeld", {
  callId: Schema.String,
  unanswered: Schema.Boolean
}) {}

/** Commands to the node that holds a call, over LISTEN/NOTIFY with a reply channel. */
export class CallCommands extends Context.Service<
  CallCommands,
  {
    readonly send: (callId: string, command: CallCommand) => Effect.Effect<CommandReply, CallNotHeld>
    /** Answers commands for a call that this node holds, for as long as the scope is open. */
    readonly serve: (
      callId: string,
      handle: (command: CallCommand) => Effect.Effect<CommandReply>
    ) => Effect.Effect<void, never, Scope.Scope>
    /** Tells another node something. Nobody knows whether it heard. */
    readonly tell: (nodeId: string, note: NodeNote) => Effect.Effect<void>
    /** Hears what other nodes tell this one, for as long as the scope is open. */
    readonly hear: (
      listener: (from: string, note: NodeNote) => Effect.Effect<void>
    ) => Effect.Effect<void, never, Scope.Scope>
  }
>()("switchboard/CallCommands") {
  static readonly layer = Layer.effect(
    CallCommands,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const node = yield* Node
      const handlers = new Map<string, (command: CallCommand) => Effect.Effect<CommandReply>>()
      const waiting = new Map<string, Deferred.Deferred<Option.Option<CommandReply>>>()

      /** False when the message is longer than PostgreSQL lets a notification be, or could not be sent. */
      const post = (to: string, message: Message) => {
        const payload = encodeMessage(message)
        return Buffer.byteLength(payload) >= maxNotificationBytes
          ? Effect.succeed(false)
          : sql.notify(channelOf(to), payload).pipe(
              Effect.as(true),
              Effect.catchTag("SqlError", (error) =>
                Effect.as(Effect.logWarning(`A command could not be sent: ${error.message}`), false)
              )
            )
      }

      const local = (callId: string, command: CallCommand) => {
        const handler = handlers.get(callId)
        return handler === undefined ? Effect.succeedNone : Effect.asSome(handler(command))
      }

      const listeners = new Set<(from: string, note: NodeNote) => Effect.Effect<void>>()

      const receive = (message: Message) =>
        message._tag === "Note"
          ? Effect.forEach(listeners, (listener) => listener(message.from, message.note), { discard: true })
          : message._tag === "Command"
            ? Effect.flatMap(local(message.callId, message.command), (reply) =>
                post(message.replyTo, { _tag: "Reply", id: message.id, reply: Option.getOrNull(reply) })
              )
            : Effect.suspend(() => {
                const waiter = waiting.get(message.id)
                return waiter === undefined
                  ? Effect.void
                  : Deferred.succeed(waiter, Option.fromNullishOr(message.reply))
              })

      const listener = Effect.gen(function* () {
        const notifications = yield* sql.listen(channelOf(node.id))
        return yield* Effect.forever(
          Effect.flatMap(Queue.take(notifications), ({ payload }) =>
            Option.match(decodeMessage(payload ?? ""), {
              onNone: () => Effect.logWarning("A command that this version does not know was ignored."),
              onSome: (message) => Effect.asVoid(Effect.forkScoped(receive(message)))
            })
          )
        )
      })
      yield* Effect.scoped(listener).pipe(
        Effect.catchCauseIf(
          (cause) => !Cause.hasInterrupts(cause),
          (cause) => Effect.logWarning("Commands cannot be heard now", cause)
        ),
        Effect.repeat(Schedule.spaced("1 second")),
        Effect.forkScoped
      )

      const holder = Effect.fnUntraced(function* (callId: string) {
        const [row] = yield* sql`SELECT * FROM calls WHERE id = ${callId} AND lease_until > clock_timestamp()
          AND media_state IN ('connecting', 'streaming')`
        return row === undefined ? undefined : (yield* readCall(row)).nodeId
      })

      const ask = Effect.fnUntraced(function* (to: string, callId: string, command: CallCommand) {
        const id = yield* uuidV7
        const reply = yield* Deferred.make<Option.Option<CommandReply>>()
        waiting.set(id, reply)
        const notHeld = (unanswered: boolean) => new CallNotHeld({ callId, unanswered })
        const answer = yield* post(to, { _tag: "Command", id, replyTo: node.id, callId, command }).pipe(
          Effect.flatMap((sent) => (sent ? Deferred.await(reply) : Effect.succeedNone)),
          Effect.timeoutOrElse({ duration: "5 seconds", orElse: () => notHeld(true) }),
          Effect.ensuring(Effect.sync(() => waiting.delete(id)))
        )
        return Option.isSome(answer) ? answer.value : yield* notHeld(false)
      })

      const send = Effect.fn("CallCommands.send")(function* (callId: string, command: CallCommand) {
        const here = yield* local(callId, command)
        if (Option.isSome(here)) return here.value
        const to = yield* Effect.orElseSucceed(holder(callId), () => undefined)
        if (to === undefined || to === node.id) return yield* new CallNotHeld({ callId, unanswered: false })
        return yield* ask(to, callId, command)
      })

      const serve = (callId: string, handle: (command: CallCommand) => Effect.Effect<CommandReply>) =>
        Effect.acquireRelease(
          Effect.sync(() => void handlers.set(callId, handle)),
          () => Effect.sync(() => handlers.get(callId) === handle && handlers.delete(callId))
        )
      const tell = (nodeId: string, note: NodeNote) =>
        Effect.asVoid(post(nodeId, { _tag: "Note", from: node.id, note }))
      const hear = (listener: (from: string, note: NodeNote) => Effect.Effect<void>) =>
        Effect.acquireRelease(
          Effect.sync(() => void listeners.add(listener)),
          () => Effect.sync(() => listeners.delete(listener))
        )
      return CallCommands.of({ send, serve, tell, hear })
    })
  )
}

const Message = Schema.Union([
  Schema.TaggedStruct("Command", {
    id: Schema.String,
    replyTo: Schema.String,
    callId: Schema.String,
    command: CallCommand
  }),
  Schema.TaggedStruct("Note", { from: Schema.String, note: NodeNote }),
  /** `reply` is null when the node does not hold the call. */
  Schema.TaggedStruct("Reply", { id: Schema.String, reply: Schema.NullOr(CommandReply) })
])
type Message = typeof Message.Type

const encodeMessage = Schema.encodeSync(Schema.fromJsonString(Message))
const decodeMessage = Schema.decodeUnknownOption(Schema.fromJsonString(Message))

/** PostgreSQL: the payload of NOTIFY must be shorter than 8000 bytes. */
const maxNotificationBytes = 8000

const channelOf = (nodeId: string) => `switchboard_node_${nodeId}`
