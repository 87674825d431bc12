import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApi } from "effect/http-api"
import { Api } from "./Api.ts"
import { MethodNotAllowed, PathNotFound } from "./Problems.ts"
import { answerWith } from "./problemAnswers.ts"

/** A path of the API's description as what it matches: a parameter is one segment. */
const matcher = (path: string) => new RegExp(`^${path.replace(/\/$/, "").replaceAll(/:\w+/g, "[^/]+")}/?$`)

const endpoints = (): ReadonlyArray<{ readonly method: string; readonly path: RegExp }> => {
  const found: Array<{ readonly method: string; readonly path: RegExp }> = []
  HttpApi.reflect(Api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => void found.push({ method: endpoint.method, path: matcher(endpoint.path) })
  })
  return found
}

const pathNotFound = new PathNotFound({
  code: "path_not_found",
  detail: "There is nothing at this path. The API reference at /docs lists what there is."
})

/** RFC 9110, 15.5.6: the answer names the methods that the path knows. */
const methodNotAllowed = (method: string, allowed: ReadonlyArray<string>) =>
  Effect.map(
    answerWith(
      new MethodNotAllowed({
        code: "method_not_allowed",
        detail: `${method} is nothing that this path knows. It takes ${allowed.join(", ")}.`
      })
    ),
    (response) => HttpServerResponse.setHeader(response, "allow", allowed.join(", "))
  )

/** HEAD is not among them: the router answers it as the GET of the same path. */
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const

/** What no other route under `/api/v1` takes is answered with a problem document too. */
export const unknownPaths = HttpRouter.use((router) => {
  const known = endpoints()
  const answer = Effect.gen(function* () {
    const { method, url } = yield* HttpServerRequest.HttpServerRequest
    const [path = ""] = url.split("?")
    const here = known.filter((endpoint) => endpoint.path.test(path))
    const allowed = methods.filter((each) => here.some((endpoint) => endpoint.method === each))
    return yield* allowed.length === 0 ? answerWith(pathNotFound) : methodNotAllowed(method, allowed)
  })
  return Effect.forEach(methods, (method) => router.add(method, "/api/v1/*", answer), { discard: true })
})
