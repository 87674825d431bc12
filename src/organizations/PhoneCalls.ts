import { Context, Effect, Layer, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { type AgentNotFound, Agents } from "./Agents.ts"
import { ConfigurationNotFound, Configurations } from "./Configurations.ts"
import { UrlTokens } from "./UrlTokens.ts"

/** A configuration cannot be called from a page, or not now; the message says what to do. */
export class PhoneRefused extends Schema.TaggedError<PhoneRefused>()("PhoneRefused", {
  reason: Schema.Literals(["no-phone", "inactive"]),
  message: Schema.String
}) {}

/** What a page needs to begin a call: where to post, and what. */
export interface PhoneCall {
  readonly inboundUrl: string
  readonly body: string
}

/** Calls that begin on a page of ours. */
export class PhoneCalls extends Context.Service<
  PhoneCalls,
  {
    /** Makes the pass for a call to an agent, over a configuration whose provider has a phone. Nothing is admitted yet. */
    readonly begin: (
      organizationId: string,
      configurationId: string,
      agentId: string
    ) => Effect.Effect<PhoneCall, AgentNotFound | ConfigurationNotFound | PhoneRefused | SqlError>
  }
>()("switchboard/PhoneCalls") {
  static readonly layer = Layer.effect(
    PhoneCalls,
    Effect.gen(function* () {
      const configurations = yield* Configurations
      const agents = yield* Agents
      const tokens = yield* UrlTokens

      const begin = Effect.fn("PhoneCalls.begin")(function* (
        organizationId: string,
        configurationId: string,
        agentId: string
      ) {
        const { id, inactive, name, provider, spec } = yield* configurations
          .load(configurationId, { organizationId })
          .pipe(
            Effect.catchTags({
              WrongProvider: Effect.die,
              UnknownProvider: () => hasNone(configurationId),
              InvalidCredentials: () => hasNone(configurationId)
            })
          )
        if (provider.webPhone === undefined) return yield* hasNone(name)
        if (inactive) {
          const message = `The configuration "${name}" is inactive, so that it takes no calls. Reactivate it.`
          return yield* new PhoneRefused({ reason: "inactive", message })
        }
        const agent = yield* agents.load(organizationId, agentId)
        const invitation = { agentId: agent.id, agentName: agent.name }
        const body = yield* provider.webPhone
          .invite(invitation)
          .pipe(Effect.catchTag("CarrierError", ({ message }) => new PhoneRefused({ reason: "no-phone", message })))
        return { inboundUrl: tokens.inbound(spec.name, id), body }
      })
      return PhoneCalls.of({ begin })
    })
  )
}

const hasNone = (configuration: string) =>
  new PhoneRefused({
    reason: "no-phone",
    message: `The configuration "${configuration}" cannot be called from a page. Use one whose provider has a phone.`
  })
