import type { AnswerOf, Method, Path, RequestOf } from "./endpoints.ts"
import { problemOf, unreachable } from "./problem.ts"

interface Parts {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly payload?: unknown
  /** By which the service knows a request that is sent again. */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

/** The address of an endpoint: parameters filled in and escaped, absent query values left out. */
export const addressOf = (path: string, { params = {}, query = {} }: Parts = {}) => {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""))
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, String(value)]]
    )
  )
  return search.size === 0 ? filled : `${filled}?${search}`
}

/**
 * Asks the API by the session's cookie. The header tells the service that this page asks, not another site (a browser
 * lets no other site send it). Rejects with a `Problem`.
 */
export const request = async <M extends Method, P extends Path<M>>(
  method: M,
  path: P,
  parts: RequestOf<M, P> & Pick<Parts, "idempotencyKey" | "signal">
): Promise<AnswerOf<M, P>> => {
  const { idempotencyKey, payload, signal, ...address }: Parts = parts
  const response = await fetch(addressOf(path, address), {
    method,
    credentials: "same-origin",
    headers: {
      "x-switchboard-console": "1",
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      ...(payload === undefined ? {} : { "content-type": "application/json" })
    },
    ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
    ...(signal === undefined ? {} : { signal })
  }).catch((cause: unknown) => Promise.reject(signal?.aborted === true ? cause : unreachable()))
  if (!response.ok) return Promise.reject(await problemOf(response))
  return (response.status === 204 ? new Response("null") : response).json()
}
