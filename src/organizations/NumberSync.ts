import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { NumberOwnership, ProviderSync } from "../carrier/TelephonyProvider.ts"
import { Settings } from "../Settings.ts"
import { telephonyPath, UrlTokens } from "./UrlTokens.ts"
import { Configurations, type LoadedConfiguration } from "./Configurations.ts"
import { Registry } from "../Registry.ts"
import { type PhoneNumber, readNumbers, type SyncState, UNKNOWN } from "./numberRow.ts"

/** How long the carrier may take for one change. */
const PATIENCE = "15 seconds"
/** A change that was overtaken by another one is made again, so that the last wish is also the last that the carrier heard. */
const MOST_ROUNDS = 4

/** The account route on which a provider that needs one takes the status of inbound calls. */
const STATUS_ROUTE = "/number-status"

const NOTHING_TO_DO: ProviderSync = { ok: true, message: "Nothing to change at the carrier." }

const unusable = (reason: string) =>
  Effect.succeed({ configuration: undefined, problem: `The carrier could not be asked: ${reason}` })

const unsure = (reason: string) => ({
  ownership: "unknown" as const,
  warning: `It could not be checked that the account holds this number: ${reason}`
})

/** Keeps the carriers' inbound webhooks as the numbers' rows want them. A failure is a warning and stays visible in the row. */
export class NumberSync extends Context.Service<
  NumberSync,
  {
    /** The inbound webhook that a number should have: only an active number with an agent has one. */
    readonly wanted: (number: {
      readonly provider: string
      readonly telephony_configuration_id: string
      readonly is_active: boolean
      readonly agent_id: string | null
    }) => string | null
    /** Where the carrier announces calls to a configuration's numbers; null: it does not by a webhook. */
    readonly inboundUrl: (provider: string, configurationId: string) => string | null
    /** Tells the carrier what is wanted, unless it was told already; `force` tells it anyway. Idempotent. */
    readonly bring: (numberId: string, options?: { readonly force?: boolean }) => Effect.Effect<ProviderSync, SqlError>
    /** Whether the account holds the number, and a warning where that could not be found out. */
    readonly ownership: (
      configurationId: string,
      address: string
    ) => Effect.Effect<{ readonly ownership: NumberOwnership; readonly warning?: string }, SqlError>
  }
