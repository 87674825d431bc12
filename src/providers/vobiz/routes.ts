import { Effect } from "effect"
import { numberStatusRoute, statusRoute, transferStatusRoute } from "../../carrier/callbackRoutes.ts"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import { callerDocument, destinationDocument, goodbye } from "./markup.ts"
import { legReport } from "./transfer.ts"
import { parseRoomEvent } from "./webhooks.ts"

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
  statusRoute,
  numberStatusRoute,
  transferAnswer,
  transferStatusRoute((request, { plan, provider }) =>
    Effect.map(provider.parseStatus(request), (report) => legReport(plan, report))
  ),
  transferRoom,
  transferJoin
]
