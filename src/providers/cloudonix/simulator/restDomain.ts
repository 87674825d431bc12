import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { addApplication, type Application, type Domain, findApplication } from "./domain.ts"
import { isCallable, type Stage } from "./leg.ts"
import { badRequest, list, noContent, notFound, ok, readBody } from "./replies.ts"

const key = Schema.optionalKey
const Profile = Schema.Record(Schema.String, Schema.Unknown)
const DomainChange = Schema.Struct({
  defaultApplication: key(Schema.NullOr(Schema.Int)),
  profile: key(Profile),
  active: key(Schema.Boolean)
})
const method = Schema.Literals(["GET", "POST"])
const NewApplication = Schema.Struct({
  name: Schema.NonEmptyString,
  type: key(Schema.Literals(["cxml", "twiml"])),
  url: Schema.NonEmptyString,
  method: key(method),
  active: key(Schema.Boolean),
  profile: key(Profile)
})
const ApplicationChange = Schema.Struct({
  url: key(Schema.NonEmptyString),
  method: key(method),
  active: key(Schema.Boolean),
  profile: key(Profile)
})

const domainResource = (domain: Domain) => ({
  id: domain.id,
  uuid: domain.uuid,
  domain: domain.name,
  name: domain.name,
  active: true,
  registrationFree: false,
  aliases: [],
  defaultApplication: domain.defaultApplication,
  profile: domain.profile
})

/** `/domains/{domain}`. A change leaves what it does not name. */
export const oneDomain = (domain: Domain, request: RestRequest): RestReply => {
  if (request.method === "GET") return ok(domainResource(domain))
  if (request.method !== "PUT" && request.method !== "PATCH") return notFound
  const body = readBody(DomainChange, request)
  if (Result.isFailure(body)) return body.failure
  const { defaultApplication, profile } = body.success
  if (defaultApplication !== undefined) {
    if (defaultApplication !== null && !domain.applications.has(defaultApplication)) {
      return badRequest(`no application ${defaultApplication}`)
    }
    domain.defaultApplication = defaultApplication
  }
  domain.profile = { ...domain.profile, ...profile }
  return ok(domainResource(domain))
}

const applicationResource = (domain: Domain, application: Application) => ({
  id: application.id,
  domainId: domain.id,
  uuid: application.uuid,
  name: application.name,
  type: application.type,
  url: application.url,
  method: application.method,
  active: application.active,
  profile: application.profile
})

/** `/domains/{domain}/applications[/{name or id}]`. */
export const applicationsOf = (stage: Stage, request: RestRequest, named: string | undefined): RestReply => {
  const { domain, settings } = stage
  if (named !== undefined) return oneApplication(stage, request, findApplication(domain, named))
  if (request.method === "GET") {
    return list(Array.from(domain.applications.values(), (each) => applicationResource(domain, each)))
  }
  if (request.method !== "POST") return notFound
  const body = readBody(NewApplication, request)
  if (Result.isFailure(body)) return body.failure
  const { name, url } = body.success
  if (!isCallable(stage, url)) return badRequest(`${url} is not an address to call`)
  if (findApplication(domain, name) !== undefined) return badRequest(`there is an application ${name} already`)
  // GET unless said otherwise: who forgets `method` gets no body.
  const application = addApplication(domain, { name, url, method: body.success.method ?? "GET" })
  application.active = body.success.active ?? true
  application.profile = body.success.profile ?? {}
  return settings.emptyCreates ? { status: 200, body: "" } : ok(applicationResource(domain, application))
}

const oneApplication = (stage: Stage, request: RestRequest, application: Application | undefined): RestReply => {
  const { domain } = stage
  if (application === undefined) return notFound
  if (request.method === "GET") return ok(applicationResource(domain, application))
  if (request.method === "DELETE") {
    domain.applications.delete(application.id)
    if (domain.defaultApplication === application.id) domain.defaultApplication = null
    for (const dnid of domain.dnids.values()) {
      if (dnid.applicationId === application.id) dnid.applicationId = null
    }
    return noContent
  }
  // PATCH is not in the published API description, and works.
  if (request.method !== "PATCH" && request.method !== "PUT") return notFound
  const body = readBody(ApplicationChange, request)
  if (Result.isFailure(body)) return body.failure
  const { active, method: newMethod, profile, url } = body.success
  if (url !== undefined && !isCallable(stage, url)) return badRequest(`${url} is not an address to call`)
  application.url = url ?? application.url
  application.method = newMethod ?? application.method
  application.active = active ?? application.active
  application.profile = { ...application.profile, ...profile }
  return ok(applicationResource(domain, application))
}
