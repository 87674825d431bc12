import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Ref, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { CallMemory } from "../carrier/TelephonyProvider.ts"
import type { FormValues } from "../Form.ts"
import { Settings } from "../Settings.ts"
import { uuidV7 } from "../store/Ids.ts"
import { storableText, storableValues } from "../store/storable.ts"
import type { Call } from "./Call.ts"
import { append } from "./callLog.ts"
import { readCall } from "./callRow.ts"
import { Drain } from "./Drain.ts"
import { mediaSeconds, reserveSeconds, ringSeconds } from "./deadlines.ts"
import { destinationRefused, readPolicy } from "./destinationPolicy.ts"
import { leaseSeconds } from "./Leases.ts"
import { Node } from "./Node.ts"

/** The organization's policy forbids the destination. */
export class DestinationNotAllowed extends Schema.TaggedError<DestinationNotAllowed>()("DestinationNotAllowed", {
  message: Schema.String
}) {}

/** A limit is reached: of the organization, of this node, or this node takes no new calls any more. */
export class LimitReached extends Schema.TaggedError<LimitReached>()("LimitReached", {
  limit: Schema.Literals(["concurrent-calls", "calls-per-second", "node", "draining"]),
  message: Schema.String
}) {}

/** The idempotency key was used for a call with another body. */
export class IdempotencyConflict extends Schema.TaggedError<IdempotencyConflict>()("IdempotencyConflict", {
  message: Schema.String
}) {}

export type AdmissionRefused = DestinationNotAllowed | LimitReached | IdempotencyConflict

/** A request's key, and what tells its content from another's. A key is good for 24 h; then it may be used anew. */
export interface Idempotency {
  readonly key: string
  readonly hash: string
}

/** A call that wants to begin. */
export interface NewCall {
  readonly organizationId: string
  readonly telephonyConfigurationId: string
  readonly agentId: string
  readonly mode: string
  readonly direction: "inbound" | "outbound"
  /** Of inbound calls as the carrier wrote it; of outbound ones canonical. */
  readonly from: string
  readonly to: string
  /** Known from the start for inbound calls: a second delivery finds the first one's call by it. */
  readonly providerCallId?: string
  readonly context: FormValues
  /** Whether to record it; where it is not said, the agent's settings tell. */
  readonly record?: boolean
  /** What the provider asked to remember about an inbound call. */
  readonly memory?: CallMemory
  /** Whoever places a call twice with the same key and the same `hash` of the request gets the first call again. */
  readonly idempotency?: Idempotency
}

/** `fresh` is false when an earlier request made this call already. */
export interface Admitted {
  readonly call: Call
  readonly fresh: boolean
}

const Organization = Schema.Struct({
  max_concurrent_calls: Schema.Int,
  calls_per_second: Schema.Int
})
const readOrganization = Schema.decodeUnknownEffect(Organization)
const Counts = Schema.Struct({ live: Schema.Int, recent: Schema.Int, here: Schema.Int })
const readCounts = Schema.decodeUnknownEffect(Counts)
const readIdempotency = Schema.decodeUnknownEffect(Schema.Struct({ idempotency_hash: Schema.NullOr(Schema.String) }))

/** How long an idempotency key is good. */
const keyHours = 24

/**
 * The only way for a call to begin: one transaction that holds the organization's row, so that no two admissions of an
 * organization overlap on any node. The live rows are the slots: what ends a call frees its slot, and none can leak.
 */
export class Admission extends Context.Service<
  Admission,
  {
    readonly admit: (call: NewCall) => Effect.Effect<Admitted, AdmissionRefused | SqlError>
    /** The call that a request with this key made before. A request that made none has not used its key up. */
    readonly earlier: (
      organizationId: string,
      idempotency: Idempotency
    ) => Effect.Effect<Option.Option<Call>, IdempotencyConflict | SqlError>
  }
