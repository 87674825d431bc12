import { Effect } from "effect"
import { HttpServerRespondable, HttpServerResponse } from "effect/http"

/** When to come back, s. */
const RETRY_AFTER = "5"

/** Headers that belong to a status: RFC 9110, sections 11.6.1 and 10.2.3, and RFC 6585, section 4. */
const headersOf: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": "Bearer" },
  429: { "retry-after": RETRY_AFTER },
  503: { "retry-after": RETRY_AFTER }
}

/** A problem as the response that tells of it. */
export const answerWith = (problem: HttpServerRespondable.Respondable) =>
  Effect.map(HttpServerRespondable.toResponse(problem), (response) =>
    HttpServerResponse.setHeaders(response, headersOf[response.status] ?? {})
  )
