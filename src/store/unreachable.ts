import { Schema } from "effect"
import type { SqlError } from "effect/sql"
import { causeText } from "./causeText.ts"

/** The server of `DATABASE_URL` cannot be used. `reason` never holds the address: it may carry a password. */
export class DatabaseUnreachable extends Schema.TaggedError<DatabaseUnreachable>()("DatabaseUnreachable", {
  reason: Schema.String
}) {
  override get message() {
    return `The PostgreSQL server of DATABASE_URL cannot be used: ${this.reason}. Check that it runs, and the host, database, user and password in DATABASE_URL.`
  }
}

const hasCode = Schema.is(Schema.Struct({ code: Schema.String }))
const hasErrors = Schema.is(Schema.Struct({ errors: Schema.NonEmptyArray(Schema.Unknown) }))

/** Why a connection was not made; of several addresses tried, the first one's reason. */
export const unreachable = (error: SqlError.SqlError) => {
  const { cause } = error.reason
  return new DatabaseUnreachable({ reason: causeText(hasErrors(cause) ? cause.errors[0] : cause) })
}

// Appendix A of the PostgreSQL manual: cannot_connect_now, too_many_connections.
const NOT_YET = ["57P03", "53300"]

/** Whether the server may just be starting, or its network: worth another try, unlike a wrong name or password. */
export const mayComeUp = (error: SqlError.SqlError) => {
  const { cause, message } = error.reason
  const code = hasCode(cause) ? cause.code : ""
  return NOT_YET.includes(code) || /^E[A-Z_]+$/.test(code) || / (closed|timed out)$/.test(message ?? "")
}
