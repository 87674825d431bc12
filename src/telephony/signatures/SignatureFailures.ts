import { PgClient } from "@effect/sql-pg"
import { Clock, Context, DateTime, Effect, Layer, Queue, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { urlParts } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { reader, Timestamp } from "../../organizations/rows.ts"
import { Registry } from "../../Registry.ts"
import { Settings } from "../../Settings.ts"
import { uuidV7 } from "../../store/Ids.ts"
import { explain, type Suspect, unexplained } from "./explanation.ts"
import { FailureDetails } from "./FailureDetails.ts"
import { type FailureLimits, makeGate } from "./gate.ts"
import { describeRequest } from "./redaction.ts"

/** A request whose sender was not proved. */
export interface RefusedRequest {
  readonly kind: FailureDetails["kind"]
  /** A registry name, or `unknown`. */
  readonly provider: string
  readonly reason: string
  readonly raw: RawRequest
  /** Whose it may be. None: nobody's, and `nextStep` is what a person can do. */
  readonly suspects: ReadonlyArray<Suspect>
  readonly nextStep?: string
}

export interface SignatureFailure {
  readonly id: string
  /** Null: it could not be laid at any configuration's door. */
  readonly configurationId: string | null
  readonly provider: string
  readonly occurredAt: DateTime.Utc
  readonly details: FailureDetails
}

/** Rows of one provider and configuration. */
const kept = 20

/** Refused requests that wait to be looked at, of at most 64 KiB each. */
const waiting = 16

/** Configurations of one shared account that are looked at for one request. */
const mostSuspects = 3

/**
 * Remembers requests whose sender could not be proved, and finds out why: the refusal itself neither waits for it nor learns
 * of it. Rate-limited before anything else happens, one at a time, and bounded in the database.
 */
export class SignatureFailures extends Context.Service<
  SignatureFailures,
  {
    /** Takes note and returns at once. */
    readonly record: (refused: RefusedRequest) => Effect.Effect<void>
    /** The last 24 hours of a configuration, and what of its provider belongs to none; newest first. */
    readonly recent: (
      provider: string,
      configurationId: string
    ) => Effect.Effect<ReadonlyArray<SignatureFailure>, SqlError>
  }
>()("switchboard/SignatureFailures") {
  /** With other limits than the everyday ones, for tests. */
  static readonly limited = (limits: FailureLimits) =>
    Layer.effect(
      SignatureFailures,
      Effect.suspend(() => makeSignatureFailures(limits))
    )

  static readonly layer = SignatureFailures.limited({ everyMs: 1000, mostPerSecond: 5 })
}

const Row = Schema.Struct({
  id: Schema.String,
  provider: Schema.String,
  configuration_id: Schema.NullOr(Schema.String),
  occurred_at: Timestamp,
  details: FailureDetails
})
const readRows = reader(Row)

interface Waiting {
  readonly refused: RefusedRequest
  readonly suspect: Suspect | undefined
}

const makeSignatureFailures = Effect.fnUntraced(function* (limits: FailureLimits) {
  const sql = yield* PgClient.PgClient
  const registry = yield* Registry
  const { publicUrl } = yield* Settings
  const passes = makeGate(limits)
  const queue = yield* Queue.dropping<Waiting>(waiting)

  /** Parts of paths that are no secret: those of our own address, and the providers' names. */
  const known = Effect.map(
    registry.all,
    (specs) => new Set([...specs.map(({ name }) => name), ...(urlParts(publicUrl)?.rest ?? "").split("/")])
  )

  const insert = Effect.fnUntraced(function* (
    provider: string,
    configurationId: string | null,
    details: FailureDetails
  ) {
    const id = yield* uuidV7
    yield* configurationId === null
      ? sql`INSERT INTO signature_failures (id, provider, details) VALUES (${id}, ${provider}, ${sql.json(details)})`
      : sql`INSERT INTO signature_failures (id, provider, configuration_id, organization_id, details)
          SELECT ${id}, ${provider}, id, organization_id, ${sql.json(details)}
          FROM telephony_configurations WHERE id = ${configurationId}`
    yield* sql`DELETE FROM signature_failures
      WHERE provider = ${provider} AND configuration_id IS NOT DISTINCT FROM ${configurationId} AND id NOT IN (
        SELECT id FROM signature_failures
        WHERE provider = ${provider} AND configuration_id IS NOT DISTINCT FROM ${configurationId}
        ORDER BY occurred_at DESC, id DESC LIMIT ${kept}
      )`
  }, sql.withTransaction)

  const remember = Effect.fnUntraced(function* ({ refused, suspect }: Waiting) {
    const { kind, nextStep = "", provider, raw, reason } = refused
    const parts = yield* known
    const explanation =
      suspect === undefined ? unexplained(raw, parts, nextStep) : yield* explain(publicUrl, suspect, raw, parts)
    const details = { kind, ...describeRequest(raw, reason, parts), explanation }
    yield* insert(provider, suspect?.configurationId ?? null, details)
  })

  // A provider's check has never seen such addresses as are tried here: whatever it does, the next failure is looked at.
  yield* Queue.take(queue).pipe(
    Effect.flatMap((next) =>
      remember(next).pipe(
        Effect.timeout("10 seconds"),
        Effect.catchCause((cause) => Effect.logDebug("A refused request could not be remembered", cause))
      )
    ),
    Effect.forever,
    Effect.forkScoped
  )

  const record = (refused: RefusedRequest) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const suspects = refused.suspects.length === 0 ? [undefined] : refused.suspects.slice(0, mostSuspects)
      for (const suspect of suspects) {
        if (passes(`${refused.provider} ${suspect?.configurationId ?? ""}`, now))
          Queue.offerUnsafe(queue, { refused, suspect })
      }
    })

  const recent = Effect.fn("SignatureFailures.recent")(function* (provider: string, configurationId: string) {
    const rows = yield* readRows(
      yield* sql`SELECT id, provider, configuration_id, occurred_at, details FROM signature_failures
        WHERE occurred_at > now() - interval '24 hours' AND (
          (provider = ${provider} AND configuration_id = ${configurationId})
          OR (provider IN (${provider}, 'unknown') AND configuration_id IS NULL)
        ) ORDER BY occurred_at DESC, id DESC`
    )
    return rows.map(({ configuration_id, occurred_at, ...row }): SignatureFailure => ({
      ...row,
      configurationId: configuration_id,
      occurredAt: occurred_at
    }))
  })

  return SignatureFailures.of({ record, recent })
})
