import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { ConnectionTest } from "../carrier/TelephonyProvider.ts"
import type { ConfigurationNotFound, Configurations } from "./Configurations.ts"

/** How long the carrier may take to say whether the credentials work. */
const PATIENCE = "20 seconds"

const failed = (message: string): ConnectionTest => ({ ok: false, message, warnings: [] })

/** Asks the carrier whether a configuration's credentials work. Every trouble is an answer in words. */
export const testConnection = (
  configurations: Configurations["Service"],
  organizationId: string,
  id: string
): Effect.Effect<ConnectionTest, ConfigurationNotFound | SqlError> =>
  configurations.load(id, { organizationId }).pipe(
    Effect.flatMap(({ provider }) => provider.testConnection),
    Effect.timeoutOrElse({
      duration: PATIENCE,
      orElse: () => Effect.succeed(failed("The carrier did not answer in time. Try again later."))
    }),
    Effect.catchTags({
      CarrierError: ({ message }) => Effect.succeed(failed(message)),
      InvalidCredentials: ({ errors }) =>
        Effect.succeed(
          failed(
            `The stored credentials do not fit. ${errors.map(({ field, message }) => `${field}: ${message}`).join(" ")}`
          )
        ),
      UnknownProvider: ({ message }) => Effect.succeed(failed(message)),
      WrongProvider: Effect.die
    })
  )
