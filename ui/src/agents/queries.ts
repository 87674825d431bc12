import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { type AnswerOf, type RequestOf } from "../api/endpoints.ts"
import { request } from "../api/request.ts"
import { everyPage } from "../parts/everyPage.ts"

export type AgentKind = AnswerOf<"GET", "/api/v1/organizations/agent-kinds/metadata">["kinds"][number]
export type AgentSummary = AnswerOf<"GET", "/api/v1/organizations/agents">["agents"][number]
export type Agent = AnswerOf<"GET", "/api/v1/organizations/agents/:id">
export type NewAgent = RequestOf<"POST", "/api/v1/organizations/agents">["payload"]
export type ChangedAgent = RequestOf<"PUT", "/api/v1/organizations/agents/:id">["payload"]

const keys = {
  agents: ["agents"],
  kinds: ["agents", "kinds"],
  list: ["agents", "list"],
  one: (id: string) => ["agents", "one", id]
} as const

export const useAgentKinds = () =>
  useQuery({
    queryKey: keys.kinds,
    staleTime: Infinity,
    queryFn: ({ signal }) => request("GET", "/api/v1/organizations/agent-kinds/metadata", { signal }),
    select: ({ kinds }) => kinds
  })

/** All agents, the oldest first. */
export const useAgents = () =>
  useQuery({
    queryKey: keys.list,
    queryFn: ({ signal }) =>
      everyPage(
        (query) => request("GET", "/api/v1/organizations/agents", { query, signal }),
        ({ agents }) => agents
      )
  })

const readAgent = (id: string) => request("GET", "/api/v1/organizations/agents/:id", { params: { id } })

export const useAgent = (id: string) => useQuery({ queryKey: keys.one(id), queryFn: () => readAgent(id) })

/** Reads an agent anew, for an edit that was made from an older version. */
export const useReadAgain = (id: string) => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => readAgent(id),
    onSuccess: (agent) => queries.setQueryData(keys.one(id), agent)
  })
}

export const useCreateAgent = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (payload: NewAgent) => request("POST", "/api/v1/organizations/agents", { payload }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.list })
  })
}

export const useReplaceAgent = (id: string) => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (payload: ChangedAgent) =>
      request("PUT", "/api/v1/organizations/agents/:id", { params: { id }, payload }),
    onSuccess: (agent) => {
      queries.setQueryData(keys.one(id), agent)
      return queries.invalidateQueries({ queryKey: keys.list })
    }
  })
}

export const useRemoveAgent = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => request("DELETE", "/api/v1/organizations/agents/:id", { params: { id } }),
    onSuccess: (_, id) => {
      queries.removeQueries({ queryKey: keys.one(id) })
      return queries.invalidateQueries({ queryKey: keys.list })
    }
  })
}
