import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { request } from "../api/request.ts"
import { type AgentKind, useAgentKinds } from "../agents/queries.ts"
import { useConfigurationChoices } from "../configurations/queries.ts"
import { type Provider, useProviders } from "../parts/providers.ts"

/** The providers whose configurations can be called from a page. */
export const usePhoneProviders = () => {
  const { data, error, refetch } = useProviders()
  return { data: data?.filter(({ phone }) => phone), error, refetch }
}

/** The configurations that this page can call with: active ones, and not the simulator's. */
export const usePhones = (providers: ReadonlyArray<Provider>) => {
  const { data, error, refetch } = useConfigurationChoices()
  const phones = data?.filter(
    ({ inactive_since, provider, simulated }) =>
      inactive_since === null && !simulated && providers.some((each) => each.provider === provider)
  )
  return { data: phones, error, refetch }
}

const needsNothing = ({ fields }: Pick<AgentKind | Provider, "fields">) => !fields.some(({ required }) => required)

/** The first kind of agent that needs no settings. */
export const useEasyKind = () => useAgentKinds().data?.find(needsNothing)

/** The first provider with a phone whose configuration needs no settings. */
export const easyPhone = (providers: ReadonlyArray<Provider>) => providers.find(needsNothing)

/** Makes what a first call needs: a configuration to call with, an agent to call, or both. Gives the agent that was made. */
export const useSetUp = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (make: { readonly phone: Provider | undefined; readonly kind: AgentKind | undefined }) => {
      if (make.phone !== undefined) {
        const { display_name: name, provider } = make.phone
        await request("POST", "/api/v1/organizations/telephony-configs", { payload: { name, config: { provider } } })
      }
      if (make.kind === undefined) return undefined
      const { display_name: name, kind } = make.kind
      return request("POST", "/api/v1/organizations/agents", { payload: { name, kind, settings: {} } })
    },
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["configurations"] }),
        queries.invalidateQueries({ queryKey: ["agents", "list"] })
      ])
  })
}

const ENDING_LOOK_MS = 700

/** A call, looked at again until its end reason is known. */
export const useEnding = (callId: string | undefined) =>
  useQuery({
    queryKey: ["calls", "ending", callId],
    enabled: callId !== undefined,
    queryFn: ({ signal }) => request("GET", "/api/v1/telephony/calls/:id", { params: { id: callId ?? "" }, signal }),
    refetchInterval: ({ state }) => (state.data?.end_reason === null ? ENDING_LOOK_MS : false)
  })
