import { Effect } from "effect"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import { transferLeg } from "./strategies.ts"
import { parseMachineDetection, parseStreamStatus } from "./webhooks.ts"

/** The status of a call that we placed. */
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

/** The state of a call's media stream. */
const streamStatus: ProviderRoute = {
  method: "POST",
  path: "/stream-status",
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId }) {
    const reports = yield* CallReports
    const { event, dedupeKey, error, details } = yield* parseStreamStatus(request)
    yield* event === "stream-error"
      ? reports.mediaFailed({ callId }, { dedupeKey, error: error ?? "The stream failed." })
      : reports.note({ callId }, { dedupeKey, kind: event, details })
    return acknowledged
  })
}

/** The verdict of answering-machine detection. */
const machineDetection: ProviderRoute = {
  method: "POST",
  path: "/amd",
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId }) {
    const reports = yield* CallReports
    yield* reports.status({ callId }, yield* parseMachineDetection(request))
    return acknowledged
  })
}

/** The end of an inbound call: a number's own status callback, which does not know our call. */
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

/** The destination's leg of a transfer. */
const transferStatus: ProviderRoute = {
  method: "POST",
  path: "/transfer-status",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan, provider }) {
    const reports = yield* CallReports
    const leg = transferLeg(yield* provider.parseStatus(request))
    if (leg !== undefined) yield* reports.transferLeg(plan.transferId, leg)
    return acknowledged
  })
}

export const routes: ReadonlyArray<ProviderRoute> = [
  status,
  streamStatus,
  machineDetection,
  numberStatus,
  transferStatus
]
