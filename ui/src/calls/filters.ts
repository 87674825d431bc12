import { useRouter, useRouterState } from "@tanstack/react-router"
import { useMemo } from "react"
import type { Call } from "./call.ts"
import { statuses } from "./call.ts"
import { isEndReason } from "./endReasons.ts"

type EndReason = NonNullable<Call["end_reason"]>

/** Which calls the list shows, as the address of the page says it; what is undefined does not matter. */
export interface Filters {
  readonly show: "live" | Call["status"] | undefined
  readonly direction: Call["direction"] | undefined
  readonly provider: string | undefined
  readonly agent: string | undefined
  readonly reason: EndReason | undefined
  readonly search: string | undefined
}

const isStatus = (value: string): value is Call["status"] => Object.hasOwn(statuses, value)
const isShow = (value: string): value is NonNullable<Filters["show"]> => value === "live" || isStatus(value)
const isDirection = (value: string): value is Call["direction"] => value === "inbound" || value === "outbound"

const taken = <A extends string>(value: string | null, is: (value: string) => value is A): A | undefined =>
  value !== null && is(value) ? value : undefined
const isText = (value: string): value is string => value !== ""

/** Reads the filters from the query of an address; what it does not know is passed over. */
export const filtersOf = (query: string): Filters => {
  const values = new URLSearchParams(query)
  return {
    show: taken(values.get("status"), isShow),
    direction: taken(values.get("direction"), isDirection),
    provider: taken(values.get("provider"), isText),
    agent: taken(values.get("agent"), isText),
    reason: taken(values.get("reason"), isEndReason),
    search: taken(values.get("search"), isText)
  }
}

/** The query of an address that shows these calls, with its question mark; "" for all. */
export const queryOf = (filters: Partial<Filters>): string => {
  const { show, ...rest } = filters
  const values = new URLSearchParams()
  for (const [name, value] of Object.entries({ status: show, ...rest }))
    if (value !== undefined) values.set(name, value)
  return values.size === 0 ? "" : `?${values}`
}

/** Whether a call that is told of is one that the list shows: what the service does with the same filters. */
export const matches = (call: Call, { agent, direction, provider, reason, search, show }: Filters): boolean => {
  const wanted = search?.toLowerCase()
  return (
    (show === undefined || (show === "live" ? call.ended_at === null : call.status === show)) &&
    (direction === undefined || call.direction === direction) &&
    (provider === undefined || call.mode === provider) &&
    (agent === undefined || call.agent_id === agent) &&
    (reason === undefined || call.end_reason === reason) &&
    (wanted === undefined ||
      [call.from, call.to, call.provider_call_id ?? ""].some((text) => text.toLowerCase().includes(wanted)))
  )
}

/** The filters of the page's address, and a way to change them. */
export const useFilters = () => {
  const query = useRouterState({ select: ({ location }) => location.searchStr })
  const { history } = useRouter()
  const filters = useMemo(() => filtersOf(query), [query])
  return { filters, change: (next: Partial<Filters>) => history.replace(`/calls${queryOf({ ...filters, ...next })}`) }
}
