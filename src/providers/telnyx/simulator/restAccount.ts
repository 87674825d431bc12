import { Result } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, type Application, microTime, newApplication, type OwnedNumber } from "./account.ts"
import { type Body, check, integer, isBoolean, isText, oneOf, readBody, text, textOf } from "./body.ts"
import { methodNotAllowed, notFound, ok, page, refuse } from "./replies.ts"
import type { Stage } from "./stage.ts"

/** An application as the REST API shows it (Telnyx: call control applications). */
const applicationResource = (application: Application) => ({
  id: application.id,
  record_type: "call_control_application",
  application_name: application.name,
  active: application.active,
  anchorsite_override: "Latency",
  dtmf_type: "RFC 2833",
  call_cost_in_webhooks: application.callCostInWebhooks,
  first_command_timeout: application.firstCommandTimeout,
  first_command_timeout_secs: application.firstCommandTimeoutSecs,
  webhook_api_version: application.webhookApiVersion,
  webhook_event_url: application.webhookUrl,
  webhook_event_failover_url: application.webhookFailoverUrl,
  webhook_timeout_secs: application.webhookTimeoutSecs,
  inbound: { channel_limit: null, shaken_stir_enabled: false, sip_subdomain: null },
  outbound: { channel_limit: null, outbound_voice_profile_id: application.outboundVoiceProfileId },
  tags: [],
  created_at: microTime(application.createdMs),
  updated_at: microTime(application.updatedMs)
})

const isObject = (value: unknown): value is Body => typeof value === "object" && value !== null && !Array.isArray(value)

const applicationRules = (stage: Stage) => ({
  application_name: textOf(1, 255),
  webhook_event_url: stage.urls.webhook,
  webhook_event_failover_url: {
    holds: (value: Body[string]) => value === "" || stage.urls.webhook.holds(value),
    code: "10003" as const
  },
  webhook_api_version: oneOf("1", "2"),
  webhook_timeout_secs: integer(0, 30),
  first_command_timeout: isBoolean,
  first_command_timeout_secs: integer(1, 300),
  call_cost_in_webhooks: isBoolean,
  active: isBoolean,
  dtmf_type: oneOf("RFC 2833", "Inband", "SIP INFO"),
  inbound: { holds: isObject, code: "10026" as const },
  outbound: { holds: isObject, code: "10026" as const }
})

const flag = (body: Body, name: string, before: boolean) => {
  const value = body[name]
  return typeof value === "boolean" ? value : before
}

/** Name and webhook are mandatory for every write, also for a change of something else. */
const change = (stage: Stage, application: Application, body: Body): RestReply | undefined => {
  const broken = check(body, ["application_name", "webhook_event_url"], applicationRules(stage))
  if (broken !== undefined) return broken
  const { outbound } = body
  if (isObject(outbound)) {
    const profile = text(outbound, "outbound_voice_profile_id")
    if (profile !== undefined && profile !== stage.account.outboundVoiceProfileId) {
      return refuse(422, "10027", "outbound/outbound_voice_profile_id")
    }
    if ("outbound_voice_profile_id" in outbound) application.outboundVoiceProfileId = profile ?? null
  }
  application.name = text(body, "application_name") ?? application.name
  application.webhookUrl = text(body, "webhook_event_url") ?? application.webhookUrl
  application.webhookFailoverUrl = text(body, "webhook_event_failover_url") ?? application.webhookFailoverUrl
  application.webhookApiVersion =
    (text(body, "webhook_api_version") ?? application.webhookApiVersion) === "1" ? "1" : "2"
  const timeout = body["webhook_timeout_secs"]
  if (timeout === null || typeof timeout === "number") application.webhookTimeoutSecs = timeout
  const firstCommand = body["first_command_timeout_secs"]
  if (typeof firstCommand === "number") application.firstCommandTimeoutSecs = firstCommand
  application.firstCommandTimeout = flag(body, "first_command_timeout", application.firstCommandTimeout)
  application.callCostInWebhooks = flag(body, "call_cost_in_webhooks", application.callCostInWebhooks)
  application.active = flag(body, "active", application.active)
  application.updatedMs = stage.nowMs()
  return undefined
}

