import { Cause, Console, Effect, Option } from "effect"
import { CliError } from "effect/cli"

/**
 * Tells a person at a terminal why a command failed: what the error says, and nothing of its insides. With wrong flags the
 * help and what is wrong are on the screen already. Of a defect all is told.
 */
export const tell = <A, E extends { readonly message: string }, R>(command: Effect.Effect<A, E, R>) =>
  Effect.tapCause(command, (cause) =>
    Option.match(Cause.findErrorOption(cause), {
      onNone: () => (Cause.hasInterruptsOnly(cause) ? Effect.void : Console.error(Cause.pretty(cause))),
      onSome: (error) => (CliError.isCliError(error) ? Effect.void : Console.error(error.message))
    })
  )
