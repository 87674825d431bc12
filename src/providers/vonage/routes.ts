import { Effect } from "effect"
import { isFinal } from "../../carrier/CallStatus.ts"
import { transferStatusRoute } from "../../carrier/callbackRoutes.ts"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import type { TransferLegReport } from "../../carrier/TransferStrategy.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { transferFailure } from "./statuses.ts"
import { parseEvent, parseTransferLeg } from "./webhooks.ts"

/** States of the media socket's leg that mean that it never opened. */
const mediaFailures: ReadonlySet<string> = new Set(["failed", "unanswered", "rejected", "busy", "timeout", "cancelled"])

/**
 * Events of a call's two legs, on the URL that was given with the dial and on that of the media socket. The reply has no body: a
 * list in it would be carried out.
 */
const callEvents = (path: string): ProviderRoute => ({
  method: "POST",
  path,
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId, provider }) {
    const reports = yield* CallReports
    const event = yield* parseEvent(request)
    switch (event._tag) {
      case "Phone":
        yield* reports.status({ callId }, yield* provider.parseStatus(request))
        break
      case "Media": {
        const dedupeKey = `media:${event.legId}:${event.word}`
        yield* mediaFailures.has(event.word)
          ? reports.mediaFailed(
              { callId },
              { dedupeKey, error: `The media socket could not be opened: ${event.details["detail"] ?? event.word}.` }
            )
          : reports.note(
              { callId },
              { dedupeKey, kind: `media-leg.${event.word}`, details: { ...event.details, media_leg: event.legId } }
            )
        break
      }
      case "Notice":
        yield* reports.note(
          { callId },
          {
            dedupeKey: `${event.kind}:${event.details["timestamp"] ?? event.details["reason"] ?? ""}`,
            kind: event.kind,
            details: event.details
          }
        )
    }
    return acknowledged
  })
})

/** The application's own event URL: the phone legs of inbound calls, and errors that name no call. */
const numberStatus: ProviderRoute = {
  method: "POST",
  path: "/number-status",
  scope: "account",
  handle: Effect.fnUntraced(function* (request, { configurationId, provider }) {
    const reports = yield* CallReports
    const event = yield* parseEvent(request)
    if (event._tag === "Phone") {
      const report = yield* provider.parseStatus(request)
      yield* reports.status({ configurationId, providerCallId: report.providerCallId }, report)
    }
    if (event._tag === "Notice" && event.kind === "error")
      yield* Effect.logWarning(`Vonage could not carry out what it was answered: ${event.details["reason"] ?? ""}`)
    return acknowledged
  })
}

/** The destination's leg of a transfer. */
const readTransferLeg = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const leg = yield* parseTransferLeg(request)
  if (leg?.status === undefined || leg.status === "initiated") return undefined
  const { providerCallId, state, status } = leg
  const failure = transferFailure(state)
  const report: TransferLegReport = {
    providerCallId,
    state: isFinal(status) ? "ended" : status === "ringing" ? "ringing" : "answered",
    rawStatus: state.word,
    dedupeKey: `transfer:${providerCallId}:${state.word}`,
    ...(failure === undefined ? {} : { failure })
  }
  return report
})

export const routes: ReadonlyArray<ProviderRoute> = [
  callEvents("/status"),
  callEvents("/media-status"),
  numberStatus,
  transferStatusRoute(readTransferLeg)
]
