import { Effect, Redacted } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import { provider, type TelnyxConfig } from "./config.ts"
import type { TelnyxRest } from "./rest.ts"
import type { Application } from "./resources.ts"

/** The name of the application that a configuration makes for itself: found again by it, so there is only one. */
const ownName = (configurationId: string) => `switchboard-${configurationId}`

const noApplication = new CarrierError({
  provider,
  kind: "rejected",
  message:
    "There is no Voice API application to call through yet. Give a number of this configuration an agent, which makes one, or enter a connection ID."
})

/** How a configuration finds, makes and keeps its Voice API application. */
export interface Applications {
  /** Whether the application was named by a person, who may share it with others. */
  readonly isNamed: boolean
  /** The id to dial through. It is asked for once. */
  readonly connectionId: Effect.Effect<string, CarrierError>
  /** The application as it is; undefined where a configuration has not made its own yet. */
  readonly current: Effect.Effect<Application | undefined, CarrierError>
  readonly create: (webhookUrl: string) => Effect.Effect<Application, CarrierError>
  /** Brings what we need of it about, and gives it as it then is. */
  readonly bring: (application: Application, webhookUrl: string) => Effect.Effect<Application, CarrierError>
}

export const makeApplications = (rest: TelnyxRest, config: TelnyxConfig, configurationId: string): Applications => {
  const named = config.connectionId === undefined ? undefined : Redacted.value(config.connectionId)
  const current = named === undefined ? rest.applicationNamed(ownName(configurationId)) : rest.application(named)
  let known = named

  /** The configured profile, else the application's own, else the only one that there is. */
  const profileFor = Effect.fnUntraced(function* (application: Application | undefined) {
    const own = application?.outbound?.outbound_voice_profile_id ?? ""
    if (config.outboundVoiceProfileId !== undefined) return config.outboundVoiceProfileId
    if (own !== "") return own
    const profiles = yield* rest.outboundVoiceProfiles
    return profiles.length === 1 ? profiles[0]?.id : undefined
  })

  /** Where two make one at the same time, both go on with the one that is found. */
  const create = Effect.fnUntraced(function* (webhookUrl: string) {
    const profile = yield* profileFor(undefined)
    const created = yield* rest.createApplication({
      application_name: ownName(configurationId),
      webhook_event_url: webhookUrl,
      webhook_api_version: "2",
      call_cost_in_webhooks: true,
      ...(profile === undefined ? {} : { outbound: { outbound_voice_profile_id: profile } })
    })
    return (yield* rest.applicationNamed(ownName(configurationId))) ?? created
  })

  /** Name and webhook URL must be in every change, even if they stay; what else is left out is kept. */
  const bring = Effect.fnUntraced(function* (application: Application, webhookUrl: string) {
    const profile = yield* profileFor(application)
    const keepsProfile = (application.outbound?.outbound_voice_profile_id ?? "") === (profile ?? "")
    const isAsWanted =
      keepsProfile &&
      application.webhook_event_url === webhookUrl &&
      application.webhook_api_version === "2" &&
      application.call_cost_in_webhooks === true
    if (isAsWanted) return application
    return yield* rest.updateApplication(application.id, {
      application_name: application.application_name,
      webhook_event_url: webhookUrl,
      webhook_api_version: "2",
      call_cost_in_webhooks: true,
      ...(keepsProfile || profile === undefined
        ? {}
        : { outbound: { ...application.outbound, outbound_voice_profile_id: profile } })
    })
  })

  return {
    isNamed: named !== undefined,
    current,
    create,
    bring,
    connectionId: Effect.suspend(() =>
      known === undefined
        ? Effect.flatMap(current, (application) => {
            known = application?.id
            return application === undefined ? Effect.fail(noApplication) : Effect.succeed(application.id)
          })
        : Effect.succeed(known)
    )
  }
}
