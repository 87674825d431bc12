import { Context, type Effect, Schema, type Scope } from "effect"

/** What can be asked of a call whose media this or another node holds. */
export const CallCommand = Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("HangUp"), drain: Schema.Boolean }),
  Schema.Struct({ _tag: Schema.Literal("SendDigits"), digits: Schema.String })
])
export type CallCommand = typeof CallCommand.Type

/** How the node that holds the call answered. */
export const CommandReply = Schema.Struct({ ok: Schema.Boolean, detail: Schema.String })
export type CommandReply = typeof CommandReply.Type

/** No node holds the call's media, or it did not answer within 5 s. */
export class CallNotHeld extends Schema.TaggedError<CallNotHeld>()("CallNotHeld", { callId: Schema.String }) {}

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
  }
>()("switchboard/CallCommands") {}
