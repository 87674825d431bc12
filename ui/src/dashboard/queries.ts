import { keepPreviousData, useQuery } from "@tanstack/react-query"
import type { AnswerOf } from "../api/endpoints.ts"
import { request } from "../api/request.ts"

export type Overview = AnswerOf<"GET", "/api/v1/telephony/overview">

const REFRESH_MS = 5000

/** The numbers of the last so many minutes, refreshed every 5 s. */
export const useOverview = (minutes: number) =>
  useQuery({
    queryKey: ["dashboard", "overview", minutes],
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => request("GET", "/api/v1/telephony/overview", { query: { minutes }, signal })
  })

/** What an organization has set up so far. */
export interface SetUp {
  readonly configuration: boolean
  readonly agent: boolean
  readonly call: boolean
}

/** Asks for one of each: enough to know whether there is any. */
export const useSetUp = () =>
  useQuery<SetUp>({
    queryKey: ["dashboard", "set-up"],
    refetchInterval: ({ state: { data } }) => (data?.call === true ? false : REFRESH_MS),
    queryFn: async ({ signal }) => {
      const one = { query: { limit: 1 }, signal }
      const [configurations, agents, calls] = await Promise.all([
        request("GET", "/api/v1/organizations/telephony-configs", one),
        request("GET", "/api/v1/organizations/agents", one),
        request("GET", "/api/v1/telephony/calls", one)
      ])
      return {
        configuration: configurations.configurations.length > 0,
        agent: agents.agents.length > 0,
        call: calls.calls.length > 0
      }
    }
  })
