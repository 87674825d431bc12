import { Effect } from "effect"
import { acknowledged } from "./CarrierReply.ts"
import { type AccountContext, CallReports, type ProviderRoute } from "./ProviderRoute.ts"
import type { MalformedWebhook } from "./TelephonyProvider.ts"
import type { TransferLegReport, TransferPlan } from "./TransferStrategy.ts"
import type { VerifiedRequest } from "./VerifiedRequest.ts"

/** The status of a call that we placed, at `/status`. */
export const statusRoute: ProviderRoute = {
  method: "POST",
  path: "/status",
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId, provider }) {
    const reports = yield* CallReports
    yield* reports.status({ callId }, yield* provider.parseStatus(request))
    return acknowledged
  })
}

/** The status of inbound calls, at `/number-status`: a callback of the number or application, which does not know our call. */
export const numberStatusRoute: ProviderRoute = {
  method: "POST",
  path: "/number-status",
  scope: "account",
  handle: Effect.fnUntraced(function* (request, { configurationId, provider }) {
    const reports = yield* CallReports
    const report = yield* provider.parseStatus(request)
    yield* reports.status({ configurationId, providerCallId: report.providerCallId }, report)
    return acknowledged
  })
}

/** What a callback about a media stream says. */
export interface StreamStatus {
  readonly dedupeKey: string
  /** What the call's log calls it. */
  readonly kind: string
  readonly details: Readonly<Record<string, string>>
  /** Set when the stream could not be opened, or was lost: the carrier's text, or ours where it has none. */
  readonly failure?: string
}

/** The state of a call's media stream, at `/stream-status`. The stream's end is not the call's: a transfer stops it as well. */
export const streamStatusRoute = (
  read: (request: VerifiedRequest) => Effect.Effect<StreamStatus, MalformedWebhook>
): ProviderRoute => ({
  method: "POST",
  path: "/stream-status",
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId }) {
    const reports = yield* CallReports
    const { dedupeKey, details, failure, kind } = yield* read(request)
    yield* failure === undefined
      ? reports.note({ callId }, { dedupeKey, kind, details })
      : reports.mediaFailed({ callId }, { dedupeKey, error: failure })
    return acknowledged
  })
})

/** The destination's leg of a transfer, at `/transfer-status`. `read` gives undefined for what changes nothing. */
export const transferStatusRoute = (
  read: (
    request: VerifiedRequest,
    context: AccountContext & { readonly plan: TransferPlan }
  ) => Effect.Effect<TransferLegReport | undefined, MalformedWebhook>
): ProviderRoute => ({
  method: "POST",
  path: "/transfer-status",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, context) {
    const reports = yield* CallReports
    const leg = yield* read(request, context)
    if (leg !== undefined) yield* reports.transferLeg(context.plan.transferId, leg)
    return acknowledged
  })
})
