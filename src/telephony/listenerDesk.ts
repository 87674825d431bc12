import { PgClient } from "@effect/sql-pg"
import { Effect, Fiber, Option } from "effect"
import { CarrierToolkit } from "../carrier/CarrierToolkit.ts"
import type { ListenerDesk } from "../carrier/Listener.ts"
import { CallReports, ReportsUnavailable } from "../carrier/ProviderRoute.ts"
import { pinnedLookup } from "../network/hostGuard.ts"
import { Configurations, type LoadedConfiguration } from "../organizations/Configurations.ts"
import { goneSocket } from "../transport/goneSocket.ts"
import { connectMedia } from "../transport/outgoingSocket.ts"
import { Answering } from "./Answering.ts"
import { reference } from "./CarrierDesk.ts"
import { Calls } from "./Calls.ts"
import { readCall } from "./callRow.ts"
import { Inbound } from "./Inbound.ts"
import { MediaSessions } from "./MediaSessions.ts"

const unavailable = () =>
  new ReportsUnavailable({ message: "The database does not answer. Tell it again in a few seconds." })

/**
 * Makes the desk of a configuration's listener. What it is told is seen through, even if the connection over which it was told
 * breaks meanwhile. The provider that is connected also answers: it knows its connection.
 */
export const listenerDesks = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const { guardTenantHost } = yield* CarrierToolkit
  const configurations = yield* Configurations
  const inbound = yield* Inbound
  const answering = yield* Answering
  const calls = yield* Calls
  const reports = yield* CallReports
  const sessions = yield* MediaSessions
  const scope = yield* Effect.scope

  const seenThrough = <A, E>(work: Effect.Effect<A, E>) => Effect.flatMap(Effect.forkIn(work, scope), Fiber.join)

  const runMedia = Effect.fnUntraced(function* (
    { spec }: LoadedConfiguration,
    callId: string,
    address: Parameters<ListenerDesk["openMedia"]>[1]
  ) {
    const run = yield* sessions.adopt(callId)
    const connection = Effect.gen(function* () {
      const addresses = yield* guardTenantHost(spec.name, address.url)
      return yield* connectMedia({ ...address, lookup: pinnedLookup(addresses) })
    })
    const opened = connection.pipe(
      Effect.tapError(({ message }) =>
        Effect.logWarning(`A call's media could not be opened at its carrier. ${message}`)
      ),
      Effect.orElseSucceed(() => goneSocket)
    )
    yield* Effect.scoped(Effect.flatMap(opened, run))
  })

  return (configuration: LoadedConfiguration, connected: Effect.Effect<void>): ListenerDesk => {
    const { id, organizationId, spec, provider } = configuration

    const arrived = Effect.fnUntraced(function* (call: Parameters<ListenerDesk["inbound"]>[0]) {
      const current = yield* configurations.load(id, { organizationId, provider: spec.name })
      yield* inbound.arrived({ ...current, provider }, call)
    })

    const answered = Effect.fnUntraced(function* (callId: string) {
      const found = Option.getOrUndefined(yield* calls.find(callId))
      if (found === undefined || found.telephonyConfigurationId !== id)
        return yield* Effect.logInfo("A carrier told of the answer of a call that is not known here.")
      yield* answering.pickUp(provider, found)
    })

    const live = Effect.gen(function* () {
      const rows = yield* sql`SELECT * FROM calls WHERE telephony_configuration_id = ${id} AND ended_at IS NULL`
      return (yield* Effect.forEach(rows, readCall)).map(reference)
    })

    return {
      connected,
      inbound: (call) => seenThrough(Effect.mapError(arrived(call), unavailable)),
      answered: (callId) => seenThrough(Effect.mapError(answered(callId), unavailable)),
      reports,
      liveCalls: Effect.mapError(live, unavailable),
      openMedia: (callId, address) =>
        seenThrough(
          runMedia(configuration, callId, address).pipe(
            Effect.catchTag("UpgradeRefused", ({ status, reason }) =>
              status === 503
                ? Effect.fail(new ReportsUnavailable({ message: `The call's media was not opened: ${reason}.` }))
                : Effect.logInfo("A call's media was not opened.", { reason })
            ),
            Effect.annotateLogs({ call: callId })
          )
        )
    }
  }
})