>()("switchboard/Admission") {
  static readonly layer = Layer.effect(
    Admission,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const node = yield* Node
      const drain = yield* Drain
      const { maxCalls } = yield* Settings
      /** Admissions of this node that are under way: other organizations' transactions cannot see them yet. */
      const underWay = yield* Ref.make(0)

      const keyed = Effect.fnUntraced(function* (organizationId: string, { key, hash }: Idempotency) {
        const [row] = yield* sql`SELECT * FROM calls WHERE organization_id = ${organizationId}
          AND idempotency_key = ${key} AND created_at > clock_timestamp() - ${keyHours} * interval '1 hour'`
        if (row === undefined) return undefined
        const { idempotency_hash } = yield* Effect.orDie(readIdempotency(row))
        if (idempotency_hash !== hash)
          return yield* new IdempotencyConflict({
            message: "This Idempotency-Key was used for a call with another body. Send a new key with a new request."
          })
        return yield* readCall(row)
      })

      const earlier = Effect.fn("Admission.earlier")((organizationId: string, idempotency: Idempotency) =>
        Effect.map(keyed(organizationId, idempotency), Option.fromUndefinedOr)
      )

      /** The call that an earlier request or webhook made; the organization's row is locked. */
      const known = Effect.fnUntraced(function* (call: NewCall) {
        if (call.idempotency !== undefined) {
          const found = yield* keyed(call.organizationId, call.idempotency)
          if (found !== undefined) return found
          yield* sql`UPDATE calls SET idempotency_key = NULL, idempotency_hash = NULL
            WHERE organization_id = ${call.organizationId} AND idempotency_key = ${call.idempotency.key}`
          return undefined
        }
        if (call.providerCallId === undefined) return undefined
        const [row] = yield* sql`SELECT * FROM calls
          WHERE telephony_configuration_id = ${call.telephonyConfigurationId}
          AND provider_call_id = ${call.providerCallId}`
        return row === undefined ? undefined : yield* readCall(row)
      })

      const checkLimits = Effect.fnUntraced(function* (call: NewCall, concurrent: number, perSecond: number) {
        if (yield* drain.isDraining)
          return yield* refuse("draining", "This node is shutting down and takes no new calls. Try again.")
        const [row] = yield* sql`SELECT
          (SELECT count(*)::int FROM calls
            WHERE organization_id = ${call.organizationId} AND ended_at IS NULL) AS live,
          (SELECT count(*)::int FROM calls WHERE organization_id = ${call.organizationId}
            AND created_at > clock_timestamp() - interval '1 second' AND direction = 'outbound') AS recent,
          (SELECT count(*)::int FROM calls WHERE node_id = ${node.id} AND ended_at IS NULL) AS here`
        const { live, recent, here } = yield* Effect.orDie(readCounts(row))
        if (here + (yield* Ref.get(underWay)) > maxCalls)
          return yield* refuse("node", `This node carries ${here} calls, its limit (SWITCHBOARD_MAX_CALLS).`)
        if (live >= concurrent)
          return yield* refuse("concurrent-calls", `The organization has ${live} of ${concurrent} concurrent calls.`)
        if (call.direction === "outbound" && recent >= perSecond)
          return yield* refuse(
            "calls-per-second",
            `The organization may place ${perSecond} calls per second. Slow down.`
          )
      })

      const insert = Effect.fnUntraced(function* (call: NewCall) {
        const id = yield* uuidV7
        const seconds = call.direction === "inbound" ? mediaSeconds : ringSeconds + reserveSeconds
        const [row] = yield* sql`INSERT INTO calls (id, organization_id, telephony_configuration_id, agent_id, mode,
            direction, from_address, to_address, provider_call_id, status, created_at, deadline_at, node_id, lease_until,
            context, record, memory, idempotency_key, idempotency_hash)
          VALUES (${id}, ${call.organizationId}, ${call.telephonyConfigurationId}, ${call.agentId}, ${call.mode},
            ${call.direction}, ${storableText(call.from)}, ${call.to}, ${call.providerCallId ?? null}, 'initiated',
            clock_timestamp(),
            clock_timestamp() + ${seconds} * interval '1 second', ${node.id},
            clock_timestamp() + ${leaseSeconds} * interval '1 second',
            ${sql.json(storableValues(call.context))}, ${call.record ?? null}, ${sql.json(call.memory ?? {})}, ${call.idempotency?.key ?? null}, ${call.idempotency?.hash ?? null})
          RETURNING *`
        yield* append(sql, id, {
          source: "gateway",
          kind: "call.created",
          payload: { direction: call.direction, from: call.from, to: call.to },
          dedupeKey: "created"
        })
        return yield* readCall(row)
      })

      const transaction = Effect.fnUntraced(function* (call: NewCall) {
        const [row] = yield* sql`SELECT * FROM organizations WHERE id = ${call.organizationId} FOR NO KEY UPDATE`
        const organization = yield* Effect.orDie(readOrganization(row))
        const first = yield* known(call)
        if (first !== undefined) return { call: first, fresh: false }
        if (call.direction === "outbound") {
          const message = destinationRefused(call.to, yield* readPolicy(row))
          if (message !== undefined) return yield* new DestinationNotAllowed({ message })
        }
        yield* checkLimits(call, organization.max_concurrent_calls, organization.calls_per_second)
        return { call: yield* insert(call), fresh: true }
      })

      const admit = Effect.fn("Admission.admit")((call: NewCall) =>
        Effect.acquireUseRelease(
          Ref.update(underWay, (count) => count + 1),
          () => sql.withTransaction(transaction(call)),
          () => Ref.update(underWay, (count) => count - 1)
        )
      )
      return Admission.of({ admit, earlier })
    })
  )
}

const refuse = (limit: LimitReached["limit"], message: string) => new LimitReached({ limit, message })
