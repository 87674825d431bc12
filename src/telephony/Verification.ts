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

      const prove = Effect.fnUntraced(function* (configuration: LoadedConfiguration, raw: RawRequest) {
        const request = yield* configuration.provider.verify(raw)
        return { configuration, request }
      })

      const ofAccount = Effect.fn("Verification.ofAccount")(function* (spec: ProviderSpec, raw: RawRequest) {
        const isAnyones = spec.accountIdCredentialField === "" && spec.listens !== true
        const claimed = isAnyones ? "" : spec.claimedAccountId(raw)
        const candidates = claimed === undefined ? [] : yield* configurations.candidates(spec.name, claimed)
        const [proofs, failures] = yield* Effect.partition(candidates, (candidate) => prove(candidate, raw))
        if (proofs.length > 0) return proofs
        return yield* refuse(spec.name, reasonOf(failures))
      })

      const loaded = Effect.fnUntraced(function* (id: string, provider: string, organizationId?: string) {
        const expected = organizationId === undefined ? { provider } : { organizationId, provider }
        return yield* configurations.load(id, expected).pipe(
          Effect.catchIf(
            (error) => error._tag !== "SqlError",
            (error) => refuse(provider, `the configuration cannot be loaded: ${error._tag}`)
          )
        )
      })

      const proved = (configuration: LoadedConfiguration, raw: RawRequest) =>
        prove(configuration, raw).pipe(
          Effect.catchTag("SignatureRejected", (error) => refuse(configuration.spec.name, error.reason))
        )

      const ofConfiguration = Effect.fn("Verification.ofConfiguration")(function* (
        spec: ProviderSpec,
        token: string,
        raw: RawRequest
      ) {
        const id = tokens.read("configuration", token)
        if (Option.isNone(id)) return yield* refuse(spec.name, "the configuration token in the URL is not ours")
        const configuration = yield* loaded(id.value, spec.name)
        return yield* proved(configuration, { ...raw, urlToken: "configuration" })
      })

      const ofAnyAccount = Effect.fn("Verification.ofAnyAccount")(function* (raw: RawRequest) {
        const specs = (yield* registry.all).filter((spec) => spec.recognize(raw))
        for (const spec of specs) {
          const proofs = yield* Effect.catchTag(ofAccount(spec, raw), "WebhookRefused", () => Effect.succeed([]))
          if (proofs.length > 0) return proofs
        }
        return yield* specs.length > 0 ? new WebhookRefused() : refuse("unknown", "no provider recognizes the request")
      })

      const ofCall = Effect.fn("Verification.ofCall")(function* (token: string, raw: RawRequest, provider?: string) {
        const named = provider ?? "unknown"
        const callId = tokens.read("call", token)
        if (Option.isNone(callId)) return yield* refuse(named, "the call token in the URL is not ours")
        const found = yield* calls.find(callId.value)
        if (Option.isNone(found)) return yield* refuse(named, "the call of the token is gone")
        const call = found.value
        if (provider !== undefined && call.mode !== provider)
          return yield* refuse(named, "the token is of another provider's call")
        const configuration = yield* loaded(call.telephonyConfigurationId, call.mode, call.organizationId)
        const proof = yield* proved(configuration, { ...raw, urlToken: "call" })
        return { ...proof, call }
      })
      const ofTransfer = Effect.fn("Verification.ofTransfer")(function* (
        token: string,
        raw: RawRequest,
        provider: string
      ) {
        const id = tokens.read("transfer", token)
        if (Option.isNone(id)) return yield* refuse(provider, "the transfer token in the URL is not ours")
        const transfer = yield* transfers.find(id.value)
        const found = Option.isSome(transfer) ? yield* calls.find(transfer.value.callId) : Option.none<Call>()
        if (Option.isNone(transfer) || Option.isNone(found))
          return yield* refuse(provider, "the transfer of the token is gone")
        const call = found.value
        if (call.mode !== provider) return yield* refuse(provider, "the token is of another provider's transfer")
        const configuration = yield* loaded(call.telephonyConfigurationId, call.mode, call.organizationId)
        const proof = yield* proved(configuration, { ...raw, urlToken: "transfer" })
        return { ...proof, call, transfer: transfer.value }
      })
      return Verification.of({ ofAccount, ofConfiguration, ofAnyAccount, ofCall, ofTransfer })
    })
  )
}

const reasonOf = (failures: ReadonlyArray<SignatureRejected>) =>
  failures.length === 0
    ? "no configuration has the account that the request claims"
    : failures.map((failure) => failure.reason).join("; ")

const refuse = Effect.fnUntraced(function* (provider: string, reason: string) {
  yield* signatureFailed(provider)
  yield* Effect.logWarning("A webhook was refused").pipe(Effect.annotateLogs({ provider, reason }))
  return yield* new WebhookRefused()
})
