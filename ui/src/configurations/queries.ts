import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import type { AnswerOf } from "../api/endpoints.ts"
import { request } from "../api/request.ts"
import { everyPage } from "../parts/everyPage.ts"
import { objectOf, type Payload, textOf } from "../form/fields.ts"

const LIST = "/api/v1/organizations/telephony-configs"
const ONE = "/api/v1/organizations/telephony-configs/:id"

export type Configuration = AnswerOf<"GET", typeof ONE>
export type ConfigurationSummary = AnswerOf<"GET", typeof LIST>["configurations"][number]
export type ConnectionReport = AnswerOf<"POST", `${typeof ONE}/test-connection`>

export const useConfigurations = () =>
  useInfiniteQuery({
    queryKey: ["configurations", "list"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => request("GET", LIST, { query: { cursor: pageParam }, signal }),
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined
  })

/** All configurations, for a person or the page to choose from. */
export const useConfigurationChoices = () =>
  useQuery({
    queryKey: ["configurations", "choices"],
    queryFn: ({ signal }) =>
      everyPage(
        (query) => request("GET", LIST, { query, signal }),
        ({ configurations }) => configurations
      )
  })

export const useConfiguration = (id: string) =>
  useQuery({
    queryKey: ["configurations", id],
    queryFn: ({ signal }) => request("GET", ONE, { params: { id }, signal })
  })

/** What a form's values save: what the service takes is judged there, and its errors come back to the fields. */
const savedFrom = (payload: Payload) => ({
  name: textOf(payload["name"]) ?? "",
  config: objectOf(payload["config"])
})

const useChanged = () => {
  const queries = useQueryClient()
  return async (saved?: Configuration) => {
    if (saved !== undefined) queries.setQueryData(["configurations", saved.id], saved)
    await queries.invalidateQueries({ queryKey: ["configurations"] })
  }
}

export const useCreateConfiguration = (provider: string) => {
  const changed = useChanged()
  return useMutation({
    mutationFn: (payload: Payload) => {
      const { config, ...rest } = savedFrom(payload)
      const is_default_outbound = payload["is_default_outbound"] === true
      return request("POST", LIST, { payload: { ...rest, is_default_outbound, config: { ...config, provider } } })
    },
    onSuccess: changed
  })
}

export const useSaveConfiguration = (id: string) => {
  const changed = useChanged()
  return useMutation({
    mutationFn: ({ payload, version }: { readonly payload: Payload; readonly version: number }) =>
      request("PUT", ONE, { params: { id }, payload: { ...savedFrom(payload), version } }),
    onSuccess: changed
  })
}

export const useSetDefault = (id: string) => {
  const changed = useChanged()
  return useMutation({
    mutationFn: () => request("POST", `${ONE}/set-default-outbound`, { params: { id } }),
    onSuccess: changed
  })
}

export const useReactivate = (id: string) => {
  const changed = useChanged()
  return useMutation({
    mutationFn: () => request("POST", `${ONE}/reactivate`, { params: { id } }),
    onSuccess: changed
  })
}

export const useTestConnection = (id: string) =>
  useMutation({ mutationFn: () => request("POST", `${ONE}/test-connection`, { params: { id } }) })

export const useDeleteConfiguration = (id: string) => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => request("DELETE", ONE, { params: { id } }),
    onSuccess: async () => {
      queries.removeQueries({ queryKey: ["configurations", id] })
      await queries.invalidateQueries({ queryKey: ["configurations"], refetchType: "none" })
      await queries.invalidateQueries({ queryKey: ["numbers"], refetchType: "none" })
    }
  })
}
