import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Domain, newTrunk, type Trunk } from "./domain.ts"
import { badRequest, list, noContent, notFound, ok, readBody } from "./replies.ts"
import type { Stage } from "./leg.ts"

const key = Schema.optionalKey
const TrunkBody = Schema.Struct({
  name: key(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9-]+$/))),
  ip: key(Schema.NonEmptyString),
  port: key(Schema.Union([Schema.Int, Schema.NonEmptyString])),
  transport: key(Schema.Literals(["udp", "tcp", "tls"])),
  prefix: key(Schema.String),
  direction: key(Schema.Literals(["inbound", "outbound", "public-inbound", "public-outbound"])),
  profile: key(Schema.Record(Schema.String, Schema.Unknown)),
  active: key(Schema.Boolean),
  metric: key(Schema.Int),
  allowGlobal: key(Schema.Boolean),
  globalPrefix: key(Schema.String)
})

/** `port` may come back as text, whatever it was sent as. */
const trunkResource = (domain: Domain, trunk: Trunk) => ({
  id: trunk.id,
  uuid: trunk.uuid,
  domainId: domain.id,
  name: trunk.name,
  ip: trunk.ip,
  port: String(trunk.port),
  transport: trunk.transport,
  prefix: trunk.prefix,
  direction: trunk.direction,
  profile: trunk.profile,
  active: trunk.active,
  metric: 10,
  allowGlobal: false,
  globalPrefix: ""
})

/** `/domains/{domain}/trunks[/{uuid}]`. A change leaves what it does not name. */
export const trunksOf = (stage: Stage, request: RestRequest, uuid: string | undefined): RestReply => {
  const { domain, settings } = stage
  const { method } = request
  const all = Array.from(domain.trunks.values())
  if (uuid === undefined && method === "GET") return list(all.map((trunk) => trunkResource(domain, trunk)))
  const found = uuid === undefined ? undefined : all.find((trunk) => trunk.uuid === uuid)
  if (uuid === undefined ? method !== "POST" : found === undefined) return notFound
  if (found !== undefined && method === "GET") return ok(trunkResource(domain, found))
  if (found !== undefined && method === "DELETE") {
    domain.trunks.delete(found.id)
    return noContent
  }
  if (found !== undefined && method !== "PUT") return notFound
  const body = readBody(TrunkBody, request)
  if (Result.isFailure(body)) return body.failure
  const { name, ip } = body.success
  if (name !== undefined && all.some((other) => other !== found && other.name === name)) {
    return badRequest(`there is a trunk ${name} already`)
  }
  if (found === undefined && (name === undefined || ip === undefined)) return badRequest("a trunk needs name and ip")
  const trunk = found ?? newTrunk(domain, name ?? "")
  domain.trunks.set(trunk.id, Object.assign(trunk, body.success))
  return found === undefined && settings.emptyCreates ? { status: 200, body: "" } : ok(trunkResource(domain, trunk))
}
