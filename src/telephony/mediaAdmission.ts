import { Effect, Option, type Redacted, Schema } from "effect"
import { isFinal } from "../carrier/CallStatus.ts"
import type { RawRequest } from "../carrier/RawRequest.ts"
import { Configurations, type LoadedConfiguration, type LoadFailure } from "../organizations/Configurations.ts"
import type { Call } from "./Call.ts"
import { Calls } from "./Calls.ts"
import { Drain } from "./Drain.ts"
import { signatureFailed } from "./metrics.ts"
import { SignatureFailures } from "./signatures/SignatureFailures.ts"
import { type TicketRefused, Tickets } from "./Tickets.ts"

/** Why an upgrade is refused, before it is accepted. `reason` is for our log, it tells the peer nothing. */
export class UpgradeRefused extends Schema.TaggedError<UpgradeRefused>()("UpgradeRefused", {
  status: Schema.Literals([401, 403, 404, 409, 503]),
  reason: Schema.String
}) {}

/** A call whose media socket may open: the ticket is used up, and this node holds the call. */
export interface AdmittedCall {
  readonly call: Call
  readonly configuration: LoadedConfiguration
}

const ticketStatus = { unknown: 404, expired: 401, used: 409, over: 409 } as const

const refuse = (status: UpgradeRefused["status"], reason: string) => new UpgradeRefused({ status, reason })

const onTicket = ({ reason }: TicketRefused) => refuse(ticketStatus[reason], `the ticket is ${reason}`)
const onDatabase = () => refuse(503, "the database does not answer")
const onConfiguration = (failure: LoadFailure) =>
  failure._tag === "ConfigurationNotFound"
    ? refuse(404, "the call's configuration is gone")
    : refuse(503, `the call's configuration cannot be loaded (${failure._tag})`)

/**
 * `admit` decides about upgrade requests. Everything that may be wrong is looked at before the ticket is used up, so that a
 * request of somebody else cannot spend it. `adopt` takes a call whose media this node opens itself.
 */
export const mediaAdmission = Effect.gen(function* () {
  const tickets = yield* Tickets
  const calls = yield* Calls
  const configurations = yield* Configurations
  const drain = yield* Drain
  const failures = yield* SignatureFailures

  const liveCall = Effect.fnUntraced(function* (callId: string) {
    const call = yield* Effect.mapError(calls.find(callId), onDatabase)
    if (Option.isNone(call)) return yield* refuse(404, "the ticket's call is gone")
    if (call.value.endedAt !== undefined || isFinal(call.value.status)) return yield* refuse(409, "the call is over")
    return call.value
  })

  const configurationOf = (call: Call) =>
    configurations
      .load(call.telephonyConfigurationId, { organizationId: call.organizationId, provider: call.mode })
      .pipe(Effect.mapError(onConfiguration))

  const notDraining = Effect.flatMap(drain.isDraining, (isDraining) =>
    isDraining ? refuse(503, "this node is shutting down") : Effect.void
  )

  const admit = Effect.fn("MediaSessions.admit")(function* (ticket: Redacted.Redacted<string>, upgrade: RawRequest) {
    yield* notDraining
    const { callId } = yield* tickets
      .peek(ticket)
      .pipe(Effect.catchTags({ TicketRefused: (error) => onTicket(error), SqlError: onDatabase }))
    const call = yield* liveCall(callId)
    const configuration = yield* configurationOf(call)
    const { verifyUpgrade } = configuration.provider
    if (verifyUpgrade !== undefined) {
      yield* verifyUpgrade(upgrade).pipe(
        Effect.tapError(({ reason }) => {
          const { id, spec } = configuration
          const suspects = [{ configurationId: id, spec, verify: verifyUpgrade }]
          const refused = { kind: "media-upgrade", provider: call.mode, reason, raw: upgrade, suspects } as const
          return Effect.andThen(signatureFailed(call.mode), failures.record(refused))
        }),
        Effect.mapError(({ reason }) => refuse(403, reason))
      )
    }
    yield* tickets
      .consume(ticket)
      .pipe(Effect.catchTags({ TicketRefused: (error) => onTicket(error), SqlError: onDatabase }))
    return { call, configuration } satisfies AdmittedCall
  })

  const adopt = Effect.fn("MediaSessions.adopt")(function* (callId: string) {
    yield* notDraining
    const call = yield* liveCall(callId)
    const configuration = yield* configurationOf(call)
    yield* tickets.claim(callId).pipe(Effect.catchTags({ TicketRefused: onTicket, SqlError: onDatabase }))
    return { call, configuration } satisfies AdmittedCall
  })

  return { admit, adopt }
})
