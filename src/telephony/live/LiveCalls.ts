import { Context, Effect, Layer, PubSub, RcMap, Schedule, Stream } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import type { Call } from "../Call.ts"
import type { CallLevel } from "../CallCommands.ts"
import { type CallRecord, readCalls, shownColumns } from "../callRow.ts"
import { Node } from "../Node.ts"
import { Levels } from "./Levels.ts"

/** What whoever watches an organization's calls learns. */
export type LiveNews =
  | { readonly _tag: "Call"; readonly call: Call }
  /** Every call that is live now was told. */
  | { readonly _tag: "Ready" }
  | { readonly _tag: "Levels"; readonly levels: ReadonlyArray<CallLevel> }

/** How often the calls are looked at while somebody watches. */
const interval = "400 millis"

/** After so many looks the nodes are asked again for levels: about every 2 s. */
const asking = 5

/** What can be seen of a call, to tell whether it changed. */
const seen = ({
  deadlineAt: _deadline,
  hangupAttempts: _attempts,
  hangupDueAt: _due,
  leaseUntil: _lease,
  memory: _memory,
  ...call
}: CallRecord) => JSON.stringify(call)

/** A database that is away is asked again. */
const untilThere = <A>(look: Effect.Effect<A, SqlError>) =>
  Effect.orDie(Effect.retry(look, Schedule.spaced("2 seconds")))

const told = (call: Call): LiveNews => ({ _tag: "Call", call })
const ready: LiveNews = { _tag: "Ready" }

const hasMedia = ({ endedAt, mediaState }: Call) =>
  endedAt === undefined && (mediaState === "connecting" || mediaState === "streaming")

/** An organization's calls as they happen, whatever node they are on. Nothing is looked at while nobody watches. */
export class LiveCalls extends Context.Service<
  LiveCalls,
  {
    /** First the calls that are live, then `Ready`, then every call that begins or changes, and levels. Never ends. */
    readonly follow: (organizationId: string) => Stream.Stream<LiveNews>
  }
>()("switchboard/LiveCalls") {
  static readonly layer = Layer.effect(
    LiveCalls,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const levels = yield* Levels
      const node = yield* Node

      const columns = shownColumns(sql)
      const live = (organizationId: string) =>
        Effect.flatMap(
          sql`SELECT ${columns} FROM calls WHERE organization_id = ${organizationId} AND ended_at IS NULL ORDER BY id`,
          readCalls
        )
      /** A call that begins and ends between two looks is seen, too, and what is learnt of it shortly after its end. */
      const lately = (organizationId: string) =>
        Effect.flatMap(
          sql`SELECT ${columns} FROM calls WHERE organization_id = ${organizationId} AND ended_at IS NULL
            UNION ALL SELECT ${columns} FROM calls WHERE organization_id = ${organizationId}
              AND ended_at > clock_timestamp() - interval '15 seconds' ORDER BY id`,
          readCalls
        )

      const watch = Effect.fnUntraced(function* (organizationId: string) {
        const changes = yield* PubSub.sliding<Call>(1024)
        const known = new Map<string, string>()
        let looks = 0
        const look = Effect.gen(function* () {
          const calls = yield* lately(organizationId)
          const changed = calls.filter((call) => known.get(call.id) !== seen(call))
          const present = new Set(calls.map(({ id }) => id))
          for (const id of known.keys()) if (!present.has(id)) known.delete(id)
          for (const call of changed) known.set(call.id, seen(call))
          if (looks++ % asking === 0) {
            const nodes = calls.filter(hasMedia).flatMap(({ nodeId }) => nodeId ?? [])
            yield* levels.ask(organizationId, new Set(nodes.filter((id) => id !== node.id)))
          }
          return changed
        })
        // What has happened before is told to whoever comes by the calls that are live then.
        yield* untilThere(look)
        yield* untilThere(look).pipe(
          Effect.flatMap((changed) => PubSub.publishAll(changes, changed)),
          Effect.delay(interval),
          Effect.forever,
          Effect.forkScoped
        )
        return changes
      })
      const rooms = yield* RcMap.make({ lookup: watch })

      const news = Effect.fnUntraced(function* (organizationId: string) {
        const changes = yield* PubSub.subscribe(yield* RcMap.get(rooms, organizationId))
        const loud = yield* levels.watch(organizationId)
        const first = yield* untilThere(live(organizationId))
        return Stream.concat(
          Stream.fromIterable([...first.map(told), ready]),
          Stream.merge(
            Stream.map(Stream.fromSubscription(changes), told),
            Stream.map(loud, (each): LiveNews => ({ _tag: "Levels", levels: each }))
          )
        )
      })
      return LiveCalls.of({ follow: (organizationId) => Stream.unwrap(news(organizationId)) })
    })
  )
}
