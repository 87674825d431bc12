import { Schema } from "effect"
import { liesUnder, originOf } from "../../carrier/publicUrl.ts"
import type { ConfigureInbound } from "../../carrier/TelephonyProvider.ts"
import type { Application } from "./rest.ts"

type JsonObject = { readonly [field: string]: Schema.Json }

const isObject = Schema.is(Schema.Record(Schema.String, Schema.Json))

const objectAt = (parent: JsonObject | undefined, name: string): JsonObject | undefined => {
  const value = parent?.[name]
  return isObject(value) ? value : undefined
}

/** The Voice capability of an application (Vonage: Application API, version 2); undefined when it has none. */
export const voiceOf = (application: Application): JsonObject | undefined =>
  objectAt(objectAt(application, "capabilities"), "voice")

const webhooksOf = (application: Application) => objectAt(voiceOf(application), "webhooks")

/** The address of one of the application's voice webhooks; `""` when none is set. */
export const webhookAddress = (application: Application, name: "answer_url" | "event_url"): string => {
  const address = objectAt(webhooksOf(application), name)?.["address"]
  return typeof address === "string" ? address : ""
}

/** Whether webhooks are signed. An application that does not say so has them signed: that is what Vonage begins with. */
export const signsWebhooks = (application: Application): boolean => voiceOf(application)?.["signed_callbacks"] !== false

/** The public key that Vonage checks our requests with, where it shows it. */
export const publicKeyOf = (application: Application): string | undefined => {
  const key = objectAt(application, "keys")?.["public_key"]
  return typeof key === "string" ? key : undefined
}

/** Who has one of the application's webhooks, if it is not ours: scheme and host. */
export const foreignOwner = (
  application: Application,
  name: "answer_url" | "event_url",
  ownUrlPrefix: string
): string | undefined => {
  const address = webhookAddress(application, name)
  return address === "" || liesUnder(address, ownUrlPrefix)
    ? undefined
    : originOf(address) || "an address of another form"
}

/** Whether the application's webhooks are as wanted. */
export const isConfigured = (application: Application, answerUrl: string, eventUrl: string | undefined): boolean => {
  const method = (name: "answer_url" | "event_url") => objectAt(webhooksOf(application), name)?.["http_method"]
  return (
    webhookAddress(application, "answer_url") === answerUrl &&
    method("answer_url") === "POST" &&
    (eventUrl === undefined ||
      (webhookAddress(application, "event_url") === eventUrl && method("event_url") === "POST")) &&
    voiceOf(application)?.["signed_callbacks"] === true
  )
}

/**
 * The application as it is to be written, with our webhooks in it; an `eventUrl` of undefined leaves the event webhook alone. An
 * update replaces everything, so all else is sent back as it was, but for the keys: sending one would make the private key useless.
 */
export const withWebhooks = (
  application: Application,
  answerUrl: NonNullable<ConfigureInbound["webhookUrl"]>,
  eventUrl: string | undefined
): Schema.Json => {
  const webhooks = webhooksOf(application) ?? {}
  const webhook = (name: "answer_url" | "event_url", address: string) => ({
    [name]: { ...objectAt(webhooks, name), address, http_method: "POST" }
  })
  return {
    name: application["name"] ?? "Switchboard",
    capabilities: {
      ...objectAt(application, "capabilities"),
      voice: {
        ...voiceOf(application),
        webhooks: {
          ...webhooks,
          ...webhook("answer_url", answerUrl),
          ...(eventUrl === undefined ? {} : webhook("event_url", eventUrl))
        },
        signed_callbacks: true
      }
    },
    ...(application["privacy"] === undefined ? {} : { privacy: application["privacy"] })
  }
}
