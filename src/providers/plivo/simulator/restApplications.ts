import { Result } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, addApplication, type Application } from "./account.ts"
import { noContent, notAllowed, notFound, ok, page, refuse } from "./replies.ts"
import { type Parameters, readParameters, urlProblem } from "./restBody.ts"

type UrlAllowed = (url: string) => boolean

/** An application as the REST API shows it (Plivo: Application). `app_id` is text. */
const applicationResource = (account: Account, application: Application) => ({
  answer_method: application.answerMethod,
  answer_url: application.answerUrl,
  app_id: application.id,
  app_name: application.name,
  default_app: application.defaultNumberApp,
  default_endpoint_app: application.defaultEndpointApp,
  enabled: true,
  fallback_answer_url: application.fallbackAnswerUrl,
  fallback_method: application.fallbackMethod,
  hangup_method: application.hangupMethod,
  hangup_url: application.hangupUrl,
  log_incoming_messages: application.logIncomingMessages,
  message_method: application.messageMethod,
  message_url: application.messageUrl,
  public_uri: false,
  resource_uri: `/v1/Account/${account.id}/Application/${application.id}/`,
  sip_uri: `sip:${application.id}@app.plivo.com`,
  sub_account: application.subAccount === undefined ? null : `/v1/Account/${application.subAccount}/`
})

const urls = ["answer_url", "hangup_url", "fallback_answer_url", "message_url"]
const texts = {
  app_name: "name",
  answer_url: "answerUrl",
  answer_method: "answerMethod",
  hangup_url: "hangupUrl",
  hangup_method: "hangupMethod",
  fallback_answer_url: "fallbackAnswerUrl",
  fallback_method: "fallbackMethod",
  message_url: "messageUrl",
  message_method: "messageMethod"
} as const
const switches = {
  log_incoming_messages: "logIncomingMessages",
  default_number_app: "defaultNumberApp",
  default_endpoint_app: "defaultEndpointApp"
} as const

/** What is wrong with parameters of an application; `itself` is the one that they change. */
const problemOf = (
  account: Account,
  parameters: Parameters,
  urlAllowed: UrlAllowed,
  itself: Application | undefined
): RestReply | undefined => {
  const problem = urlProblem(parameters, urls, urlAllowed)
  if (problem !== undefined) return refuse(400, problem)
  const name = parameters.get("app_name")
  if (name === undefined) return undefined
  if (!/^[A-Za-z0-9_-]+$/.test(name)) return refuse(400, "app_name may have letters, digits, - and _ only")
  const taken = Array.from(account.applications.values()).some((other) => other !== itself && other.name === name)
  return taken ? refuse(409, `an application named ${name} exists already`) : undefined
}

const change = (application: Application, parameters: Parameters) => {
  for (const [name, key] of Object.entries(texts)) {
    const value = parameters.get(name)
    if (value !== undefined) application[key] = value
  }
  for (const [name, key] of Object.entries(switches)) {
    const value = parameters.get(name)
    if (value !== undefined) application[key] = value === "true"
  }
}

/** Lists applications by the beginning of their name, or creates one. `hangup_url` that is not given is `answer_url`. */
export const applications = (account: Account, request: RestRequest, urlAllowed: UrlAllowed): RestReply => {
  if (request.method === "GET") {
    const prefix = request.query.get("app_name") ?? ""
    const shown = Array.from(account.applications.values()).filter(({ name }) => name.startsWith(prefix))
    return page(
      request,
      shown.map((application) => applicationResource(account, application))
    )
  }
  if (request.method !== "POST") return notAllowed()
  const read = readParameters(request)
  if (Result.isFailure(read)) return read.failure
  const parameters = read.success
  if (!parameters.has("app_name")) return refuse(400, "app_name is missing")
  const problem = problemOf(account, parameters, urlAllowed, undefined)
  if (problem !== undefined) return problem
  const created = addApplication(account, parameters.get("app_name") ?? "", parameters.get("answer_url") ?? "")
  change(created, parameters)
  return ok({ app_id: created.id, message: "created" }, 201)
}

/** Reads, changes or deletes one application. Numbers that were linked to a deleted one are linked to none. */
export const oneApplication = (
  account: Account,
  request: RestRequest,
  id: string,
  urlAllowed: UrlAllowed
): RestReply => {
  const application = account.applications.get(id)
  if (application === undefined) return notFound()
  switch (request.method) {
    case "GET":
      return ok(applicationResource(account, application))
    case "DELETE":
      account.applications.delete(id)
      for (const number of account.numbers.values()) {
        if (number.applicationId === id) number.applicationId = undefined
      }
      return noContent
    case "POST": {
      const read = readParameters(request)
      if (Result.isFailure(read)) return read.failure
      const problem = problemOf(account, read.success, urlAllowed, application)
      if (problem !== undefined) return problem
      change(application, read.success)
      return ok({ message: "changed" }, 202)
    }
    default:
      return notAllowed()
  }
}
