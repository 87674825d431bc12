import { Context, Effect, Layer, Option, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { RawRequest } from "../carrier/RawRequest.ts"
import type { SignatureRejected, VerifiedRequest } from "../carrier/VerifiedRequest.ts"
import { Configurations, type LoadedConfiguration } from "../organizations/Configurations.ts"
import type { ProviderSpec } from "../ProviderSpec.ts"
import { Registry } from "../Registry.ts"
import type { Call } from "./Call.ts"
import { Calls } from "./Calls.ts"
import { UrlTokens } from "../organizations/UrlTokens.ts"
import { signatureFailed } from "./metrics.ts"
import { type RefusalReason, refusals } from "./signatures/refusals.ts"
import { SignatureFailures } from "./signatures/SignatureFailures.ts"
import type { Transfer } from "./Transfer.ts"
import { TransferStore } from "./TransferStore.ts"

/**
 * The sender of a webhook could not be proved. One refusal for everything: an unknown account, no signature, a wrong one,
 * a call that does not exist. The sender learns nothing but that.
 */
export class WebhookRefused extends Schema.TaggedError<WebhookRefused>()("WebhookRefused", {}) {}

/** A webhook of an account, proved with the account's own secret. */
export interface Proof {
  readonly configuration: LoadedConfiguration
  readonly request: VerifiedRequest
}

/** Finds whose webhook a request is, and proves it. Nothing that a request says is believed before. */
export class Verification extends Context.Service<
  Verification,
  {
    /** Every configuration whose secret the request was signed with, at least one: two tenants may share an account. */
    readonly ofAccount: (
      spec: ProviderSpec,
      raw: RawRequest
    ) => Effect.Effect<ReadonlyArray<Proof>, WebhookRefused | SqlError>
    /** The configuration that a URL token names, and the proof that its own carrier sent the request. */
    readonly ofConfiguration: (
      spec: ProviderSpec,
      token: string,
      raw: RawRequest
    ) => Effect.Effect<Proof, WebhookRefused | SqlError>
    /** The same, where the URL does not say which carrier it is. */
    readonly ofAnyAccount: (raw: RawRequest) => Effect.Effect<ReadonlyArray<Proof>, WebhookRefused | SqlError>
    /** The call that a URL token names, and the proof that its own configuration's carrier sent the request. */
    readonly ofCall: (
      token: string,
      raw: RawRequest,
      provider?: string
    ) => Effect.Effect<Proof & { readonly call: Call }, WebhookRefused | SqlError>
    /** The transfer that a URL token names, its call, and the proof that the call's carrier sent the request. */
    readonly ofTransfer: (
      token: string,
      raw: RawRequest,
      provider: string
    ) => Effect.Effect<Proof & { readonly call: Call; readonly transfer: Transfer }, WebhookRefused | SqlError>
  }
>()("switchboard/Verification") {
  static readonly layer = Layer.effect(
    Verification,
    Effect.gen(function* () {
      const registry = yield* Registry
      const configurations = yield* Configurations
      const calls = yield* Calls
      const tokens = yield* UrlTokens
      const transfers = yield* TransferStore
      const failures = yield* SignatureFailures

      /** Refuses, and takes note for the doctor, which happens apart: the answer neither waits for it nor depends on it. */
      const refuse = Effect.fnUntraced(function* (
        provider: string,
        raw: RawRequest,
        { nextStep, reason }: RefusalReason,
        candidates: ReadonlyArray<LoadedConfiguration> = []
      ) {
        yield* signatureFailed(provider)
        yield* Effect.logWarning("A webhook was refused").pipe(Effect.annotateLogs({ provider, reason }))
        const suspects = candidates.map(({ id, provider, spec }) => ({
          configurationId: id,
          spec,
          verify: provider.verify
        }))
        yield* failures.record({ kind: "webhook", provider, reason, raw, suspects, nextStep })
        return yield* new WebhookRefused()
      })

      const prove = Effect.fnUntraced(function* (configuration: LoadedConfiguration, raw: RawRequest) {
        const request = yield* configuration.provider.verify(raw)
        return { configuration, request }
      })

      const ofAccount = Effect.fn("Verification.ofAccount")(function* (spec: ProviderSpec, raw: RawRequest) {
        const isAnyones = spec.accountIdCredentialField === "" && spec.listens !== true
        const claimed = isAnyones ? "" : spec.claimedAccountId(raw)
        const candidates = claimed === undefined ? [] : yield* configurations.candidates(spec.name, claimed)
        const [proofs, rejected] = yield* Effect.partition(candidates, (candidate) => prove(candidate, raw))
        if (proofs.length > 0) return proofs
        return yield* refuse(spec.name, raw, reasonOf(rejected), candidates)
      })

      const loaded = Effect.fnUntraced(function* (
        raw: RawRequest,
        id: string,
        provider: string,
        organizationId?: string
      ) {
        const expected = organizationId === undefined ? { provider } : { organizationId, provider }
        return yield* configurations.load(id, expected).pipe(
          Effect.catchIf(
            (error) => error._tag !== "SqlError",
            (error) => refuse(provider, raw, refusals.notLoaded(error._tag))
          )
        )
      })

      const proved = (configuration: LoadedConfiguration, raw: RawRequest) =>
        prove(configuration, raw).pipe(
          Effect.catchTag("SignatureRejected", (error) =>
            refuse(configuration.spec.name, raw, reasonOf([error]), [configuration])
          )
        )

      const ofConfiguration = Effect.fn("Verification.ofConfiguration")(function* (
        spec: ProviderSpec,
        token: string,
        raw: RawRequest
      ) {
        const id = tokens.read("configuration", token)
        if (Option.isNone(id)) return yield* refuse(spec.name, raw, refusals.configurationToken)
        const configuration = yield* loaded(raw, id.value, spec.name)
        return yield* proved(configuration, { ...raw, urlToken: "configuration" })
      })

      const ofAnyAccount = Effect.fn("Verification.ofAnyAccount")(function* (raw: RawRequest) {
        const specs = (yield* registry.all).filter((spec) => spec.recognize(raw))
        for (const spec of specs) {
          const proofs = yield* Effect.catchTag(ofAccount(spec, raw), "WebhookRefused", () => Effect.succeed([]))
          if (proofs.length > 0) return proofs
        }
        return yield* specs.length > 0 ? new WebhookRefused() : refuse("unknown", raw, refusals.nobody)
      })

      const ofCall = Effect.fn("Verification.ofCall")(function* (token: string, raw: RawRequest, provider?: string) {
        const named = provider ?? "unknown"
        const callId = tokens.read("call", token)
        if (Option.isNone(callId)) return yield* refuse(named, raw, refusals.callToken)
        const found = yield* calls.find(callId.value)
        if (Option.isNone(found)) return yield* refuse(named, raw, refusals.callGone)
        const call = found.value
        if (provider !== undefined && call.mode !== provider) return yield* refuse(named, raw, refusals.otherCall)
        const configuration = yield* loaded(raw, call.telephonyConfigurationId, call.mode, call.organizationId)
        const proof = yield* proved(configuration, { ...raw, urlToken: "call" })
        return { ...proof, call }
      })
      const ofTransfer = Effect.fn("Verification.ofTransfer")(function* (
        token: string,
        raw: RawRequest,
        provider: string
      ) {
        const id = tokens.read("transfer", token)
        if (Option.isNone(id)) return yield* refuse(provider, raw, refusals.transferToken)
        const transfer = yield* transfers.find(id.value)
        const found = Option.isSome(transfer) ? yield* calls.find(transfer.value.callId) : Option.none<Call>()
        if (Option.isNone(transfer) || Option.isNone(found)) return yield* refuse(provider, raw, refusals.transferGone)
        const call = found.value
        if (call.mode !== provider) return yield* refuse(provider, raw, refusals.otherTransfer)
        const configuration = yield* loaded(raw, call.telephonyConfigurationId, call.mode, call.organizationId)
        const proof = yield* proved(configuration, { ...raw, urlToken: "transfer" })
        return { ...proof, call, transfer: transfer.value }
      })
      return Verification.of({ ofAccount, ofConfiguration, ofAnyAccount, ofCall, ofTransfer })
    })
  )
}

/** What the candidates' checks said; without a candidate, that there is none. What to do is for the explanation to say. */
const reasonOf = (failures: ReadonlyArray<SignatureRejected>): RefusalReason =>
  failures.length === 0
    ? refusals.noAccount
    : { reason: failures.map((failure) => failure.reason).join("; "), nextStep: "" }
