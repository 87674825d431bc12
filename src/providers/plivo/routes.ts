import { Effect } from "effect"
import { numberStatusRoute, statusRoute, streamStatusRoute, transferStatusRoute } from "../../carrier/callbackRoutes.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import { callerRoom, destinationRoom } from "./markup.ts"
import { destinationAnswered, destinationReport } from "./transferLeg.ts"
import { parseStreamStatus } from "./webhooks.ts"

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

/** The caller of a transfer was taken out of the media stream, and is told where to go. */
const transferCaller: ProviderRoute = {
  method: "POST",
  path: "/transfer-caller",
  scope: "transfer",
  handle: (_request, { plan }) => Effect.succeed(callerRoom(plan))
}

export const routes: ReadonlyArray<ProviderRoute> = [
  statusRoute,
  streamStatusRoute(parseStreamStatus),
  numberStatusRoute,
  transferAnswer,
  transferStatusRoute(destinationReport),
  transferCaller
]
