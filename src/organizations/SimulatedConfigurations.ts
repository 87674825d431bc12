import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { FormValues } from "../Form.ts"
import type { ProviderSpec } from "../ProviderSpec.ts"
import { ConfigurationStore } from "./ConfigurationStore.ts"
import { readConfigurations } from "./configurationRow.ts"

/** No simulated configuration can be had now; the message says why. */
export class SimulationBusy extends Schema.TaggedError<SimulationBusy>()("SimulationBusy", {
  message: Schema.String
}) {}

/** The fake carrier that a configuration is to talk to. */
export interface FakeAccount {
  readonly url: string
  readonly credentials: FormValues
}

/** Simulated configurations of one provider in an organization: as many simulated calls can go on at once. */
const most = 4

/** How long a simulated call may keep a configuration; longer than any lasts. */
const heldFor = "10 minutes"

/**
 * The configurations of simulated carriers, named "Simulated ...". They are made when they are needed, marked for ever, and used
 * again; each is active only while a simulated call has it.
 */
export class SimulatedConfigurations extends Context.Service<
  SimulatedConfigurations,
  {
    /** Gives one that nobody has, active and pointed at the fake carrier. It is to be released. */
    readonly take: (
      organizationId: string,
      spec: ProviderSpec,
      account: FakeAccount
    ) => Effect.Effect<string, SimulationBusy | SqlError>
    readonly release: (id: string) => Effect.Effect<void, SqlError>
    /** Parks what a process that is no more has left active. */
    readonly tidy: (all: boolean) => Effect.Effect<void, SqlError>
  }
>()("switchboard/SimulatedConfigurations") {
  static readonly layer = Layer.effect(
    SimulatedConfigurations,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const store = yield* ConfigurationStore
      const until = sql`clock_timestamp() + ${heldFor}::interval`
      const parked = sql`simulator_until = NULL, inactive_since = coalesce(inactive_since, now()),
        inactive_reason = coalesce(inactive_reason, 'No simulated call is under way.')`

      const release = Effect.fn("SimulatedConfigurations.release")((id: string) =>
        Effect.asVoid(sql`UPDATE telephony_configurations SET ${parked} WHERE id = ${id}`)
      )

      /** One that is there and free. Of several who ask at once, each gets another. */
      const claim = Effect.fnUntraced(function* (organizationId: string, provider: string) {
        const rows = yield* sql`UPDATE telephony_configurations SET simulator_until = ${until}
          WHERE id = (SELECT id FROM telephony_configurations
            WHERE organization_id = ${organizationId} AND provider = ${provider} AND deleted_at IS NULL
              AND simulator_url IS NOT NULL AND (simulator_until IS NULL OR simulator_until < clock_timestamp())
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *`
        const [row] = yield* readConfigurations(rows)
        return row
      })

      const unusable = ({ message }: { readonly message: string }) => new SimulationBusy({ message })

      const reuse = Effect.fnUntraced(function* (organizationId: string, spec: ProviderSpec, account: FakeAccount) {
        const row = yield* claim(organizationId, spec.name)
        if (row === undefined) return undefined
        const save = store.save(organizationId, row.id, {
          version: row.version,
          name: undefined,
          isDefaultOutbound: undefined,
          config: configOf(spec, account),
          simulatorUrl: account.url,
          mode: "replace"
        })
        yield* Effect.andThen(save, store.reactivate(organizationId, row.id)).pipe(
          Effect.onError(() => Effect.ignore(release(row.id)))
        )
        return row.id
      })

      /** A new one under the first name that is free. */
      const create = Effect.fnUntraced(function* (organizationId: string, spec: ProviderSpec, account: FakeAccount) {
        const name = `Simulated ${spec.uiMetadata.displayName}`
        for (let index = 1; index <= most; index++) {
          const made = yield* store
            .create(organizationId, {
              name: index === 1 ? name : `${name} ${index}`,
              isDefaultOutbound: false,
              config: configOf(spec, account),
              simulatorUrl: account.url
            })
            .pipe(Effect.catchTag("NameTaken", () => Effect.undefined))
          if (made === undefined) continue
          yield* sql`UPDATE telephony_configurations SET simulator_until = ${until} WHERE id = ${made.row.id}`
          return made.row.id
        }
        return yield* new SimulationBusy({
          message: `${most} simulated calls of ${spec.uiMetadata.displayName} are under way. Wait until one has ended.`
        })
      }, sql.withTransaction)

      const take = Effect.fn("SimulatedConfigurations.take")(
        function* (organizationId: string, spec: ProviderSpec, account: FakeAccount) {
          return (yield* reuse(organizationId, spec, account)) ?? (yield* create(organizationId, spec, account))
        },
        Effect.catchTags({
          ConfigurationNotFound: () =>
            unusable({ message: "The simulated configuration was deleted just now. Try again." }),
          InvalidFields: unusable,
          NameTaken: unusable,
          NumberTaken: unusable,
          VersionConflict: unusable
        })
      )
      const tidy = Effect.fn("SimulatedConfigurations.tidy")((all: boolean) =>
        Effect.asVoid(sql`UPDATE telephony_configurations SET ${parked}
          WHERE simulator_url IS NOT NULL AND inactive_since IS NULL
            AND (${all} OR coalesce(simulator_until, '-infinity') < clock_timestamp())`)
      )
      return SimulatedConfigurations.of({ take, release, tidy })
    })
  )
}

const configOf = (spec: ProviderSpec, { credentials }: FakeAccount) =>
  Redacted.make<FormValues>({ provider: spec.name, ...credentials })
