import { Result } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, asWritten, type OwnedNumber } from "./account.ts"
import { notAllowed, notFound, ok, page, refuse } from "./replies.ts"
import { readParameters } from "./restBody.ts"

const applicationUri = (account: Account, number: OwnedNumber) => {
  if (number.trunkId !== undefined) return `/v1/Account/${account.id}/Zentrunk/Trunk/${number.trunkId}/`
  const { applicationId } = number
  return applicationId === undefined ? null : `/v1/Account/${account.id}/Application/${applicationId}/`
}

/** A number as the REST API shows it (Plivo: Number). */
const numberResource = (account: Account, number: OwnedNumber) => ({
  added_on: "2024-01-02",
  alias: number.alias ?? null,
  application: applicationUri(account, number),
  carrier: "Plivo",
  city: "",
  compliance_status: null,
  country: "United States",
  monthly_rental_rate: "0.50000",
  number: number.digits,
  number_type: "local",
  region: "California",
  resource_uri: `/v1/Account/${account.id}/Number/${number.digits}/`,
  sms_enabled: true,
  sub_account: number.subAccount ?? null,
  voice_enabled: number.voice,
  voice_rate: "0.00550"
})

export const listNumbers = (account: Account, request: RestRequest): RestReply => {
  if (request.method !== "GET") return notAllowed()
  const { query } = request
  const services = (query.get("services") ?? "").split(",")
  const shown = Array.from(account.numbers.values())
    .filter(({ digits }) => digits.startsWith(query.get("number_startswith") ?? ""))
    .filter(({ alias }) => !query.has("alias") || alias === query.get("alias"))
    .filter(({ voice }) => !services.includes("voice") || voice)
  return page(
    request,
    shown.map((number) => numberResource(account, number))
  )
}

/**
 * Reads one number, or links it to an application. An empty `app_id` unlinks it; that Plivo does it so is not confirmed.
 */
export const oneNumber = (account: Account, request: RestRequest, written: string): RestReply => {
  const number = account.numbers.get(asWritten(written))
  if (number === undefined) return notFound()
  if (request.method === "GET") return ok(numberResource(account, number))
  if (request.method !== "POST") return notAllowed()
  const read = readParameters(request)
  if (Result.isFailure(read)) return read.failure
  const appId = read.success.get("app_id")
  if (appId !== undefined && appId !== "" && !account.applications.has(appId)) {
    return refuse(400, `app_id ${appId} is no application of this account`)
  }
  if (appId !== undefined) {
    number.applicationId = appId || undefined
    number.trunkId = undefined
  }
  const alias = read.success.get("alias")
  if (alias !== undefined) number.alias = alias
  return ok({ message: "changed" }, 202)
}
