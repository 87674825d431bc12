import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query"
import { useEffect, useMemo } from "react"
import { addressOf } from "../api/request.ts"
import { useEventStream } from "../parts/eventStream.ts"
import { type Call, newer } from "./call.ts"
import { type Filters, matches } from "./filters.ts"
import { forgetLevels, type Level, showLevels } from "./levels.ts"
import { keys } from "./queries.ts"

type Calls = ReadonlyMap<string, Call>
const none: Calls = new Map()

/** So many calls that were told of are remembered; the oldest are forgotten. */
const MOST = 1000

const isCall = (value: unknown): value is Call => typeof value === "object" && value !== null && "id" in value
const isLevels = (value: unknown): value is { readonly levels: ReadonlyArray<Level> } =>
  typeof value === "object" && value !== null && "levels" in value && Array.isArray(value.levels)

const remember = (queries: QueryClient, call: Call) =>
  queries.setQueryData<Calls>(keys.live, (before = none) => {
    const after = new Map(before).set(call.id, newer(before.get(call.id), call))
    const [oldest] = after.keys()
    if (after.size > MOST && oldest !== undefined) after.delete(oldest)
    return after
  })

/** Follows the organization's live calls while it is drawn: their changes go to the cache, how loud they are to the meters. */
export const useLiveCalls = (enabled = true) => {
  const queries = useQueryClient()
  const state = useEventStream(enabled ? addressOf("/api/v1/telephony/calls/live") : undefined, {
    on: {
      call: (data) => {
        if (isCall(data)) remember(queries, data)
      },
      levels: (data) => {
        if (isLevels(data)) showLevels(data.levels)
      },
      // What ended while nobody listened was not told.
      ready: () => void queries.invalidateQueries({ queryKey: keys.list })
    }
  })
  useEffect(() => {
    if (state !== "live") forgetLevels()
  }, [state])
  return state
}

/** The calls that were told of since the page was opened. */
export const useToldCalls = () =>
  useQuery<Calls>({ queryKey: keys.live, enabled: false, initialData: none, staleTime: Infinity, gcTime: Infinity })
    .data

/** A list of calls as it is now: what was told of since is newer, and new calls come first. */
export const merged = (listed: ReadonlyArray<Call>, told: Calls, filters: Filters): ReadonlyArray<Call> => {
  const known = new Set(listed.map(({ id }) => id))
  const newest = listed[0]?.created_at ?? ""
  const begun = [...told.values()].filter(({ created_at, id }) => !known.has(id) && created_at >= newest)
  const changed = listed.map((call) => {
    const news = told.get(call.id)
    return news === undefined ? call : newer(call, news)
  })
  return [...begun.toSorted((a, b) => b.created_at.localeCompare(a.created_at)), ...changed].filter((call) =>
    matches(call, filters)
  )
}

export const useMerged = (listed: ReadonlyArray<Call> | undefined, filters: Filters) => {
  const told = useToldCalls()
  return useMemo(() => (listed === undefined ? undefined : merged(listed, told, filters)), [listed, told, filters])
}
