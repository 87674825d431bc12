import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted, Schema } from "effect"
import type { FormValues } from "../Form.ts"
import type { ChecklistStep, ProviderSpec } from "../ProviderSpec.ts"
import { Registry } from "../Registry.ts"
import { Secrets } from "../store/Secrets.ts"
import { ConfigurationRow, inactiveReason } from "./configurationRow.ts"
import { mask } from "./masking.ts"
import { checklist } from "./readiness.ts"
import { FIRST_KEY, type Page, type PageRequest, pageOf, reader } from "./rows.ts"
import { sensitivePaths } from "./savedForm.ts"

/** How many numbers a configuration has, inactive ones included, and how many of them are active. */
export interface NumberCounts {
  readonly numbers: number
  readonly active_numbers: number
}

/** A configuration as a list shows it: whether it can be used, and how many numbers it has. */
export interface ConfigurationSummary {
  readonly row: ConfigurationRow
  readonly checklist: ReadonlyArray<ChecklistStep>
  readonly counts: NumberCounts
}

/** A configuration as it may be read: credentials masked. */
export interface ConfigurationDetail extends ConfigurationSummary {
  readonly credentials: FormValues
}

export type ConfigurationPage = Page<ConfigurationSummary>

const counts = { numbers: Schema.Int, active_numbers: Schema.Int }
const readCounts = reader(Schema.Struct(counts))
const readCounted = reader(Schema.Struct({ ...ConfigurationRow.fields, ...counts }))

/** The ways in which configurations are read: one in full, many in a list. */
export const makeConfigurationViews = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const registry = yield* Registry
  const secrets = yield* Secrets

  const counting = sql`SELECT count(*)::int AS numbers, (count(*) FILTER (WHERE is_active))::int AS active_numbers
    FROM telephony_phone_numbers`

  const open = (row: ConfigurationRow, spec: ProviderSpec) =>
    secrets.openFields(
      { organizationId: row.organization_id, rowId: row.id },
      row.credentials,
      sensitivePaths(spec.uiMetadata.fields)
    )

  /** A configuration whose credentials this process cannot read has the reason as the step to take. */
  const read = (row: ConfigurationRow, numbers: NumberCounts): Effect.Effect<ConfigurationDetail> =>
    Effect.gen(function* () {
      const spec = yield* registry.get(row.provider)
      const stored = Redacted.value(yield* open(row, spec))
      const facts = { activeNumbers: numbers.active_numbers, inactiveReason: inactiveReason(row) }
      const shown = mask(stored, spec.uiMetadata.fields)
      return {
        row,
        counts: numbers,
        credentials: { provider: row.provider, ...shown, ...spec.derivedValues?.(stored, row.id) },
        checklist: checklist(spec, stored, facts)
      }
    }).pipe(
      Effect.catch(({ message }) =>
        Effect.succeed({
          row,
          counts: numbers,
          credentials: { provider: row.provider },
          checklist: [{ step: message, done: false }]
        })
      )
    )

  const detail = Effect.fnUntraced(function* (row: ConfigurationRow) {
    const [numbers] = yield* readCounts(yield* sql`${counting} WHERE telephony_configuration_id = ${row.id}`)
    return yield* read(row, numbers ?? { numbers: 0, active_numbers: 0 })
  })

  const page = Effect.fnUntraced(function* (organizationId: string, request: PageRequest) {
    const rows = yield* readCounted(
      yield* sql`SELECT c.*, n.numbers, n.active_numbers FROM telephony_configurations c
        CROSS JOIN LATERAL (${counting} WHERE telephony_configuration_id = c.id) n
        WHERE c.organization_id = ${organizationId} AND c.deleted_at IS NULL AND c.id > ${request.after ?? FIRST_KEY}
        ORDER BY c.id LIMIT ${request.limit + 1}`
    )
    const { items, next } = pageOf(rows, request)
    const summaries: ConfigurationPage = {
      next,
      items: yield* Effect.forEach(items, ({ active_numbers, numbers, ...row }) =>
        read(row, { active_numbers, numbers })
      )
    }
    return summaries
  })

  return { detail, open, page }
})
