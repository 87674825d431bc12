import { useQuery } from "@tanstack/react-query"
import type { AnswerOf } from "../api/endpoints.ts"
import { request } from "../api/request.ts"

const METADATA = "/api/v1/organizations/telephony-providers/metadata"

export type Provider = AnswerOf<"GET", typeof METADATA>["providers"][number]

/** The carriers that the service knows, with their forms. They change only with the service. */
export const useProviders = () =>
  useQuery({
    queryKey: ["providers"],
    staleTime: Infinity,
    queryFn: ({ signal }) => request("GET", METADATA, { signal }),
    select: ({ providers }) => providers
  })

/** What a carrier is called; its registry name while that is not known. */
export const useProviderName = () => {
  const { data } = useProviders()
  return (provider: string): string => data?.find((each) => each.provider === provider)?.display_name ?? provider
}
