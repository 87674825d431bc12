import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { InvalidFields } from "../organizations/refusals.ts"
import { Conflict, NotFound, ServiceUnavailable, ValidationFailed } from "./Problems.ts"

/** What went wrong in our own statement, as opposed to in the database. */
const ours: ReadonlySet<string> = new Set([
  "SqlSyntaxError",
  "UniqueViolation",
  "ConstraintError",
  "AuthorizationError"
])

/** A database that is away is a retryable answer; a statement that is wrong is a defect. */
export const databaseAway = (error: SqlError): Effect.Effect<never, ServiceUnavailable> =>
  ours.has(error.reason._tag)
    ? Effect.die(error)
    : Effect.andThen(
        Effect.logWarning(`The database could not answer: ${error.message}`),
        Effect.fail(
          new ServiceUnavailable({
            code: "database_unavailable",
            detail: "The database cannot be reached. Nothing was changed; try again in a few seconds."
          })
        )
      )

const things = {
  configuration_not_found: "configuration",
  phone_number_not_found: "phone number of this configuration",
  agent_not_found: "agent",
  api_key_not_found: "API key",
  audio_clip_not_found: "audio clip"
} as const

const missing = (code: keyof typeof things) => () =>
  Effect.fail(new NotFound({ code, detail: `There is no such ${things[code]} in this organization.` }))

const conflict = (code: Conflict["code"]) => (error: { readonly message: string }) =>
  Effect.fail(new Conflict({ code, detail: error.message }))

const invalid = ({ errors }: InvalidFields) =>
  Effect.fail(new ValidationFailed({ code: "validation_failed", errors, detail: summaryOf(errors) }))

/** One line that names the fields. */
export const summaryOf = (errors: InvalidFields["errors"]) =>
  errors.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)).join("; ")

/** What the rooms below refuse, as problems. Pick those that an operation can fail with. */
export const refused = {
  SqlError: databaseAway,
  ConfigurationNotFound: missing("configuration_not_found"),
  PhoneNumberNotFound: missing("phone_number_not_found"),
  AgentNotFound: missing("agent_not_found"),
  AudioClipNotFound: missing("audio_clip_not_found"),
  ApiKeyNotFound: missing("api_key_not_found"),
  VersionConflict: conflict("version_conflict"),
  NameTaken: conflict("name_taken"),
  NumberTaken: conflict("number_taken"),
  AgentInUse: conflict("agent_in_use"),
  LastAdminKey: conflict("last_admin_key"),
  InvalidFields: invalid
} as const
