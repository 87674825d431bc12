import { randomUUID } from "node:crypto"
import { Result } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, addApplication, type Application } from "./account.ts"
import { done, type JsonBody, methodOf, notFound, ok, readJson, refuse } from "./replies.ts"

/** An application as the API shows it (as Plivo's, with its own SIP domain). */
export const applicationResource = (application: Application) => ({
  app_id: application.id,
  app_name: application.name,
  answer_url: application.answerUrl,
  answer_method: application.answerMethod,
  hangup_url: application.hangupUrl || application.answerUrl,
  hangup_method: application.hangupMethod,
  fallback_answer_url: application.fallbackUrl,
  fallback_method: application.fallbackMethod,
  sip_uri: `sip:${application.id}@app.vobiz.ai`,
  enabled: true
})

const invalid = (message: string) => Result.fail(refuse(422, "VALIDATION_ERROR", message))

type Changes = Partial<Omit<Application, "id" | "foreign">>

const urls = { answer_url: "answerUrl", hangup_url: "hangupUrl", fallback_answer_url: "fallbackUrl" } as const
const methods = {
  answer_method: "answerMethod",
  hangup_method: "hangupMethod",
  fallback_method: "fallbackMethod"
} as const

/** What a request wants to be different. An empty URL clears it, but for the answer URL. */
const readChanges = (body: JsonBody, urlAllowed: (url: string) => boolean): Result.Result<Changes, RestReply> => {
  const changes: { -readonly [Key in keyof Changes]: Changes[Key] } = {}
  const name = body.text("app_name")
  if (body.has("app_name") && (name === undefined || !/^[A-Za-z0-9_-]+$/.test(name))) {
    return invalid("app_name takes letters, digits, _ and -")
  }
  if (name !== undefined) changes.name = name
  for (const [key, field] of Object.entries(urls)) {
    if (!body.has(key)) continue
    const url = body.text(key) ?? ""
    if (!urlAllowed(url) && (url !== "" || key === "answer_url")) return invalid(`${key} is not a valid URL`)
    changes[field] = url
  }
  for (const [key, field] of Object.entries(methods)) {
    if (!body.has(key)) continue
    const method = methodOf(body.text(key))
    if (method === undefined) return invalid(`${key} is not GET or POST`)
    changes[field] = method
  }
  return Result.succeed(changes)
}

const create = (account: Account, body: JsonBody, changes: Changes): RestReply => {
  const { answerUrl, name } = changes
  if (name === undefined || answerUrl === undefined || !body.has("answer_method")) {
    return refuse(422, "VALIDATION_ERROR", "app_name, answer_url and answer_method are required")
  }
  const application = addApplication(account, { ...changes, name, answerUrl })
  return ok({ api_id: randomUUID(), app_id: application.id, message: "created" }, 201)
}

const list = (account: Account, query: URLSearchParams): RestReply => {
  const limit = Math.min(100, Math.max(1, Number(query.get("limit") ?? "20") || 20))
  const offset = Math.max(0, Number(query.get("offset") ?? "0") || 0)
  const all = Array.from(account.applications.values())
  return ok({
    api_id: randomUUID(),
    meta: { limit, offset, total_count: all.length },
    objects: all.slice(offset, offset + limit).map(applicationResource)
  })
}

/** Creates or lists applications (Vobiz: create application). */
export const manyApplications = (
  account: Account,
  request: RestRequest,
  urlAllowed: (url: string) => boolean
): RestReply => {
  if (request.method === "GET") return list(account, request.query)
  return Result.match(
    Result.flatMap(readJson(request), (body) =>
      Result.map(readChanges(body, urlAllowed), (changes) => create(account, body, changes))
    ),
    { onFailure: (reply) => reply, onSuccess: (reply) => reply }
  )
}

/** Reads, changes or deletes one application. */
export const oneApplication = (
  account: Account,
  request: RestRequest,
  id: string,
  urlAllowed: (url: string) => boolean
): RestReply => {
  const application = account.applications.get(id)
  if (application === undefined) return notFound
  if (request.method === "GET") return ok({ api_id: randomUUID(), ...applicationResource(application) })
  if (request.method === "DELETE") {
    if (Array.from(account.numbers.values()).some(({ applicationId }) => applicationId === id)) {
      return refuse(409, "CONFLICT", "The application has numbers attached")
    }
    account.applications.delete(id)
    return done
  }
  return Result.match(
    Result.flatMap(readJson(request), (body) => readChanges(body, urlAllowed)),
    {
      onFailure: (reply) => reply,
      onSuccess: (changes) => {
        Object.assign(application, changes)
        return ok({ api_id: randomUUID(), message: "changed" }, 202)
      }
    }
  )
}
