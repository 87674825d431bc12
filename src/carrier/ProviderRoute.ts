import { Context, type Effect, Schema } from "effect"
import type { CarrierReply } from "./CarrierReply.ts"
import type { MalformedWebhook, StatusReport, TelephonyProvider } from "./TelephonyProvider.ts"
import type { TransferLegReport, TransferPlan } from "./TransferStrategy.ts"
import type { VerifiedRequest } from "./VerifiedRequest.ts"

/** What a provider's `routes.ts` exports: its routes as data. Mounting, verification and call look-up are not its business. */
export interface RoutesModule {
  readonly routes: ReadonlyArray<ProviderRoute>
}

/**
 * One HTTP route of a provider, mounted under `/api/v1/telephony/<name>`. It can only be declared, never mounted by hand:
 * the mounting finds the account, runs `verify`, and calls `handle` with the verified request, so a route without a
 * verifier cannot be written.
 *
 * - `call` routes end with the call's signed token (`path` + `/<token>`), and belong to that call alone
 * - `account` routes are matched to a configuration by `claimedAccountId`, or by its own token in the path
 * - `transfer` routes end with the transfer's signed token, and belong to that transfer alone
 */
export type ProviderRoute = {
  readonly method: "GET" | "POST"
  /** Begins with a slash, without the provider's prefix: `/status`. */
  readonly path: string
} & (
  | {
      readonly scope: "call"
      readonly handle: (
        request: VerifiedRequest,
        context: AccountContext & { readonly callId: string }
      ) => Effect.Effect<CarrierReply, MalformedWebhook | ReportsUnavailable, CallReports>
    }
  | {
      readonly scope: "transfer"
      readonly handle: (
        request: VerifiedRequest,
        context: AccountContext & { readonly plan: TransferPlan }
      ) => Effect.Effect<CarrierReply, MalformedWebhook | ReportsUnavailable, CallReports>
    }
  | {
      readonly scope: "account"
      readonly handle: (
        request: VerifiedRequest,
        context: AccountContext
      ) => Effect.Effect<CarrierReply, MalformedWebhook | ReportsUnavailable, CallReports>
    }
)

/** Whose webhook it is. */
export interface AccountContext {
  readonly provider: TelephonyProvider
  readonly configurationId: string
}

/** The reports cannot be stored now; the carrier gets a retryable answer. */
export class ReportsUnavailable extends Schema.TaggedError<ReportsUnavailable>()("ReportsUnavailable", {
  message: Schema.String
}) {}

/**
 * What a provider's routes tell the rest of the house about a call. Everything is idempotent under redelivery.
 * A call is named by its own id (from the URL token) or by its configuration and the carrier's id.
 */
export class CallReports extends Context.Service<
  CallReports,
  {
    readonly status: (call: ReportedCall, report: StatusReport) => Effect.Effect<void, ReportsUnavailable>
    /** The carrier could not open, or lost, the media stream. `error` is the carrier's text. */
    readonly mediaFailed: (
      call: ReportedCall,
      failure: { readonly dedupeKey: string; readonly error: string }
    ) => Effect.Effect<void, ReportsUnavailable>
    /** What became of the destination's leg of a transfer. */
    readonly transferLeg: (transferId: string, report: TransferLegReport) => Effect.Effect<void, ReportsUnavailable>
    /** Something worth keeping in the event log that changes nothing. */
    readonly note: (
      call: ReportedCall,
      note: { readonly dedupeKey: string; readonly kind: string; readonly details: Readonly<Record<string, string>> }
    ) => Effect.Effect<void, ReportsUnavailable>
  }
>()("switchboard/CallReports") {}

export type ReportedCall =
  { readonly callId: string } | { readonly configurationId: string; readonly providerCallId: string }