>()("switchboard/NumberSync") {
  static readonly layer = Layer.effect(
    NumberSync,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const configurations = yield* Configurations
      const registry = yield* Registry
      const tokens = yield* UrlTokens
      const { publicUrl } = yield* Settings
      const ownUrlPrefix = `${publicUrl}${telephonyPath}/`

      /** The configuration whose token stands in the addresses of this provider's numbers, if any. */
      const named = (provider: string, configurationId: string) =>
        registry.find(provider)?.tokenInInboundUrl === true ? configurationId : undefined

      const wanted: NumberSync["Service"]["wanted"] = ({
        provider,
        telephony_configuration_id,
        is_active,
        agent_id
      }) =>
        is_active && agent_id !== null ? tokens.inbound(provider, named(provider, telephony_configuration_id)) : null

      const inboundUrl = (provider: string, configurationId: string) => {
        const { listens, phone } = registry.find(provider) ?? {}
        return listens === true || phone === true ? null : tokens.inbound(provider, named(provider, configurationId))
      }

      const load = (configurationId: string) =>
        configurations.load(configurationId).pipe(
          Effect.map((configuration) => ({ configuration })),
          Effect.catchTags({
            ConfigurationNotFound: () => unusable("the configuration is gone."),
            WrongProvider: () => unusable("the configuration belongs to another carrier."),
            InvalidCredentials: ({ errors }) =>
              unusable(
                `its credentials do not fit: ${errors.map(({ field, message }) => `${field}: ${message}`).join(" ")}`
              ),
            UnknownProvider: ({ message }) => unusable(message)
          })
        )
      const tell = (number: PhoneNumber, configuration: LoadedConfiguration): Effect.Effect<ProviderSync> => {
        const { configureInbound } = configuration.provider
        const { desired } = number.sync_state
        if (configureInbound === undefined) {
          const message = `Set up inbound calls at the carrier yourself: ${desired ?? "nothing is wanted there now"}.`
          return Effect.succeed({ ok: true, message })
        }
        return configureInbound({
          address: number.address_normalized,
          addressType: number.address_type,
          webhookUrl: desired ?? undefined,
          statusUrl: tokens.account(
            number.provider,
            STATUS_ROUTE,
            named(number.provider, number.telephony_configuration_id)
          ),
          ownUrlPrefix
        }).pipe(
          Effect.catchTag("CarrierError", ({ message }) => Effect.succeed({ ok: false, message })),
          Effect.timeoutOrElse({
            duration: PATIENCE,
            orElse: () => Effect.succeed({ ok: false, message: "The carrier did not answer in time. Try /sync later." })
          })
        )
      }

      /** Stores an outcome for the wish that it was about, and gives the row as it is now. */
      const store = Effect.fnUntraced(function* (id: string, desired: string | null, state: SyncState) {
        yield* sql`UPDATE telephony_phone_numbers SET sync_state = ${sql.json(state)}
          WHERE id = ${id} AND sync_state ->> 'desired' IS NOT DISTINCT FROM ${desired}`
        return yield* find(id)
      })
      const find = Effect.fnUntraced(function* (id: string) {
        const [number] = yield* readNumbers(yield* sql`SELECT * FROM telephony_phone_numbers WHERE id = ${id}`)
        return number
      })

      const round = Effect.fnUntraced(function* (number: PhoneNumber) {
        const { id, sync_state } = number
        const begun = { ...sync_state, attempts: sync_state.attempts + 1 }
        const loaded = yield* load(number.telephony_configuration_id)
        if (loaded.configuration === undefined) {
          yield* store(id, sync_state.desired, { ...begun, last_error: loaded.problem })
          return { sync: { ok: false, message: loaded.problem }, now: undefined }
        }
        yield* store(id, sync_state.desired, { ...begun, observed: UNKNOWN })
        const sync = yield* tell(number, loaded.configuration)
        const outcome = sync.ok
          ? { ...begun, observed: sync_state.desired, last_error: null }
          : { ...begun, observed: UNKNOWN, last_error: sync.message }
        return { sync, now: yield* store(id, sync_state.desired, outcome) }
      })

      const bring = Effect.fn("NumberSync.bring")(function* (
        numberId: string,
        { force = false }: { readonly force?: boolean } = {}
      ) {
        let number = yield* find(numberId)
        let sync = NOTHING_TO_DO
        let mustTell = force
        for (let rounds = 0; number !== undefined && rounds < MOST_ROUNDS; rounds++) {
          const { desired, observed } = number.sync_state
          if (desired === observed && !mustTell) break
          const done: { readonly sync: ProviderSync; readonly now: PhoneNumber | undefined } = yield* round(number)
          sync = done.sync
          if (done.now?.sync_state.desired === desired) break
          // Overtaken: the carrier may have heard the other wish before this one.
          number = done.now
          mustTell = true
        }
        return sync
      })

      const ownership = Effect.fn("NumberSync.ownership")(function* (configurationId: string, address: string) {
        const loaded = yield* load(configurationId)
        if (loaded.configuration === undefined) return { ownership: "unknown" as const, warning: loaded.problem }
        const { ownsNumber } = loaded.configuration.provider
        if (ownsNumber === undefined) return { ownership: "unknown" as const }
        return yield* ownsNumber(address).pipe(
          Effect.map((ownership) => (ownership === "unknown" ? unsure("the carrier could not tell.") : { ownership })),
          Effect.catchTag("CarrierError", ({ message }) => Effect.succeed(unsure(message))),
          Effect.timeoutOrElse({
            duration: PATIENCE,
            orElse: () => Effect.succeed(unsure("the carrier did not answer in time."))
          })
        )
      })

      return NumberSync.of({ wanted, inboundUrl, bring, ownership })
    })
  )
}
