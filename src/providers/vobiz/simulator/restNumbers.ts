import { Result } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, applicationOf, type OwnedNumber } from "./account.ts"
import { countryOf } from "./numbering.ts"
import { done, notFound, ok, readJson, refuse } from "./replies.ts"
import { applicationResource } from "./restApplications.ts"
import type { Settings } from "./settings.ts"

/** A number as the inventory shows it (Vobiz: list account phone numbers). */
const numberResource = (account: Account, number: OwnedNumber) => ({
  id: number.id,
  account_id: account.authId,
  e164: number.e164,
  country: countryOf(number.e164),
  capabilities: { voice: number.voice },
  status: "active",
  application_id: number.applicationId ?? null,
  voice_enabled: number.voice,
  is_blocked: false,
  is_trial_number: false,
  currency: "INR",
  monthly_fee: "500.00"
})

/** `search` is fuzzy: it also finds numbers that differ in their last two digits, and any that have it somewhere inside. */
const isFound = (e164: string, search: string) =>
  e164.includes(search) || (search.length > 4 && e164.startsWith(search.slice(0, -2)) && e164.length === search.length)

const within = (value: string | null, otherwise: number, least: number, most: number) => {
  const number = Number(value ?? otherwise)
  return Number.isInteger(number) && number >= least && number <= most ? number : undefined
}

export const listNumbers = (account: Account, request: RestRequest): RestReply => {
  const { query } = request
  const page = within(query.get("page"), 1, 1, Number.MAX_SAFE_INTEGER)
  const perPage = within(query.get("per_page"), 25, 25, 100)
  if (page === undefined || perPage === undefined) {
    return refuse(422, "VALIDATION_ERROR", "page is 1 or more, per_page 25 to 100")
  }
  const found = Array.from(account.numbers.values()).filter(({ e164 }) => isFound(e164, query.get("search") ?? ""))
  const items = found.slice((page - 1) * perPage, page * perPage).map((number) => numberResource(account, number))
  return ok({ items, page, per_page: perPage, total: found.length })
}

/** Attaches a number to an application, or detaches it (Vobiz: attach number, detach number). */
export const attachment = (
  account: Account,
  attaching: Settings["attaching"],
  request: RestRequest,
  written: string
): RestReply => {
  const number = written.startsWith("%2B") ? account.numbers.get(`+${written.slice(3)}`) : undefined
  if (number === undefined) return notFound
  if (request.method === "DELETE") {
    if (number.applicationId === undefined) return notFound
    number.applicationId = undefined
    return done
  }
  return Result.match(readJson(request), {
    onFailure: (reply) => reply,
    onSuccess: (body) => attach(account, attaching, number, body.text("application_id"))
  })
}

const attach = (
  account: Account,
  attaching: Settings["attaching"],
  number: OwnedNumber,
  applicationId: string | undefined
): RestReply => {
  if (applicationId === undefined) return refuse(422, "VALIDATION_ERROR", "application_id must be a string")
  const application = account.applications.get(applicationId)
  if (application === undefined) return notFound
  if (attaching === "cool-off") return refuse(409, "did_cool_off_in_effect", "The number was re-assigned lately")
  const before = applicationOf(account, number.e164)
  if (attaching === "conflict" && before !== undefined && before.id !== applicationId) {
    return refuse(409, "CONFLICT", "The number is already attached to another application")
  }
  number.applicationId = applicationId
  return ok({
    message: "Number attached to application",
    number: number.e164,
    application: applicationResource(application)
  })
}
