import { PgClient } from "@effect/sql-pg"
import { Cause, Context, Effect, Layer, Queue, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { NumberSync } from "./NumberSync.ts"
import { readNumbers } from "./numberRow.ts"
import { reader } from "./rows.ts"

/** How often deletions that could not be finished are tried again. */
const RETRY = "1 minute"
/** After this long the credentials go, whatever the carrier says. */
const PATIENCE = "24 hours"

/** Deletes configurations: at once here, then in the background at the carrier, and last their credentials. */
export class ConfigurationCleanup extends Context.Service<
  ConfigurationCleanup,
  {
    /** Marks a configuration as deleted, its numbers as given up, and starts to take it apart. */
    readonly begin: (id: string) => Effect.Effect<void, SqlError>
    /** One attempt to finish every deletion that is open; gives how many are left. */
    readonly sweep: Effect.Effect<number, SqlError>
  }
>()("switchboard/ConfigurationCleanup") {
  /** Goes on, for as long as the layer lives, with what this or an earlier process began. */
  static readonly layer = Layer.effect(
    ConfigurationCleanup,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const numberSync = yield* NumberSync
      const wake = yield* Queue.sliding<void>(1)

      const mark = Effect.fnUntraced(function* (id: string) {
        yield* sql`UPDATE telephony_configurations
          SET deleted_at = now(), updated_at = now(), is_default_outbound = false, numbers_version = numbers_version + 1
          WHERE id = ${id} AND deleted_at IS NULL`
        yield* sql`UPDATE telephony_phone_numbers
          SET is_active = false, is_default_caller_id = false, agent_id = NULL, updated_at = now(),
            sync_state = CASE WHEN sync_state ->> 'desired' IS NULL THEN sync_state
              ELSE sync_state || '{"desired": null, "attempts": 0}' END
          WHERE telephony_configuration_id = ${id}`
      }, sql.withTransaction)

      const begin = Effect.fn("ConfigurationCleanup.begin")(function* (id: string) {
        yield* mark(id)
        yield* Queue.offer(wake, undefined)
      })

      /** The carrier's one webhook per number: when another configuration has the number by now, it is not ours to take away. */
      const adopted = Effect.fnUntraced(function* (numberId: string) {
        return yield* readIds(
          yield* sql`SELECT other.id FROM telephony_phone_numbers mine
            JOIN telephony_phone_numbers other ON other.provider = mine.provider
              AND other.account_id = mine.account_id AND other.address_normalized = mine.address_normalized
              AND other.is_active AND other.agent_id IS NOT NULL
            WHERE mine.id = ${numberId}`
        )
      })

      const detach = Effect.fnUntraced(function* (numberId: string) {
        const before = yield* adopted(numberId)
        if (before.length > 0) return { ok: true, message: "The number has another configuration now." }
        const sync = yield* numberSync.bring(numberId)
        // Whoever took the number over while the carrier was told gets the webhook back.
        const after = yield* adopted(numberId)
        yield* Effect.forEach(after, ({ id }) => numberSync.bring(id, { force: true }), { discard: true })
        return sync
      })

      const finish = Effect.fnUntraced(function* ({
        id,
        is_overdue
      }: {
        readonly id: string
        readonly is_overdue: boolean
      }) {
        const numbers = yield* readNumbers(
          yield* sql`SELECT * FROM telephony_phone_numbers WHERE telephony_configuration_id = ${id}`
        )
        const left = yield* Effect.filter(numbers, (number) => Effect.map(detach(number.id), ({ ok }) => !ok))
        if (left.length > 0 && !is_overdue) return false
        if (left.length > 0) {
          const addresses = left.map((number) => number.address_normalized).join(", ")
          yield* Effect.logWarning(`Gave up detaching ${addresses} at the carrier: look at their webhooks there.`)
        }
        return yield* erase(id)
      })

      /** Live calls still need the credentials, to be ended. */
      const erase = Effect.fnUntraced(function* (id: string) {
        const erased = yield* sql`UPDATE telephony_configurations SET credentials = '{}', account_id = ''
          WHERE id = ${id} AND NOT EXISTS (
            SELECT 1 FROM calls WHERE telephony_configuration_id = ${id}
              AND (ended_at IS NULL OR hangup_due_at IS NOT NULL)
          ) RETURNING id`
        if (erased.length === 0) return false
        yield* sql`DELETE FROM telephony_phone_numbers WHERE telephony_configuration_id = ${id}`
        return true
      }, sql.withTransaction)

      const sweep = Effect.gen(function* () {
        const open = yield* readOpen(
          yield* sql`SELECT id, deleted_at < now() - ${PATIENCE}::interval AS is_overdue FROM telephony_configurations
            WHERE deleted_at IS NOT NULL AND credentials <> '{}' ORDER BY deleted_at`
        )
        const left = yield* Effect.filter(open, (deleted) => Effect.map(finish(deleted), (done) => !done))
        return left.length
      }).pipe(Effect.withSpan("ConfigurationCleanup.sweep"))

      yield* sweep.pipe(
        Effect.catchCauseIf(
          (cause) => !Cause.hasInterrupts(cause),
          (cause) => Effect.logWarning("Deleted configurations could not be taken apart now", cause)
        ),
        Effect.andThen(Effect.timeoutOption(Queue.take(wake), RETRY)),
        Effect.forever,
        Effect.forkScoped
      )
      return ConfigurationCleanup.of({ begin, sweep })
    })
  )
}

const readIds = reader(Schema.Struct({ id: Schema.String }))
const readOpen = reader(Schema.Struct({ id: Schema.String, is_overdue: Schema.Boolean }))
