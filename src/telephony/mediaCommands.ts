import { Deferred, Effect, type Scope } from "effect"
import type { AgentEvent } from "../agents/AgentSpec.ts"
import { eventRefusals } from "./agentEvents.ts"
import type { CallCommand, CommandReply } from "./CallCommands.ts"
import type { AdmittedCall } from "./mediaAdmission.ts"
import { pressDigits } from "./mediaDigits.ts"
import type { MediaProgress } from "./mediaProgress.ts"
import { type Ending, hangUp, released } from "./mediaEnding.ts"

const done = (detail: string): CommandReply => ({ ok: true, detail })
const refused = (detail: string): CommandReply => ({ ok: false, detail })
const notOpen = refused("The call's media is not open yet. Try again.")

/**
 * Answers what operators ask of a call that this node holds. `progress` is what its session has got hold of when it
 * is asked. A hang-up is answered at once; what it waits for runs in `scope`.
 */
export const commandHandler = (
  admitted: AdmittedCall,
  progress: Readonly<MediaProgress>,
  stop: Deferred.Deferred<Ending>,
  scope: Scope.Scope
) => {
  const hang = (drain: boolean) => {
    const drained = drain ? (progress.transport?.drained ?? Effect.void) : Effect.void
    return Effect.forkIn(Effect.andThen(drained, Deferred.succeed(stop, hangUp("operator_ended"))), scope)
  }

  const press = (digits: string): Effect.Effect<CommandReply> => {
    const media = progress.transport
    if (media === undefined) return Effect.succeed(notOpen)
    return Effect.map(pressDigits(admitted, media, digits), (failed) =>
      failed === undefined ? done("sent") : refused(failed.message)
    )
  }

  const tell = (event: AgentEvent): Effect.Effect<CommandReply> => {
    const agent = progress.leg
    if (agent === undefined) return Effect.succeed(eventRefusals.notThere)
    if (agent.event === undefined) return Effect.succeed(eventRefusals.notSupported)
    return Effect.map(agent.event(event), (told) => (told ? done("told") : eventRefusals.notTold))
  }

  return Effect.fnUntraced(function* (command: CallCommand) {
    switch (command._tag) {
      case "SendDigits":
        return yield* press(command.digits)
      case "Recording":
        return yield* progress.recording?.command(command.action) ?? Effect.succeed(notOpen)
      case "TransferState":
        yield* progress.leg?.transferState?.(command) ?? Effect.void
        return done("told")
      case "AnsweringMachine": {
        const { _tag, at_ms: atMs, ...news } = command
        yield* progress.answering?.tell({ _tag: "Answered", source: "carrier", ...news, atMs }) ?? Effect.void
        return done("told")
      }
      case "AgentEvent":
        return yield* tell({ name: command.name, data: command.data })
      case "Release":
        yield* Deferred.succeed(stop, released)
        return done("released")
      case "HangUp":
        yield* hang(command.drain)
        return done("hanging up")
    }
  })
}
