import { Option, Schema } from "effect"
import type { UrlRules } from "./address.ts"
import { type Body, oneOf, type Rule, text } from "./body.ts"
import type { EventTarget } from "./leg.ts"

const Addresses = Schema.Record(Schema.String, Schema.NonEmptyArray(Schema.String))
const Policies = Schema.Record(
  Schema.String,
  Schema.Struct({ retries_ms: Schema.Array(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))) })
)
const decodeAddresses = Schema.decodeUnknownOption(Addresses)
const decodePolicies = Schema.decodeUnknownOption(Policies)

/** At most five retries in at most a minute (Telnyx: dial, `webhook_retries_policies`). */
const isBearable = ({ retries_ms }: { readonly retries_ms: ReadonlyArray<number> }) =>
  retries_ms.length <= 5 && retries_ms.reduce((sum, each) => sum + each, 0) <= 60_000

/** The rules of the parameters that say where a call's events go. */
export const targetRules = (urls: UrlRules): Readonly<Record<string, Rule>> => ({
  webhook_url: urls.webhook,
  webhook_url_method: oneOf("POST", "GET"),
  webhook_urls: {
    holds: (value) =>
      Option.exists(decodeAddresses(value), (found) => Object.values(found).flat().every(urls.webhook.holds)),
    code: "10003"
  },
  webhook_retries_policies: {
    holds: (value) => Option.exists(decodePolicies(value), (found) => Object.values(found).every(isBearable)),
    code: "10033"
  }
})

/**
 * Where a call's events go after a command. An address of its own replaces the application's, whose failover address then no
 * longer fits (Telnyx does not say).
 */
export const withTarget = (before: EventTarget, body: Body): EventTarget => {
  const url = text(body, "webhook_url")
  const urls = Option.getOrUndefined(decodeAddresses(body["webhook_urls"]))
  const policies = Option.getOrUndefined(decodePolicies(body["webhook_retries_policies"]))
  return {
    url: url ?? before.url,
    failoverUrl: url === undefined ? before.failoverUrl : "",
    byEvent:
      urls === undefined ? before.byEvent : new Map(Object.entries(urls).map(([event, [first]]) => [event, first])),
    retriesByEvent:
      policies === undefined
        ? before.retriesByEvent
        : new Map(Object.entries(policies).map(([event, { retries_ms }]) => [event, retries_ms]))
  }
}
