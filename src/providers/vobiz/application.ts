import { createHash } from "node:crypto"
import { Effect } from "effect"
import { liesUnder } from "../../carrier/publicUrl.ts"
import type { ConfigureInbound } from "../../carrier/TelephonyProvider.ts"
import type { VobizConfig } from "./config.ts"
import type { Application } from "./resources.ts"
import type { VobizRest } from "./rest.ts"

/** The name of the application that we make for a configuration: letters, digits and dashes, the same every time. */
export const applicationName = (configurationId: string) =>
  `switchboard-${createHash("sha256").update(configurationId).digest("hex").slice(0, 12)}`

const urls = (webhookUrl: string, statusUrl: string) => ({
  answer_url: webhookUrl,
  answer_method: "POST",
  hangup_url: statusUrl,
  hangup_method: "POST"
})

/** The configuration's application: the one that was entered, else the one of its name, made where it is not there yet. */
export const ensureApplication = Effect.fnUntraced(function* (
  rest: VobizRest,
  config: VobizConfig,
  configurationId: string,
  webhookUrl: string,
  statusUrl: string
) {
  if (config.applicationId !== undefined) return config.applicationId
  const name = applicationName(configurationId)
  const found = yield* rest.applicationNamed(name)
  return found === undefined
    ? (yield* rest.createApplication({ app_name: name, ...urls(webhookUrl, statusUrl) })).app_id
    : found.app_id
})

/** Whether an application announces its calls here. */
export const isOurs = (application: Application, ownUrlPrefix: string) =>
  liesUnder(application.answer_url ?? "", ownUrlPrefix)

/**
 * Points an application to us, where it does not yet. Its hangup URL is left alone where it belongs to another service; where it
 * is the old answer URL it was set by nobody.
 */
export const pointApplication = Effect.fnUntraced(function* (
  rest: VobizRest,
  application: Application,
  { ownUrlPrefix, statusUrl }: ConfigureInbound,
  webhookUrl: string
) {
  const answerUrl = application.answer_url ?? ""
  const hangupUrl = application.hangup_url ?? ""
  const othersHangup = hangupUrl !== "" && hangupUrl !== answerUrl && !liesUnder(hangupUrl, ownUrlPrefix)
  const { hangup_method, hangup_url, ...answering } = urls(webhookUrl, statusUrl)
  if (answerUrl !== webhookUrl || (!othersHangup && hangupUrl !== statusUrl))
    yield* rest.updateApplication(application.app_id, {
      ...answering,
      ...(othersHangup ? {} : { hangup_url, hangup_method })
    })
  return { othersHangup }
})
