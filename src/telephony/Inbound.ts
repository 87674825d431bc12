import { Context, Effect, Layer, Option, Result } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { acknowledged, type CarrierReply } from "../carrier/CarrierReply.ts"
import { CallReports, type ReportsUnavailable } from "../carrier/ProviderRoute.ts"
import type { RawRequest } from "../carrier/RawRequest.ts"
import { canonicalAddress } from "../carrier/addresses.ts"
import { Agents } from "../organizations/Agents.ts"
import type { LoadedConfiguration } from "../organizations/Configurations.ts"
import { PhoneNumbers } from "../organizations/PhoneNumbers.ts"
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
     * Answers a carrier's announcement of a call; `spec` is undefined on the URL that all carriers share, `token` is the
     * configuration's own in the path. A verified call that cannot be taken is refused in the carrier's own language. What
     * announces no call is taken for a status.
     */
    readonly handle: (
      raw: RawRequest,
      spec?: ProviderSpec,
      token?: string
    ) => Effect.Effect<CarrierReply, WebhookRefused | MalformedWebhook | ReportsUnavailable | SqlError>
    /** Takes or refuses a call that came in over a configuration's own connection. */
    readonly arrived: (configuration: LoadedConfiguration, call: InboundCall) => Effect.Effect<void, SqlError>
  }
>()("switchboard/Inbound") {
  static readonly layer = Layer.effect(
    Inbound,
    Effect.gen(function* () {
      const verification = yield* Verification
      const phoneNumbers = yield* PhoneNumbers
      const agents = yield* Agents
      const admission = yield* Admission
      const answering = yield* Answering
      const reports = yield* CallReports
      const scope = yield* Effect.scope

      const refuse = Effect.fnUntraced(function* (to: Configured, refusal: Refusal) {
        yield* Effect.logInfo(`An inbound call was refused: ${refusal}`).pipe(
          Effect.annotateLogs({
            organization: to.configuration.organizationId,
            configuration: to.configuration.id,
            provider_call_id: to.call.providerCallId
          })
        )
        yield* Effect.forkIn(turnAway(to, refusal), scope)
        return to.configuration.provider.reject(refusal)
      })

      const begin = Effect.fnUntraced(function* (to: Configured, called: string, agentId: string) {
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
          to: called,
          providerCallId: call.providerCallId,
          context: call.details,
          ...(call.memory === undefined ? {} : { memory: call.memory })
        })
        return row
      })

      /** The agent of a caller who chose one. */
      const chosenAgent = Effect.fnUntraced(function* ({ call, configuration }: Configured, agentId: string) {
        if (configuration.inactive) return "inactive" satisfies Refusal
        return yield* agents.load(configuration.organizationId, agentId).pipe(
          Effect.map(({ id }) => ({ called: call.to, agentId: id })),
          Effect.catchTag("AgentNotFound", () => Effect.succeed<Refusal>("no-agent"))
        )
      })

      /** Who was called and which agent answers, or why nobody does. */
      const whoAnswers = Effect.fnUntraced(function* (to: Configured) {
        if (to.call.agentId !== undefined) return yield* chosenAgent(to, to.call.agentId)
        const number = Option.getOrUndefined(yield* phoneNumbers.called(to.configuration.id, to.call.to))
        if (number === undefined) return "unknown-number" satisfies Refusal
        if (to.configuration.inactive) return "inactive" satisfies Refusal
        if (number.agentId === undefined) return "no-agent" satisfies Refusal
        return { called: number.address, agentId: number.agentId }
      })

      /** The row of a call that is taken, or what its caller is told instead. */
      const decide = Effect.fnUntraced(function* (to: Configured) {
        const answers = yield* whoAnswers(to)
        if (typeof answers === "string") return answers
        return yield* begin(to, answers.called, answers.agentId).pipe(
          Effect.catchTags({
            LimitReached: ({ limit }) => Effect.succeed<Refusal>(limit === "draining" ? "draining" : "busy"),
            DestinationNotAllowed: () => Effect.succeed<Refusal>("not-allowed"),
            IdempotencyConflict: Effect.die
          })
        )
      })

      const settle = Effect.fnUntraced(function* (to: Configured) {
        const decided = yield* decide(to)
        return typeof decided === "string"
          ? yield* refuse(to, decided)
          : yield* answering.reply(to.configuration.provider, decided)
      })

      /** Of several tenants with the same account, the one that has the number; no number matters where the caller chose the agent. */
      const choose = Effect.fnUntraced(function* (announced: ReadonlyArray<Configured>) {
        for (const each of announced) {
          if (each.call.agentId !== undefined) return each
          const number = yield* phoneNumbers.called(each.configuration.id, each.call.to)
          if (Option.isSome(number)) return each
        }
        return announced[0]
      })

      const announcedBy = Effect.fnUntraced(function* ({ configuration, request }: Proof) {
        const call = yield* configuration.provider.parseInbound(request)
        return call === undefined ? undefined : ({ configuration, call } satisfies Configured)
      })

      /** A status of a call that we may or may not know. */
      const noteStatus = Effect.fnUntraced(function* ({ configuration, request }: Proof) {
        const report = yield* configuration.provider.parseStatus(request)
        yield* reports.status({ configurationId: configuration.id, providerCallId: report.providerCallId }, report)
      })

      const proofsOf = (raw: RawRequest, spec: ProviderSpec | undefined, token: string | undefined) => {
        if (spec === undefined) return verification.ofAnyAccount(raw)
        return token === undefined
          ? verification.ofAccount(spec, raw)
          : Effect.map(verification.ofConfiguration(spec, token, raw), (proof) => [proof])
      }

      const handle = Effect.fn("Inbound.handle")(function* (raw: RawRequest, spec?: ProviderSpec, token?: string) {
        const proofs = yield* proofsOf(raw, spec, token)
        const announced = (yield* Effect.forEach(proofs, announcedBy)).filter((each) => each !== undefined)
        const chosen = yield* choose(announced)
        if (chosen !== undefined) return yield* settle(chosen)
        yield* Effect.forEach(proofs, noteStatus, { discard: true })
        return acknowledged
      })

      const arrived = Effect.fn("Inbound.arrived")(function* (configuration: LoadedConfiguration, call: InboundCall) {
        const to: Configured = { configuration, call }
        const decided = yield* decide(to)
        if (typeof decided !== "string") return yield* answering.pickUp(configuration.provider, decided)
        yield* refuse(to, decided)
      })
      return Inbound.of({ handle, arrived })
    })
  )
}

interface Configured {
  readonly configuration: LoadedConfiguration
  readonly call: InboundCall
}

const turnAway = ({ call, configuration }: Configured, refusal: Refusal) =>
  (configuration.provider.turnAway?.(call, refusal) ?? Effect.void).pipe(
    Effect.catchTag("CarrierError", (error) =>
      Effect.logWarning(`The carrier did not take the refusal of a call: ${error.message}`)
    )
  )
