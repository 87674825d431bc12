import { createHash, randomBytes } from "node:crypto"
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { append } from "./callLog.ts"
import { leaseSeconds } from "./Leases.ts"
import { Node } from "./Node.ts"

/** The ticket does not open a media socket. `unknown` 404, `expired` 401, `used` and `over` 409. */
export class TicketRefused extends Schema.TaggedError<TicketRefused>()("TicketRefused", {
  reason: Schema.Literals(["unknown", "expired", "used", "over"])
}) {}

/**
 * One-time secrets that open a call's media socket: 128 random bits, stored hashed, good for 60 s. A webhook that was
 * delivered twice has two replies with a ticket each, and the carrier may follow either: both are good, and whichever
 * comes first opens the call's only socket.
 */
export class Tickets extends Context.Service<
  Tickets,
  {
    /**
     * A fresh ticket for a call. When the call's media was opened already, or the call is over, it is one that opens
     * nothing. `validForMs` counts from now (a ticket that is handed out before the phone was answered must outlive the
     * ringing); 60 s by default.
     */
    readonly issue: (callId: string, validForMs?: number) => Effect.Effect<Redacted.Redacted<string>, SqlError>
    /** Which call a ticket would open, without using it up. */
    readonly peek: (
      ticket: Redacted.Redacted<string>
    ) => Effect.Effect<{ readonly callId: string }, TicketRefused | SqlError>
    /**
     * Uses the ticket up with one atomic UPDATE, and takes the call for this node (node id, lease, media `connecting`).
     * Of two at once exactly one succeeds; the other gets `used`.
     */
    readonly consume: (
      ticket: Redacted.Redacted<string>
    ) => Effect.Effect<{ readonly callId: string }, TicketRefused | SqlError>
    /** Takes the call for this node in the same way, for media that we open: no ticket is handed out. */
    readonly claim: (callId: string) => Effect.Effect<void, TicketRefused | SqlError>
  }
>()("switchboard/Tickets") {
  static readonly layer = Layer.effect(
    Tickets,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const node = yield* Node

      const issue = Effect.fn("Tickets.issue")(function* (callId: string, validForMs = 60_000) {
        const ticket = yield* Effect.sync(() => Redacted.make(randomBytes(16).toString("base64url")))
        yield* sql`INSERT INTO media_tickets (ticket_hash, call_id, expires_at)
          SELECT ${hash(ticket)}, id, clock_timestamp() + ${validForMs} * interval '1 millisecond' FROM calls
          WHERE id = ${callId} AND ended_at IS NULL AND media_state = 'none'`
        return ticket
      })

      const look = Effect.fnUntraced(function* (ticket: Redacted.Redacted<string>) {
        const [row] = yield* sql`SELECT call_id, consumed_at IS NOT NULL OR media_state <> 'none' AS used,
            ended_at IS NOT NULL AS over, expires_at <= clock_timestamp() AS expired
          FROM media_tickets JOIN calls ON calls.id = call_id WHERE ticket_hash = ${hash(ticket)}`
        if (row === undefined) return yield* new TicketRefused({ reason: "unknown" })
        const { call_id, used, over, expired } = yield* Effect.orDie(readState(row))
        const reason = over ? "over" : used ? "used" : expired ? "expired" : undefined
        return { callId: call_id, refused: reason === undefined ? undefined : new TicketRefused({ reason }) }
      })

      const peek = Effect.fn("Tickets.peek")(function* (ticket: Redacted.Redacted<string>) {
        const { callId, refused } = yield* look(ticket)
        return refused === undefined ? { callId } : yield* refused
      })

      const take = Effect.fnUntraced(function* (ticket: Redacted.Redacted<string>) {
        const [row] = yield* sql`WITH used AS (
            UPDATE media_tickets SET consumed_at = clock_timestamp()
            WHERE ticket_hash = ${hash(ticket)} AND consumed_at IS NULL AND expires_at > clock_timestamp()
            RETURNING call_id
          ) UPDATE calls SET node_id = ${node.id}, media_state = 'connecting',
              lease_until = clock_timestamp() + ${leaseSeconds} * interval '1 second'
            FROM used WHERE id = used.call_id AND ended_at IS NULL AND media_state = 'none' RETURNING id`
        if (row === undefined) return undefined
        const { id } = yield* Effect.orDie(readId(row))
        yield* append(sql, id, { source: "carrier", kind: "media.connecting", payload: { node: node.id } })
        return { callId: id }
      })
      const claim = Effect.fn("Tickets.claim")(function* (callId: string) {
        const [row] = yield* sql`UPDATE calls SET node_id = ${node.id}, media_state = 'connecting',
            lease_until = clock_timestamp() + ${leaseSeconds} * interval '1 second'
          WHERE id = ${callId} AND ended_at IS NULL AND media_state = 'none' RETURNING id`
        if (row === undefined) return yield* new TicketRefused({ reason: "used" })
        yield* append(sql, callId, { source: "gateway", kind: "media.connecting", payload: { node: node.id } })
      }, sql.withTransaction)
      const consume = Effect.fn("Tickets.consume")(function* (ticket: Redacted.Redacted<string>) {
        const taken = yield* sql.withTransaction(take(ticket))
        if (taken !== undefined) return taken
        const { refused } = yield* look(ticket)
        return yield* refused ?? new TicketRefused({ reason: "used" })
      })

      return Tickets.of({ issue, peek, consume, claim })
    })
  )
}

const hash = (ticket: Redacted.Redacted<string>) => createHash("sha256").update(Redacted.value(ticket)).digest()

const readId = Schema.decodeUnknownEffect(Schema.Struct({ id: Schema.String }))
const readState = Schema.decodeUnknownEffect(
  Schema.Struct({ call_id: Schema.String, used: Schema.Boolean, over: Schema.Boolean, expired: Schema.Boolean })
)
