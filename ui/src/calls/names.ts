import { useQuery } from "@tanstack/react-query"
import { Problem } from "../api/problem.ts"
import { request } from "../api/request.ts"

/** The carriers that the service knows. */
export const useProviders = () =>
  useQuery({
    queryKey: ["providers"],
    staleTime: Infinity,
    queryFn: ({ signal }) => request("GET", "/api/v1/organizations/telephony-providers/metadata", { signal }),
    select: ({ providers }) => providers
  })

/** What a provider is called; its own word for itself until the service told. */
export const useProviderName = (provider: string): string => {
  const { data = [] } = useProviders()
  return data.find((each) => each.provider === provider)?.display_name ?? provider
}

/** The agent of a call; null: it was deleted. */
export const useAgent = (id: string | null) =>
  useQuery({
    queryKey: ["calls", "agent", id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      request("GET", "/api/v1/organizations/agents/:id", { params: { id: id ?? "" }, signal }).catch(
        (cause: unknown) => (cause instanceof Problem && cause.status === 404 ? null : Promise.reject(cause))
      )
  })
