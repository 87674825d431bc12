import { useQuery } from "@tanstack/react-query"
import { Problem } from "../api/problem.ts"
import { request } from "../api/request.ts"

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
