import { Effect } from "effect"
import { numberStatusRoute, statusRoute, streamStatusRoute, transferStatusRoute } from "../../carrier/callbackRoutes.ts"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import { transferLeg } from "./strategies.ts"
import { parseMachineDetection, parseStreamStatus } from "./webhooks.ts"

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

export const routes: ReadonlyArray<ProviderRoute> = [
  statusRoute,
  streamStatusRoute(parseStreamStatus),
  machineDetection,
  numberStatusRoute,
  transferStatusRoute((request, { provider }) => Effect.map(provider.parseStatus(request), transferLeg))
]
