import { Effect } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import { liesUnder, originOf } from "../../carrier/publicUrl.ts"
import { provider } from "./config.ts"
import type { Application } from "./resources.ts"
import type { PlivoRest } from "./rest.ts"

/** Whose application is meant: the one that was saved, else the one that bears the configuration's name. */
export interface Owner {
  readonly configurationId: string
  readonly applicationId: string | undefined
}

/** The URLs that an application should have, and the prefix by which a URL is recognised as ours. */
export interface WantedUrls {
  readonly webhookUrl: string
  readonly statusUrl: string
  readonly ownUrlPrefix: string
}

/** An application that takes our calls, with a remark for people; or why there is none. */
export type Ensured =
  | { readonly ok: true; readonly id: string; readonly remark: string | undefined }
  | { readonly ok: false; readonly message: string }

const failed = (message: string): Ensured => ({ ok: false, message })

/** Plivo takes letters, digits, `-` and `_`, and every name once per account. */
export const applicationName = (configurationId: string) => `switchboard-${configurationId.replace(/[^\w-]/g, "-")}`

/** The configuration whose token stands at the end of an inbound URL of this provider: its id is the token's first part. */
const namedConfiguration = (url: string): string | undefined => {
  const [tail = "", after] = url.split(`/inbound/${provider}/`).toReversed()
  return after === undefined ? undefined : tail.split(".")[0]
}

/** Whether a URL is one that this configuration was given, perhaps at an earlier public address, or none at all. */
export const isOurs = (url: string | null | undefined, ownUrlPrefix: string, configurationId: string): boolean => {
  const address = url ?? ""
  if (address === "") return true
  const named = namedConfiguration(address)
  return named === undefined ? liesUnder(address, ownUrlPrefix) : named === configurationId
}

/** The application of this configuration at Plivo, if it is there. */
export const findApplication = (
  rest: PlivoRest,
  { applicationId, configurationId }: Owner
): Effect.Effect<Application | undefined, CarrierError> =>
  applicationId === undefined ? rest.findApplication(applicationName(configurationId)) : rest.application(applicationId)

/**
 * Sees to it that the application is there and has our URLs. Safe to repeat. An application whose answer URL is somebody else's
 * is never changed.
 */
export const ensureApplication = Effect.fnUntraced(function* (rest: PlivoRest, owner: Owner, wanted: WantedUrls) {
  const found = yield* findApplication(rest, owner)
  if (found !== undefined) return yield* keepInStep(rest, owner, wanted, found)
  if (owner.applicationId !== undefined) {
    return failed(
      "The application that is saved in this configuration does not exist at Plivo. Correct its id, or clear the field to have one made."
    )
  }
  return yield* create(rest, owner, wanted)
})

const urlsOf = ({ statusUrl, webhookUrl }: WantedUrls) => ({
  answer_url: webhookUrl,
  answer_method: "POST",
  hangup_url: statusUrl,
  hangup_method: "POST"
})

/** Makes the application. When that fails, it may have been made all the same, or by somebody else meanwhile: the name tells. */
const create = Effect.fnUntraced(function* (rest: PlivoRest, owner: Owner, wanted: WantedUrls) {
  const name = applicationName(owner.configurationId)
  return yield* rest.createApplication({ app_name: name, ...urlsOf(wanted) }).pipe(
    Effect.map(({ app_id }): Ensured => ({ ok: true, id: app_id, remark: undefined })),
    Effect.catchTag("CarrierError", (error) =>
      Effect.flatMap(rest.findApplication(name), (found) =>
        found === undefined ? Effect.fail(error) : keepInStep(rest, owner, wanted, found)
      )
    )
  )
})

const keepInStep = Effect.fnUntraced(function* (
  rest: PlivoRest,
  { configurationId }: Owner,
  wanted: WantedUrls,
  found: Application
) {
  const { app_id: id, answer_url, hangup_url } = found
  if (!isOurs(answer_url, wanted.ownUrlPrefix, configurationId)) return failed(taken(answer_url ?? "", wanted))
  // Plivo fills in the answer URL where no hangup URL was given.
  const othersHangup = hangup_url !== answer_url && !isStatusUrl(hangup_url, wanted)
  const { answer_method, answer_url: answer, hangup_method, hangup_url: hangup } = urlsOf(wanted)
  const changes = {
    ...(answer_url === answer && found.answer_method === answer_method ? {} : { answer_url: answer, answer_method }),
    ...(othersHangup || (hangup_url === hangup && found.hangup_method === hangup_method)
      ? {}
      : { hangup_url: hangup, hangup_method })
  }
  if (Object.keys(changes).length > 0) yield* rest.updateApplication(id, changes)
  const remark = othersHangup
    ? `Its application's hangup URL belongs to ${originOf(hangup_url ?? "")} and was left as it is, so the end of calls is not reported here.`
    : undefined
  const ensured: Ensured = { ok: true, id, remark }
  return ensured
})

/** Whether a hangup URL is free or ours, perhaps at an earlier public address: the path is the same then. */
const isStatusUrl = (url: string | null | undefined, { ownUrlPrefix, statusUrl }: WantedUrls) => {
  const address = url ?? ""
  return address === "" || liesUnder(address, ownUrlPrefix) || pathOf(address) === pathOf(statusUrl)
}

const pathOf = (url: string) => url.slice(originOf(url).length)

const taken = (answerUrl: string, { ownUrlPrefix }: WantedUrls) =>
  liesUnder(answerUrl, ownUrlPrefix)
    ? "The Plivo application serves another configuration of this Switchboard, and was left as it is. Save another application's id, or clear the field to have one made."
    : `The Plivo application sends its calls to ${originOf(answerUrl)}, and was left as it is. Save another application's id, clear the field to have one made, or empty its answer URL at Plivo.`
