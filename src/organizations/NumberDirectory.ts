import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { CanonicalAddress } from "../carrier/addresses.ts"
import { makeNumberQueries, type WrittenAddress } from "./numberQueries.ts"
import { type PhoneNumber, readNumbers } from "./numberRow.ts"
import type { InvalidFields } from "./refusals.ts"
import { FIRST_KEY, type Page, type PageRequest, pageOf, reader, rowKey } from "./rows.ts"

/** A number with the name of the configuration that it is on. */
export interface ListedNumber {
  readonly id: string
  readonly number: PhoneNumber
  readonly configurationName: string
}

/** Which numbers: those of one agent, those whose address, label or configuration has a text in it. */
export interface NumberFilter {
  readonly agentId: string | undefined
  readonly search: string | undefined
}

/** The numbers of an organization, whatever configuration they are on. */
export class NumberDirectory extends Context.Service<
  NumberDirectory,
  {
    readonly list: (
      organizationId: string,
      filter: NumberFilter,
      page: PageRequest
    ) => Effect.Effect<Page<ListedNumber>, SqlError>
    /** How an address would be stored. Stores nothing. */
    readonly read: (
      organizationId: string,
      address: WrittenAddress
    ) => Effect.Effect<CanonicalAddress, InvalidFields | SqlError>
    /** In which country national numbers are read when nobody says, ISO 3166-1 alpha-2. */
    readonly defaultCountry: (organizationId: string) => Effect.Effect<string | undefined, SqlError>
  }
>()("switchboard/NumberDirectory") {
  static readonly layer = Layer.effect(
    NumberDirectory,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { canonical, organizationCountry } = yield* makeNumberQueries

      const list = Effect.fn("NumberDirectory.list")(function* (
        organizationId: string,
        { agentId, search }: NumberFilter,
        page: PageRequest
      ) {
        const agent = agentId === undefined ? undefined : Option.getOrUndefined(rowKey(agentId))
        if (agentId !== undefined && agent === undefined) return { items: [], next: undefined }
        const rows = yield* sql`SELECT n.*, c.name AS configuration_name FROM telephony_phone_numbers n
          JOIN telephony_configurations c ON c.id = n.telephony_configuration_id
          WHERE n.organization_id = ${organizationId} AND c.deleted_at IS NULL AND n.id > ${page.after ?? FIRST_KEY}
            AND ${agent === undefined ? sql`true` : sql`n.agent_id = ${agent}`}
            AND strpos(lower(concat_ws(' ', n.address, n.address_normalized, n.label, c.name)), lower(${search ?? ""})) > 0
          ORDER BY n.id LIMIT ${page.limit + 1}`
        const names = yield* readNames(rows)
        const numbers = yield* readNumbers(rows)
        return pageOf(
          numbers.map((number, index): ListedNumber => ({
            id: number.id,
            number,
            configurationName: names[index]?.configuration_name ?? ""
          })),
          page
        )
      })

      return NumberDirectory.of({ list, read: canonical, defaultCountry: organizationCountry })
    })
  )
}

const readNames = reader(Schema.Struct({ configuration_name: Schema.String }))
