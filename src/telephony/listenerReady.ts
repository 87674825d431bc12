import { Effect, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type LoadedConfiguration, NoConfigurationReady } from "../organizations/Configurations.ts"

/** How long a connection is waited for that nobody has yet said anything about: it is just being made, or handed over. */
const patience = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(20)])

const State = Schema.Struct({ is_up: Schema.Boolean, reason: Schema.NullOr(Schema.String) })
const readState = Schema.decodeUnknownEffect(State)

/**
 * Lets a call be dialled only while some node is connected to the carrier, where the carrier tells of its calls over such a
 * connection: else nobody would learn that the call was answered. Fails with the reason.
 */
export const listenerReady = Effect.fnUntraced(function* ({ id, name, spec }: LoadedConfiguration) {
  if (spec.listens !== true) return
  const sql = yield* SqlClient.SqlClient
  const look = Effect.gen(function* () {
    const [row] = yield* sql`SELECT connected_at IS NOT NULL AS is_up, reason FROM listeners
      WHERE configuration_id = ${id} AND lease_until > clock_timestamp()`
    return row === undefined ? { is_up: false, reason: null } : yield* Effect.orDie(readState(row))
  })
  const { is_up, reason } = yield* Effect.repeat(look, {
    until: (state) => state.is_up || state.reason !== null,
    schedule: patience
  })
  if (is_up) return
  return yield* new NoConfigurationReady({
    message: `Configuration "${name}": there is no connection to its carrier, so the call was not dialled. ${reason ?? "It is being made: try again in a few seconds."}`
  })
})
