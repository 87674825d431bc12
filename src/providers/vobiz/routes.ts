import { Effect } from "effect"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import { callerDocument, destinationDocument, goodbye } from "./markup.ts"
import { legReport } from "./transfer.ts"
import { parseRoomEvent } from "./webhooks.ts"

/** The ringing and the end of a call that we placed. */
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

/** The end of an inbound call: the application's own callback, which does not know our call. */
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

/** The destination of a transfer has answered, and asks what to do. */
const transferAnswer: ProviderRoute = {
  method: "POST",
  path: "/transfer-answer",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan, provider }) {
    const reports = yield* CallReports
    const leg = legReport(plan, yield* provider.parseStatus(request))
    if (leg === undefined) return goodbye
    yield* reports.transferLeg(plan.transferId, leg)
    return leg.state === "ended" ? acknowledged : destinationDocument(plan)
  })
}

/** The ringing and the end of a transfer's destination. */
const transferStatus: ProviderRoute = {
  method: "POST",
  path: "/transfer-status",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan, provider }) {
    const reports = yield* CallReports
    const leg = legReport(plan, yield* provider.parseStatus(request))
    if (leg !== undefined) yield* reports.transferLeg(plan.transferId, leg)
    return acknowledged
  })
}

/** Who comes into the room of a transfer. The destination is there: the caller can follow. Those who leave are hung up anyway. */
const transferRoom: ProviderRoute = {
  method: "POST",
  path: "/transfer-room",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan }) {
    const reports = yield* CallReports
    const told = yield* parseRoomEvent(request)
    if (told === undefined || told.providerCallId === plan.call.providerCallId) return acknowledged
    const { event, providerCallId } = told
    yield* reports.transferLeg(plan.transferId, {
      providerCallId,
      state: "answered",
      rawStatus: event,
      dedupeKey: `room:${event}:${providerCallId}`
    })
    return acknowledged
  })
}

/** The caller's leg was redirected, and asks what to do. */
const transferJoin: ProviderRoute = {
  method: "POST",
  path: "/transfer-join",
  scope: "transfer",
  handle: (_, { plan }) => Effect.succeed(callerDocument(plan))
}

export const routes: ReadonlyArray<ProviderRoute> = [
  status,
  numberStatus,
  transferAnswer,
  transferStatus,
  transferRoom,
  transferJoin
]
