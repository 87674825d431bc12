import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, bare } from "./account.ts"
import { ApplicationUpdate } from "./application.ts"
import { badRequest, methodNotAllowed, notFound, ok, unsupportedType } from "./replies.ts"
import { refused } from "./restCalls.ts"

const decodeUpdate = Schema.decodeUnknownResult(ApplicationUpdate, { errors: "all" })

/** Reads or replaces the application (Vonage: Applications API v2). What an update does not say is gone. */
export const oneApplication = ({ application }: Account, request: RestRequest, id: string): RestReply => {
  if (id.toLowerCase() !== application.id) return notFound(`Application ${id} doesn't exist.`)
  if (request.method === "GET") return ok(application.resource())
  if (request.method !== "PUT") return methodNotAllowed
  if (!/^application\/json\b/i.test(request.contentType)) return unsupportedType
  const update = decodeUpdate(request.body)
  if (Result.isFailure(update)) return refused(update.failure)
  application.update(update.success)
  return ok(application.resource())
}

const whole = (value: string | null, fallback: number, maximum: number) => {
  const read = Number(value ?? fallback)
  return Number.isInteger(read) && read >= 1 && read <= maximum ? read : undefined
}

/** The account's numbers (Vonage: Numbers API). `search_pattern`: 0 starts with, 1 contains, 2 ends with. No match: `{}`. */
export const listNumbers = (account: Account, { query }: RestRequest): RestReply => {
  const size = whole(query.get("size"), 10, 100)
  const index = whole(query.get("index"), 1, Number.MAX_SAFE_INTEGER)
  const search = query.get("search_pattern") ?? "0"
  if (size === undefined || index === undefined || !/^[012]$/.test(search))
    return badRequest("Invalid paging or search.")
  const pattern = query.get("pattern") ?? ""
  const matches = (msisdn: string) =>
    search === "0" ? msisdn.startsWith(pattern) : search === "1" ? msisdn.includes(pattern) : msisdn.endsWith(pattern)
  const linked = query.get("has_application")
  const found = Array.from(account.numbers.values()).filter(
    ({ appId, country, msisdn }) =>
      matches(msisdn) &&
      (!query.has("country") || query.get("country") === country) &&
      (!query.has("application_id") || query.get("application_id") === appId) &&
      (linked === null || (linked === "true") === (appId !== undefined))
  )
  const shown = found.slice((index - 1) * size, index * size).map(({ appId, country, features, msisdn }) => ({
    country,
    msisdn,
    type: "mobile-lvn",
    features,
    ...(appId === undefined ? {} : { app_id: appId, voiceCallbackType: "app", voiceCallbackValue: appId })
  }))
  return shown.length === 0 ? ok({}) : ok({ count: found.length, numbers: shown })
}

const numberReply = (status: number, label: string): RestReply => ({
  status,
  body: JSON.stringify({ "error-code": String(status), "error-code-label": label })
})

/** Links a number to an application, or, without `app_id`, to none. The country must be the number's own. */
export const updateNumber = (account: Account, request: RestRequest): RestReply => {
  if (request.method !== "POST") return methodNotAllowed
  if (!request.contentType.startsWith("application/x-www-form-urlencoded")) return unsupportedType
  const fields = new Map(request.fields)
  const number = account.numbers.get(bare(fields.get("msisdn") ?? ""))
  if (number?.msisdn !== fields.get("msisdn") || number?.country !== fields.get("country")) {
    return numberReply(
      420,
      "Numbers from this country can be requested from the Dashboard only, or the number is wrong"
    )
  }
  if (number !== undefined) number.appId = fields.get("app_id") || undefined
  return numberReply(200, "success")
}

/** In EUR. */
export const balance: RestReply = ok({ value: 10.17, autoReload: false })
