import { Deferred, Effect, type Scope } from "effect"
import type { AgentEvent, AgentLeg } from "../agents/AgentSpec.ts"
import type { Transport } from "../Transport.ts"
import { eventRefusals } from "./agentEvents.ts"
import type { CallCommand, CommandReply } from "./CallCommands.ts"
import type { CallAnswering } from "./callAnswering.ts"
import type { CallRecording } from "./callRecording.ts"
import type { AdmittedCall } from "./mediaAdmission.ts"
import { pressDigits } from "./mediaDigits.ts"
import { type Ending, hangUp, released } from "./mediaEnding.ts"

const done = (detail: string): CommandReply => ({ ok: true, detail })
const refused = (detail: string): CommandReply => ({ ok: false, detail })
const notOpen = refused("The call's media is not open yet. Try again.")

/**
 * Answers what operators ask of a call that this node holds. `transport` gives undefined until the media is open. A hang-up
 * is answered at once; what it waits for runs in `scope`.
 */
export const commandHandler = (
  admitted: AdmittedCall,
  transport: () => Transport | undefined,
  leg: () => AgentLeg | undefined,
  recording: () => CallRecording | undefined,
  answering: () => CallAnswering | undefined,
  stop: Deferred.Deferred<Ending>,
  scope: Scope.Scope
) => {
  const hang = (drain: boolean) => {
    const drained = drain ? (transport()?.drained ?? Effect.void) : Effect.void
    return Effect.forkIn(Effect.andThen(drained, Deferred.succeed(stop, hangUp("operator_ended"))), scope)
  }

  const press = (digits: string): Effect.Effect<CommandReply> => {
    const media = transport()
    if (media === undefined) return Effect.succeed(notOpen)
    return Effect.map(pressDigits(admitted, media, digits), (failed) =>
      failed === undefined ? done("sent") : refused(failed.message)
    )
  }

  const tell = (event: AgentEvent): Effect.Effect<CommandReply> => {
    const agent = leg()
    if (agent === undefined) return Effect.succeed(eventRefusals.notThere)
    if (agent.event === undefined) return Effect.succeed(eventRefusals.notSupported)
    return Effect.map(agent.event(event), (told) => (told ? done("told") : eventRefusals.notTold))
  }

  return Effect.fnUntraced(function* (command: CallCommand) {
    switch (command._tag) {
      case "SendDigits":
        return yield* press(command.digits)
      case "Recording":
        return yield* recording()?.command(command.action) ?? Effect.succeed(notOpen)
      case "TransferState":
        yield* leg()?.transferState?.(command) ?? Effect.void
        return done("told")
      case "AnsweringMachine": {
        const { _tag, at_ms: atMs, ...news } = command
        yield* answering()?.tell({ _tag: "Answered", source: "carrier", ...news, atMs }) ?? Effect.void
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
