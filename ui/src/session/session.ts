import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import type { AnswerOf } from "../api/endpoints.ts"
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

type Session = AnswerOf<"GET", "/api/v1/session">

/** Another person sits here now, or nobody: nothing of what the last one saw stays. */
const enter = (queries: QueryClient, session: Session | null) => {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] })
  queries.setQueryData(key, session)
}

export const useSignIn = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (apiKey: string) => request("POST", "/api/v1/session", { payload: { api_key: apiKey } }),
    onSuccess: (session) => enter(queries, session)
  })
}

export const useSignOut = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => request("DELETE", "/api/v1/session", {}),
    onSuccess: () => enter(queries, null)
  })
}

/** The session ended (it ran out, or its key was deleted): the page asks for a key again. */
export const forgetSession = (queries: QueryClient) => enter(queries, null)
