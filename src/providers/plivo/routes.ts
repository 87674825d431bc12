import { Effect } from "effect"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import { callerRoom, destinationRoom } from "./markup.ts"
import { destinationAnswered, destinationReport } from "./transferLeg.ts"
import { parseStreamStatus } from "./webhooks.ts"

/** A call that we placed rings, or is over. */
const status: ProviderRoute = {
  method: "POST",
  path: "/status",
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId, provider }) {
    const reports = yield* CallReports
    yield* reports.status({ callId }, yield* provider.parseStatus(request))
    return acknowledged
  })
}

/** The state of a call's media stream. Its end is not the end of the call: a transfer stops it as well. */
const streamStatus: ProviderRoute = {
  method: "POST",
  path: "/stream-status",
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId }) {
    const reports = yield* CallReports
    const { event, dedupeKey, error, details } = yield* parseStreamStatus(request)
    yield* event === "DroppedStream"
      ? reports.mediaFailed({ callId }, { dedupeKey, error: error ?? "The stream was dropped." })
      : reports.note({ callId }, { dedupeKey, kind: `stream.${event}`, details })
    return acknowledged
  })
}

/** The end of an inbound call: the application's hangup URL, which does not know our call. */
const numberStatus: ProviderRoute = {
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

/** The destination of a transfer has picked up, and is told where to go. */
const transferAnswer: ProviderRoute = {
  method: "POST",
  path: "/transfer-answer",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan }) {
    const reports = yield* CallReports
    yield* reports.transferLeg(plan.transferId, yield* destinationAnswered(request))
    return destinationRoom(plan)
  })
}

/** The destination of a transfer rings, or is gone. */
const transferStatus: ProviderRoute = {
  method: "POST",
  path: "/transfer-status",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan }) {
    const reports = yield* CallReports
    const report = yield* destinationReport(request)
    if (report !== undefined) yield* reports.transferLeg(plan.transferId, report)
    return acknowledged
  })
}

/** The caller of a transfer was taken out of the media stream, and is told where to go. */
const transferCaller: ProviderRoute = {
  method: "POST",
  path: "/transfer-caller",
  scope: "transfer",
  handle: (_request, { plan }) => Effect.succeed(callerRoom(plan))
}

export const routes: ReadonlyArray<ProviderRoute> = [
  status,
  streamStatus,
  numberStatus,
  transferAnswer,
  transferStatus,
  transferCaller
]
