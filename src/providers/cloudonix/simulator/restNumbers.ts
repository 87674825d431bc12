import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { compileDnid, type DnidEntry, isExpression } from "./dnidPattern.ts"
import { type Application, type Dnid, type Domain, findApplication } from "./domain.ts"
import { badRequest, list, noContent, notFound, ok, readBody } from "./replies.ts"
import type { Stage } from "./leg.ts"

const key = Schema.optionalKey
const DnidBody = Schema.Struct({
  source: key(Schema.NonEmptyString),
  dnid: key(Schema.NonEmptyString),
  prefix: key(Schema.Boolean),
  expression: key(Schema.Boolean),
  asteriskCompatible: key(Schema.Boolean),
  active: key(Schema.Boolean),
  global: key(Schema.Boolean),
  applicationId: key(Schema.NullOr(Schema.Int))
})

const dnidResource = (domain: Domain, dnid: Dnid) => ({
  id: dnid.id,
  domainId: domain.id,
  applicationId: dnid.applicationId,
  messagingApplicationId: null,
  active: dnid.active,
  dnid: dnid.dnid,
  source: dnid.source,
  global: false,
  expression: dnid.expression,
  prefix: dnid.prefix,
  asteriskCompatible: dnid.asteriskCompatible,
  application: dnid.applicationId === null ? null : (domain.applications.get(dnid.applicationId)?.name ?? null)
})

/** Reads an entry: either `source` with at most one flag, or a `dnid` that is a regular expression already. */
const readEntry = (body: typeof DnidBody.Type): Result.Result<DnidEntry & { readonly dnid: string }, RestReply> => {
  const { asteriskCompatible = false, dnid, expression = false, prefix = false, source } = body
  const flags = { asteriskCompatible, expression, prefix }
  if ((source === undefined) === (dnid === undefined)) {
    return Result.fail(badRequest("exactly one of source and dnid is needed"))
  }
  const entry = { source: source ?? dnid ?? "", ...flags }
  const compiled = source === undefined ? dnid : compileDnid(entry)
  if (compiled === undefined || !isExpression(compiled)) {
    return Result.fail(
      badRequest("at most one of prefix, expression and asteriskCompatible, with a source that fits it")
    )
  }
  return Result.succeed({ ...entry, dnid: compiled })
}

/** Finds a DNID by its id, or by the number as it was entered. */
const findDnid = (domain: Domain, named: string) =>
  Array.from(domain.dnids.values()).find(({ id, source }) => String(id) === named || source === named)

const create = (stage: Stage, request: RestRequest, application: Application | undefined): RestReply => {
  const { domain, settings } = stage
  const body = readBody(DnidBody, request)
  if (Result.isFailure(body)) return body.failure
  const entry = readEntry(body.success)
  if (Result.isFailure(entry)) return entry.failure
  const applicationId = application?.id ?? body.success.applicationId ?? null
  if (applicationId !== null && !domain.applications.has(applicationId)) {
    return badRequest(`no application ${applicationId}`)
  }
  if (findDnid(domain, entry.success.source) !== undefined) return badRequest("this DNID exists already")
  const dnid: Dnid = { ...entry.success, id: domain.nextId(), applicationId, active: body.success.active ?? true }
  domain.dnids.set(dnid.id, dnid)
  if (application === undefined) return noContent
  return settings.emptyCreates ? { status: 200, body: "" } : ok(dnidResource(domain, dnid))
}

/** `/domains/{domain}/applications/{application}/dnids`. */
export const applicationDnids = (stage: Stage, request: RestRequest, named: string): RestReply => {
  const { domain } = stage
  const application = findApplication(domain, named)
  if (application === undefined) return notFound
  if (request.method === "POST") return create(stage, request, application)
  if (request.method !== "GET") return notFound
  const own = Array.from(domain.dnids.values()).filter(({ applicationId }) => applicationId === application.id)
  return list(own.map((dnid) => dnidResource(domain, dnid)))
}

/** `/domains/{domain}/dnids[/{number or id}]`. */
export const dnidsOf = (stage: Stage, request: RestRequest, named: string | undefined): RestReply => {
  const { domain } = stage
  if (named === undefined) {
    if (request.method === "POST") return create(stage, request, undefined)
    if (request.method !== "GET") return notFound
    return list(Array.from(domain.dnids.values(), (dnid) => dnidResource(domain, dnid)))
  }
  const dnid = findDnid(domain, named)
  if (dnid === undefined) return notFound
  if (request.method === "GET") return ok(dnidResource(domain, dnid))
  if (request.method === "DELETE") {
    domain.dnids.delete(dnid.id)
    return noContent
  }
  if (request.method !== "PUT") return notFound
  const body = readBody(DnidBody, request)
  if (Result.isFailure(body)) return body.failure
  const { active, applicationId } = body.success
  if (applicationId !== undefined && applicationId !== null && !domain.applications.has(applicationId)) {
    return badRequest(`no application ${applicationId}`)
  }
  const change =
    body.success.source === undefined && body.success.dnid === undefined ? undefined : readEntry(body.success)
  if (change !== undefined && Result.isFailure(change)) return change.failure
  Object.assign(dnid, change?.success)
  dnid.active = active ?? dnid.active
  dnid.applicationId = applicationId === undefined ? dnid.applicationId : applicationId
  return ok(dnidResource(domain, dnid))
}
