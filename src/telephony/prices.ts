import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { reference, CarrierDesk } from "./CarrierDesk.ts"
import { Calls } from "./Calls.ts"
import { type CallRecord, readCalls } from "./callRow.ts"

/** Pauses before each question for a call's price, s: carriers rate calls after seconds, minutes, or longer. */
const pauses = [10, 30, 120, 600, 3600]

const batch = 50

/** Asks the carriers once for the prices that are due. What stays unpriced after the last question is unknown, not zero. */
export const priceCalls = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const calls = yield* Calls
  const desk = yield* CarrierDesk

  const asked = (call: CallRecord, attempts: number) =>
    sql`UPDATE calls SET cost_attempts = ${attempts}, cost_checked_at = clock_timestamp() WHERE id = ${call.id}`

  const price = Effect.fnUntraced(function* (call: CallRecord, attempts: number) {
    const provider = yield* Effect.option(desk.provider(call))
    const callCost = Option.getOrUndefined(provider)?.callCost
    if (Option.isSome(provider) && callCost === undefined) return yield* asked(call, pauses.length)
    const cost = yield* (callCost?.(reference(call)) ?? Effect.undefined).pipe(
      Effect.timeout("10 seconds"),
      Effect.orElseSucceed(() => undefined)
    )
    if (cost === undefined) {
      yield* asked(call, attempts + 1)
      if (attempts + 1 >= pauses.length)
        yield* calls.record(call.id, { source: "gateway", kind: "cost.unknown", payload: {}, dedupeKey: "cost" })
      return
    }
    yield* sql`UPDATE calls SET cost_amount = ${cost.amount}, cost_currency = ${cost.currency},
      cost_checked_at = clock_timestamp() WHERE id = ${call.id} AND cost_amount IS NULL`
    yield* calls.record(call.id, { source: "carrier", kind: "cost", payload: { ...cost }, dedupeKey: "cost" })
  })

  for (const [attempts, pause] of pauses.entries()) {
    const due = yield* Effect.flatMap(
      sql`SELECT * FROM calls WHERE cost_amount IS NULL AND answered_at IS NOT NULL AND ended_at IS NOT NULL
        AND cost_attempts = ${attempts}
        AND coalesce(cost_checked_at, ended_at) < clock_timestamp() - ${pause} * interval '1 second'
        ORDER BY ended_at LIMIT ${batch}`,
      readCalls
    )
    yield* Effect.forEach(
      due,
      (call) =>
        Effect.catch(price(call, attempts), (error) =>
          Effect.andThen(Effect.logWarning(`A price was not stored: ${error.message}`), asked(call, attempts + 1))
        ),
      { concurrency: 4, discard: true }
    )
  }
}).pipe(Effect.withSpan("priceCalls"))
