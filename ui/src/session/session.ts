import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { Problem } from "../api/problem.ts"
import { request } from "../api/request.ts"

export type Role = "viewer" | "operator" | "admin"
const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

const key = ["session"]

/** Who is signed in; null: nobody. */
export const useSession = () =>
  useQuery({
    queryKey: key,
    staleTime: Infinity,
    queryFn: ({ signal }) =>
      request("GET", "/api/v1/session", { signal }).catch((cause: unknown) =>
        cause instanceof Problem && cause.status === 401 ? null : Promise.reject(cause)
      )
  })

/** Whether the person who is signed in may do what needs this role. */
export const useMay = (role: Role): boolean => {
  const { data } = useSession()
  return data !== undefined && data !== null && rank[data.role] >= rank[role]
}

export const useSignIn = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (apiKey: string) => request("POST", "/api/v1/session", { payload: { api_key: apiKey } }),
    onSuccess: (session) => {
      queries.clear()
      queries.setQueryData(key, session)
    }
  })
}

export const useSignOut = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => request("DELETE", "/api/v1/session", {}),
    onSuccess: () => {
      queries.clear()
      queries.setQueryData(key, null)
    }
  })
}

/** The session ended (it ran out, or its key was deleted): the page asks for a key again. */
export const forgetSession = (queries: ReturnType<typeof useQueryClient>) => queries.setQueryData(key, null)
