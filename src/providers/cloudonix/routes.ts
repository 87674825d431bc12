import { Effect } from "effect"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import { legReport } from "./transfer.ts"
import { parseRoomEvent, parseStatuses } from "./webhooks.ts"

/** Session updates of a call that we placed. */
const status: ProviderRoute = {
  method: "POST",
  path: "/status",
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId }) {
    const reports = yield* CallReports
    for (const report of yield* parseStatuses(request)) yield* reports.status({ callId }, report)
    return acknowledged
  })
}

/** Session updates and call records of the whole domain, which do not know our call. */
const numberStatus: ProviderRoute = {
  method: "POST",
  path: "/number-status",
  scope: "account",
  handle: Effect.fnUntraced(function* (request, { configurationId }) {
    const reports = yield* CallReports
    for (const report of yield* parseStatuses(request))
      yield* reports.status({ configurationId, providerCallId: report.providerCallId }, report)
    return acknowledged
  })
}

/** Session updates of a transfer's destination. */
const transferStatus: ProviderRoute = {
  method: "POST",
  path: "/transfer-status",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan }) {
    const reports = yield* CallReports
    for (const report of yield* parseStatuses(request)) {
      const leg = report.providerCallId === plan.call.providerCallId ? undefined : legReport(report)
      if (leg !== undefined) yield* reports.transferLeg(plan.transferId, leg)
    }
    return acknowledged
  })
}

/**
 * Who comes into the room of a transfer, and who leaves it. The destination comes first, which means that it has answered; the
 * caller follows, and is no destination. A caller who leaves is hung up by the document that took him there.
 */
const transferConference: ProviderRoute = {
  method: "POST",
  path: "/transfer-conference",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan }) {
    const reports = yield* CallReports
    const told = parseRoomEvent(request)
    if (told === undefined) return acknowledged
    const { event, token } = told
    const words = { providerCallId: token, rawStatus: `participant-${event}`, dedupeKey: `room:${event}:${token}` }
    if (token !== plan.call.providerCallId)
      yield* reports.transferLeg(plan.transferId, { ...words, state: event === "join" ? "answered" : "ended" })
    else if (event === "leave") yield* reports.status({ callId: plan.call.callId }, { ...words, status: "completed" })
    return acknowledged
  })
}

export const routes: ReadonlyArray<ProviderRoute> = [status, numberStatus, transferStatus, transferConference]
