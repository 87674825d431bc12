import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import type { AnswerOf, RequestOf } from "../api/endpoints.ts"
import { request } from "../api/request.ts"

export type Simulator = AnswerOf<"GET", "/api/v1/simulator">
export type SimulatedCarrier = Simulator["providers"][number]
export type Direction = SimulatedCarrier["directions"][number]
export type FaultName = SimulatedCarrier["faults"][number]["name"]
export type NewSimulatedCall = RequestOf<"POST", "/api/v1/simulator/calls">["payload"]

/** What can be simulated here, or why nothing can. */
export const useSimulator = () =>
  useQuery({
    queryKey: ["simulator"],
    staleTime: Infinity,
    queryFn: ({ signal }) => request("GET", "/api/v1/simulator", { signal })
  })

export const useSimulate = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (payload: NewSimulatedCall) => request("POST", "/api/v1/simulator/calls", { payload }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["calls"] })
  })
}
