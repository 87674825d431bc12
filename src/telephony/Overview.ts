import { Context, type DateTime, Effect, Layer, Metric, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import { framesDropped, underruns } from "../transport/metrics.ts"
import { EndOwner, EndReason } from "./EndReason.ts"
import { eventLoopDelay } from "./metrics.ts"

/** What happened in one minute, which begins at `at`. */
export interface Minute {
  readonly at: DateTime.Utc
  readonly inbound: number
  readonly outbound: number
  readonly answered: number
  readonly ended: number
}

/** An organization's last minutes at a glance. */
export interface OverviewOf {
  /** The oldest first; those in which nothing happened are there, too. */
  readonly minutes: ReadonlyArray<Minute>
  /** Of the calls that began in this time and were answered or ended: the part that was answered. Undefined: there are none. */
  readonly answerRate: number | undefined
  readonly endReasons: ReadonlyArray<{ readonly reason: EndReason; readonly owner: EndOwner; readonly count: number }>
  readonly concurrent: { readonly now: number; readonly limit: number }
  /** Of this node since its start; the delay (ms) of the last seconds. */
  readonly media: { readonly underruns: number; readonly framesDropped: number; readonly eventLoopDelayP99: number }
  readonly signatureFailures: ReadonlyArray<{ readonly provider: string; readonly count: number }>
}

const reader = <S extends Schema.Codec<unknown, unknown>>(row: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.Array(row))
  return (rows: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<S["Type"]>> => Effect.orDie(decode(rows))
}

const readMinutes = reader(
  Schema.Struct({
    at: Schema.DateTimeUtcFromDate,
    inbound: Schema.Int,
    outbound: Schema.Int,
    answered: Schema.Int,
    ended: Schema.Int
  })
)
const readReasons = reader(Schema.Struct({ reason: EndReason, owner: EndOwner, count: Schema.Int }))
const readFailures = reader(Schema.Struct({ provider: Schema.String, count: Schema.Int }))
const readTotals = reader(
  Schema.Struct({ answered: Schema.Int, settled: Schema.Int, live: Schema.Int, most: Schema.Int })
)

/** What the console's first page shows. */
export class Overview extends Context.Service<
  Overview,
  { readonly of: (organizationId: string, minutes: number) => Effect.Effect<OverviewOf, SqlError> }
>()("switchboard/Overview") {
  static readonly layer = Layer.effect(
    Overview,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const of = Effect.fn("Overview.of")(function* (organizationId: string, minutes: number) {
        const from = sql`(date_trunc('minute', now()) - ${minutes - 1} * interval '1 minute')`
        const mine = sql`organization_id = ${organizationId}`
        const [perMinute, reasons, failures, totals] = yield* Effect.all(
          [
            // Whatever is answered was placed a few minutes before at the most.
            sql`SELECT m.at, coalesce(b.inbound, 0) AS inbound, coalesce(b.outbound, 0) AS outbound,
                coalesce(a.count, 0) AS answered, coalesce(e.count, 0) AS ended
              FROM generate_series(${from}, date_trunc('minute', now()), interval '1 minute') AS m(at)
              LEFT JOIN (SELECT date_trunc('minute', created_at) AS at,
                  (count(*) FILTER (WHERE direction = 'inbound'))::int AS inbound,
                  (count(*) FILTER (WHERE direction = 'outbound'))::int AS outbound
                FROM calls WHERE ${mine} AND created_at >= ${from} GROUP BY 1) b ON b.at = m.at
              LEFT JOIN (SELECT date_trunc('minute', answered_at) AS at, count(*)::int AS count
                FROM calls WHERE ${mine} AND created_at >= ${from} - interval '15 minutes' AND answered_at >= ${from}
                GROUP BY 1) a ON a.at = m.at
              LEFT JOIN (SELECT date_trunc('minute', ended_at) AS at, count(*)::int AS count
                FROM calls WHERE ${mine} AND ended_at >= ${from} GROUP BY 1) e ON e.at = m.at
              ORDER BY m.at`,
            sql`SELECT end_reason AS reason, end_owner AS owner, count(*)::int AS count
              FROM calls WHERE ${mine} AND ended_at >= ${from} GROUP BY 1, 2 ORDER BY 3 DESC, 1`,
            sql`SELECT provider, count(*)::int AS count FROM signature_failures
              WHERE ${mine} AND occurred_at >= ${from} GROUP BY 1 ORDER BY 2 DESC, 1`,
            sql`SELECT (count(*) FILTER (WHERE answered_at IS NOT NULL))::int AS answered,
                (count(*) FILTER (WHERE answered_at IS NOT NULL OR ended_at IS NOT NULL))::int AS settled,
                (SELECT count(*)::int FROM calls WHERE ${mine} AND ended_at IS NULL) AS live,
                (SELECT max_concurrent_calls FROM organizations WHERE id = ${organizationId}) AS most
              FROM calls WHERE ${mine} AND created_at >= ${from}`
          ],
          { concurrency: 2 }
        )
        const [total] = yield* readTotals(totals)
        const { answered, live, most, settled } = total ?? { answered: 0, live: 0, most: 0, settled: 0 }
        return {
          minutes: yield* readMinutes(perMinute),
          answerRate: settled === 0 ? undefined : answered / settled,
          endReasons: yield* readReasons(reasons),
          concurrent: { now: live, limit: most },
          media: {
            underruns: (yield* Metric.value(underruns)).count,
            framesDropped: (yield* Metric.value(framesDropped)).count,
            eventLoopDelayP99: Math.round((yield* Metric.value(eventLoopDelay("0.99"))).value * 10_000) / 10
          },
          signatureFailures: yield* readFailures(failures)
        } satisfies OverviewOf
      })
      return Overview.of({ of })
    })
  )
}
