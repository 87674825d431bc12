import { Context, DateTime, type Duration, Effect, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { CarrierError } from "../carrier/CarrierError.ts"
import { Configurations } from "../organizations/Configurations.ts"
import type { CallReference, StatusReport, TelephonyProvider } from "../carrier/TelephonyProvider.ts"
import type { Call } from "./Call.ts"

/** A call as its carrier knows it. */
export const reference = (call: Call): CallReference => ({
  callId: call.id,
  providerCallId: call.providerCallId,
  from: call.from,
  to: call.to,
  createdAtMs: DateTime.toEpochMillis(call.createdAt),
  memory: call.memory,
  isAnswered: call.answeredAt !== undefined
})

/** Asks and tells a call's carrier, through the configuration that the call belongs to. */
export class CarrierDesk extends Context.Service<
  CarrierDesk,
  {
    /** The configuration's provider; one that cannot be loaded any more counts as `credentials`. */
    readonly provider: (call: Call) => Effect.Effect<TelephonyProvider, CarrierError>
    /** The carrier's truth about a call, within 10 s. Undefined: it has no such call. */
    readonly status: (call: Call) => Effect.Effect<StatusReport | undefined, CarrierError>
    /** Ends the call at the carrier; three tries where the carrier may come to itself. */
    readonly hangUp: (call: Call) => Effect.Effect<void, CarrierError>
  }
>()("switchboard/CarrierDesk") {
  static readonly layer = Layer.effect(
    CarrierDesk,
    Effect.gen(function* () {
      const configurations = yield* Configurations
      const sql = yield* SqlClient.SqlClient

      /** Several calls between the same two numbers look alike at a carrier. */
      const searched = Effect.fnUntraced(function* (call: Call) {
        if (call.providerCallId !== undefined) return reference(call)
        const rows = yield* sql`SELECT provider_call_id FROM calls
          WHERE organization_id = ${call.organizationId} AND telephony_configuration_id = ${call.telephonyConfigurationId}
            AND created_at > ${DateTime.toDateUtc(DateTime.subtract(call.createdAt, { minutes: 5 }))}
            AND to_address = ${call.to} AND provider_call_id IS NOT NULL`
        const ids = yield* Effect.orDie(readIds(rows))
        return { ...reference(call), otherCalls: new Set(ids.map(({ provider_call_id }) => provider_call_id)) }
      })

      const provider = (call: Call) =>
        configurations
          .load(call.telephonyConfigurationId, { organizationId: call.organizationId, provider: call.mode })
          .pipe(
            Effect.map((configuration) => configuration.provider),
            Effect.mapError(
              (error) =>
                new CarrierError({
                  provider: call.mode,
                  kind: error._tag === "SqlError" ? "unavailable" : "credentials",
                  message: `The call's configuration cannot be loaded (${error._tag}). Check it under telephony configurations.`
                })
            )
          )
      const status = Effect.fn("CarrierDesk.status")(function* (call: Call) {
        const { callStatus } = yield* provider(call)
        const sought = yield* Effect.mapError(searched(call), () => noDatabase(call))
        return yield* within("10 seconds", call, callStatus(sought))
      })
      const identified = Effect.fnUntraced(function* (call: Call) {
        if (call.providerCallId !== undefined) return reference(call)
        const report = yield* status(call)
        if (report !== undefined) return { ...reference(call), providerCallId: report.providerCallId }
        return yield* new CarrierError({
          provider: call.mode,
          kind: "unknown-outcome",
          message: "The carrier has not told this call's id and does not find the call. It may not exist there."
        })
      })
      const hangUp = Effect.fn("CarrierDesk.hangUp")(function* (call: Call) {
        const { hangUp } = yield* provider(call)
        yield* Effect.flatMap(identified(call), (known) => within("10 seconds", call, hangUp(known))).pipe(
          Effect.catchIf(
            (error) => error.kind === "not-found",
            () => Effect.void
          ),
          Effect.retry({ schedule: Schedule.exponential("500 millis"), times: 2, while: passing })
        )
      })
      return CarrierDesk.of({ provider, status, hangUp })
    })
  )
}

const passing = (error: CarrierError) => ["rate-limited", "unavailable", "unknown-outcome"].includes(error.kind)

const readIds = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ provider_call_id: Schema.String })))

const noDatabase = (call: Call) =>
  new CarrierError({
    provider: call.mode,
    kind: "unavailable",
    message: "The call could not be looked for at the carrier: the database does not answer. Check the database."
  })

const within = <A>(limit: Duration.Input, call: Call, effect: Effect.Effect<A, CarrierError>) =>
  Effect.timeoutOrElse(effect, {
    duration: limit,
    orElse: () =>
      new CarrierError({
        provider: call.mode,
        kind: "unknown-outcome",
        message: "The carrier did not answer in time. Its status page may tell more."
      })
  })
