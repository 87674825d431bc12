import { PgClient } from "@effect/sql-pg"
import { Clock, Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { Agents } from "../../organizations/Agents.ts"
import { type ConfigurationNotFound, Configurations } from "../../organizations/Configurations.ts"
import { ConfigurationStore } from "../../organizations/ConfigurationStore.ts"
import type { ConfigurationDetail } from "../../organizations/configurationViews.ts"
import { inactiveReason } from "../../organizations/configurationRow.ts"
import { testConnection } from "../../organizations/connectionTest.ts"
import { NumberSync } from "../../organizations/NumberSync.ts"
import type { PhoneNumber } from "../../organizations/numberRow.ts"
import { PhoneNumberStore } from "../../organizations/PhoneNumberStore.ts"
import { Registry } from "../../Registry.ts"
import { Settings } from "../../Settings.ts"
import { type SignatureFailure, SignatureFailures } from "../signatures/SignatureFailures.ts"
import { allTogetherMs, type Check, failed, ok, skipped, warning, within } from "./Check.ts"
import { answering, held, webhook } from "./numberChecks.ts"
import { publicUrlForm } from "./publicUrlForm.ts"
import { PublicUrlProbe } from "./PublicUrlProbe.ts"
import { signatureCheck } from "./signatureCheck.ts"

/** What is right and wrong with a configuration. */
export interface Diagnosis {
  readonly checks: ReadonlyArray<Check>
  /** Of the last 24 hours, newest first. */
  readonly signatureFailures: ReadonlyArray<SignatureFailure>
}

/** Numbers that are looked at, in order of creation. */
const mostNumbers = 50

/** Requests to the carrier at a time. */
const atOnce = 4

/** Says why calls of a configuration may fail. Changes nothing. */
export class Doctor extends Context.Service<
  Doctor,
  {
    /** Takes half a minute at the most. */
    readonly examine: (
      organizationId: string,
      configurationId: string
    ) => Effect.Effect<Diagnosis, ConfigurationNotFound | SqlError>
  }
>()("switchboard/Doctor") {
  static readonly layer = Layer.effect(
    Doctor,
    Effect.suspend(() => makeDoctor)
  )
}

const activity = ({ row }: ConfigurationDetail): Check => {
  const reason = inactiveReason(row)
  return reason === undefined
    ? ok("configuration", `The configuration "${row.name}" (${row.provider}) is active.`)
    : failed(
        "configuration",
        `The configuration "${row.name}" is inactive: ${reason}`,
        `Mend that, then POST /api/v1/organizations/telephony-configs/${row.id}/reactivate.`
      )
}

const setUp = ({ checklist }: ConfigurationDetail): Check => {
  const missing = checklist.filter(({ done }) => !done)
  return missing.length === 0
    ? ok("set-up", "Every step of the set-up is done.")
    : failed(
        "set-up",
        `${missing.length} of ${checklist.length} steps of the set-up are missing.`,
        missing.map(({ field, step }) => (field === undefined ? step : `${step} (${field})`)).join(" ")
      )
}

const makeDoctor = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const { publicUrl } = yield* Settings
  const registry = yield* Registry
  const store = yield* ConfigurationStore
  const configurations = yield* Configurations
  const numbers = yield* PhoneNumberStore
  const sync = yield* NumberSync
  const agents = yield* Agents
  const failures = yield* SignatureFailures
  const probe = yield* PublicUrlProbe

  const credentials = Effect.fnUntraced(function* ({ row }: ConfigurationDetail) {
    const name = "credentials"
    const { message, ok: works, warnings } = yield* testConnection(configurations, row.organization_id, row.id)
    if (!works) return failed(name, message, "Correct the credentials of the configuration, then run the doctor again.")
    return warnings.length === 0
      ? ok(name, message)
      : warning(name, warnings.join(" "), "Calls work within these limits; see the carrier's console to lift them.")
  })

  /** The checks of one number; those that ask the carrier come last, so that a slow one costs the others nothing. */
  const ofNumber = Effect.fnUntraced(function* (organizationId: string, number: PhoneNumber, deadlineMs: number) {
    const address = number.address_normalized
    if (!number.is_active) return [skipped(address, `${address} is inactive: nothing of it is looked at.`)]
    const provider = configurations.load(number.telephony_configuration_id, { organizationId }).pipe(
      Effect.map((loaded) => webhook(number, sync, loaded.provider.configureInbound)),
      Effect.catchIf(
        (error) => error._tag !== "SqlError",
        () => Effect.succeed(skipped(`${address}: its webhook`, "The credentials cannot be used."))
      )
    )
    return yield* Effect.all([
      within(`${address}: its agent`, 5_000, deadlineMs, answering(organizationId, number, agents)),
      within(`${address}: its webhook`, 5_000, deadlineMs, provider),
      within(`${address}: the account holds it`, 10_000, deadlineMs, held(number, sync))
    ])
  })

  const ofNumbers = Effect.fnUntraced(function* (organizationId: string, configurationId: string, deadlineMs: number) {
    const owner = { organizationId, configurationId }
    const { items, next } = yield* numbers.list(owner, { limit: mostNumbers, after: undefined })
    const checks = yield* Effect.forEach(items, (number) => ofNumber(organizationId, number, deadlineMs), {
      concurrency: atOnce
    })
    const rest = next === undefined ? [] : [skipped("more numbers", `Only the first ${mostNumbers} were looked at.`)]
    return [...checks.flat(), ...rest]
  })

  /** A call that came in after a moment was proved with the configuration's secret. */
  const acceptedSince = Effect.fnUntraced(function* (
    { row }: ConfigurationDetail,
    failure: SignatureFailure | undefined
  ) {
    if (failure === undefined) return false
    const found = yield* sql`SELECT 1 FROM calls
      WHERE organization_id = ${row.organization_id} AND telephony_configuration_id = ${row.id}
        AND direction = 'inbound' AND created_at > (SELECT occurred_at FROM signature_failures WHERE id = ${failure.id})
      LIMIT 1`
    return found.length > 0
  })

  const examine = Effect.fn("Doctor.examine")(function* (organizationId: string, configurationId: string) {
    const detail = yield* store.get(organizationId, configurationId)
    const { id, provider } = detail.row
    const deadlineMs = (yield* Clock.currentTimeMillis) + allTogetherMs
    const viaPbx = registry.find(provider)?.uiMetadata.connectivity === "sip"
    const signatureFailures = yield* failures.recent(provider, id)
    const lastOwn = signatureFailures.find((failure) => failure.configurationId !== null)
    const refused = Effect.map(acceptedSince(detail, lastOwn), (accepted) =>
      signatureCheck(signatureFailures, accepted)
    )
    const asked = credentials(detail).pipe(
      Effect.catchTag("ConfigurationNotFound", () =>
        Effect.succeed(skipped("credentials", "The configuration was deleted meanwhile."))
      )
    )
    const groups = yield* Effect.all(
      [
        Effect.map(within("credentials", 20_000, deadlineMs, asked), Array.of),
        Effect.succeed([publicUrlForm(publicUrl, viaPbx)]),
        Effect.map(within("PUBLIC_URL answers", 12_000, deadlineMs, probe.check), Array.of),
        ofNumbers(organizationId, id, deadlineMs),
        Effect.map(within("signatures", 5_000, deadlineMs, refused), Array.of)
      ],
      { concurrency: "unbounded" }
    )
    const diagnosis: Diagnosis = { checks: [activity(detail), setUp(detail), ...groups.flat()], signatureFailures }
    return diagnosis
  })

  return Doctor.of({ examine })
})
