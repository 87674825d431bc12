import { Context, Effect, Layer, Option, Result } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { CarrierReply } from "../carrier/CarrierReply.ts"
import type { RawRequest } from "../carrier/RawRequest.ts"
import { canonicalAddress } from "../carrier/addresses.ts"
import type { LoadedConfiguration } from "../organizations/Configurations.ts"
import { type AttachedNumber, PhoneNumbers } from "../organizations/PhoneNumbers.ts"
import type { ProviderSpec } from "../ProviderSpec.ts"
import type { InboundCall, MalformedWebhook, Refusal } from "../carrier/TelephonyProvider.ts"
import { Admission } from "./Admission.ts"
import { Answering } from "./Answering.ts"
import { type Proof, Verification, type WebhookRefused } from "./Verification.ts"

/** Calls that come in. */
export class Inbound extends Context.Service<
  Inbound,
  {
    /**
     * Answers a carrier's announcement of a call; `spec` is undefined on the URL that all carriers share. A verified call
     * that cannot be taken is refused in the carrier's own language.
     */
    readonly handle: (
      raw: RawRequest,
      spec?: ProviderSpec
    ) => Effect.Effect<CarrierReply, WebhookRefused | MalformedWebhook | SqlError>
  }
>()("switchboard/Inbound") {
  static readonly layer = Layer.effect(
    Inbound,
    Effect.gen(function* () {
      const verification = yield* Verification
      const phoneNumbers = yield* PhoneNumbers
      const admission = yield* Admission
      const answering = yield* Answering

      const refuse = Effect.fnUntraced(function* (to: Configured, refusal: Refusal) {
        yield* Effect.logInfo(`An inbound call was refused: ${refusal}`).pipe(
          Effect.annotateLogs({
            organization: to.configuration.organizationId,
            configuration: to.configuration.id,
            provider_call_id: to.call.providerCallId
          })
        )
        return to.configuration.provider.reject(refusal)
      })

      /** Of several tenants with the same account, the one that has the number. */
      const choose = Effect.fnUntraced(function* (proofs: ReadonlyArray<Proof>) {
        const configured = yield* Effect.forEach(proofs, ({ configuration, request }) =>
          Effect.map(configuration.provider.parseInbound(request), (call): Configured => ({ configuration, call }))
        )
        for (const each of configured) {
          const number = yield* phoneNumbers.called(each.configuration.id, each.call.to)
          if (Option.isSome(number)) return { ...each, number: number.value }
        }
        return configured[0]
      })

      const begin = Effect.fnUntraced(function* (to: Configured, number: AttachedNumber, agentId: string) {
        const { configuration, call } = to
        const { call: row } = yield* admission.admit({
          organizationId: configuration.organizationId,
          telephonyConfigurationId: configuration.id,
          agentId,
          mode: configuration.spec.name,
          direction: "inbound",
          from: Result.match(canonicalAddress(call.from), {
            onFailure: () => call.from,
            onSuccess: ({ address }) => address
          }),
          to: number.address,
          providerCallId: call.providerCallId,
          context: call.details
        })
        return yield* answering.reply(configuration.provider, row)
      })

      const handle = Effect.fn("Inbound.handle")(function* (raw: RawRequest, spec?: ProviderSpec) {
        const chosen = yield* Effect.flatMap(
          spec === undefined ? verification.ofAnyAccount(raw) : verification.ofAccount(spec, raw),
          choose
        )
        if (chosen === undefined) return yield* Effect.die(new Error("A verification without a proof"))
        if (chosen.number === undefined) return yield* refuse(chosen, "unknown-number")
        if (chosen.configuration.inactive) return yield* refuse(chosen, "inactive")
        if (chosen.number.agentId === undefined) return yield* refuse(chosen, "no-agent")
        return yield* begin(chosen, chosen.number, chosen.number.agentId).pipe(
          Effect.catchTags({
            LimitReached: ({ limit }) => refuse(chosen, limit === "draining" ? "draining" : "busy"),
            DestinationNotAllowed: () => refuse(chosen, "not-allowed"),
            IdempotencyConflict: Effect.die
          })
        )
      })
      return Inbound.of({ handle })
    })
  )
}

interface Configured {
  readonly configuration: LoadedConfiguration
  readonly call: InboundCall
  readonly number?: AttachedNumber
}