/** `/call_control_applications` and one of them. */
export const applicationsResource = (stage: Stage, request: RestRequest, rest: ReadonlyArray<string>): RestReply => {
  const { applications } = stage.account
  const [id, ...more] = rest
  if (more.length > 0) return notFound
  if (id === undefined && request.method === "GET") {
    return page(request.query, Array.from(applications.values(), applicationResource))
  }
  const application = id === undefined ? newApplication("", "", stage.nowMs()) : applications.get(id)
  if (application === undefined) return notFound
  if (request.method === "GET") return ok(applicationResource(application))
  if (request.method !== (id === undefined ? "POST" : "PATCH")) return methodNotAllowed
  const body = readBody(request)
  if (Result.isFailure(body)) return body.failure
  const broken = change(stage, application, body.success)
  if (broken !== undefined) return broken
  applications.set(application.id, application)
  return ok(applicationResource(application), id === undefined ? 201 : 200)
}

/** A number as the REST API shows it (Telnyx: phone numbers). */
const numberResource = (account: Account, number: OwnedNumber) => ({
  id: number.id,
  record_type: "phone_number",
  phone_number: number.phoneNumber,
  status: number.voice ? "active" : "purchase_pending",
  connection_id: number.connectionId,
  connection_name: account.applications.get(number.connectionId)?.name ?? "",
  tags: [],
  external_pin: "",
  phone_number_type: "local"
})

const numberFilters = ["filter[phone_number]", "filter[connection_id]", "filter[status]"]

/** The filter for the number matches any part of its digits. */
const listNumbers = (account: Account, query: URLSearchParams): RestReply => {
  const unknown = Array.from(query.keys()).some((name) => name.startsWith("filter") && !numberFilters.includes(name))
  if (unknown) return refuse(400, "10031")
  const part = (query.get("filter[phone_number]") ?? "").replace(/\D/g, "")
  const connection = query.get("filter[connection_id]")
  const shown = Array.from(account.numbers.values())
    .filter(({ phoneNumber }) => phoneNumber.includes(part))
    .filter(({ connectionId }) => connection === null || connection === connectionId)
  return page(
    query,
    shown.map((number) => numberResource(account, number))
  )
}

const changeNumber = (account: Account, number: OwnedNumber, body: Body): RestReply => {
  const broken = check(body, [], { connection_id: isText })
  if (broken !== undefined) return broken
  if ("connection_id" in body) {
    const id = text(body, "connection_id") ?? ""
    if (id !== "" && !account.applications.has(id)) return refuse(422, "85004", "connection_id")
    number.connectionId = id
  }
  return ok(numberResource(account, number))
}

/** `/phone_numbers` and one of them. */
export const numbersResource = (account: Account, request: RestRequest, rest: ReadonlyArray<string>): RestReply => {
  const [id, ...more] = rest
  if (more.length > 0) return notFound
  if (id === undefined) return request.method === "GET" ? listNumbers(account, request.query) : methodNotAllowed
  const number = Array.from(account.numbers.values()).find((each) => each.id === id)
  if (number === undefined) return notFound
  if (request.method === "GET") return ok(numberResource(account, number))
  if (request.method !== "PATCH") return methodNotAllowed
  return Result.match(readBody(request), {
    onFailure: (refusal) => refusal,
    onSuccess: (body) => changeNumber(account, number, body)
  })
}

const balance = {
  record_type: "balance",
  balance: "300.00",
  credit_limit: "100.00",
  available_credit: "400.00",
  currency: "USD"
}

/** What can only be read: balance, outbound voice profiles, detail records (of which there never are any). */
export const readOnlyResource = (account: Account, request: RestRequest, name: string): RestReply | undefined => {
  if (!["balance", "outbound_voice_profiles", "detail_records"].includes(name)) return undefined
  if (request.method !== "GET") return methodNotAllowed
  if (name === "balance") return ok(balance)
  if (name === "detail_records") return page(request.query, [])
  const profile = {
    id: account.outboundVoiceProfileId,
    record_type: "outbound_voice_profile",
    name: "Default",
    enabled: true,
    traffic_type: "conversational",
    service_plan: "global",
    whitelisted_destinations: ["US", "GB"]
  }
  return page(request.query, [profile])
}
