import { Context, Effect, Fiber, Layer, Option, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { CarrierError } from "../carrier/CarrierError.ts"
import { type AgentNotFound, Agents } from "../organizations/Agents.ts"
import {
  Configurations,
  type LoadedConfiguration,
  type LoadFailure,
  type NoConfigurationReady
} from "../organizations/Configurations.ts"
import { PhoneNumbers } from "../organizations/PhoneNumbers.ts"
import { Settings } from "../Settings.ts"
import { Admission, type AdmissionRefused, type NewCall } from "./Admission.ts"
import type { PlacedCall } from "../carrier/TelephonyProvider.ts"
import { Answering } from "./Answering.ts"
import type { Call } from "./Call.ts"
import { CallEnding, mayBeUp } from "./CallEnding.ts"
import { Calls } from "./Calls.ts"
import { UrlTokens } from "../organizations/UrlTokens.ts"
import { CarrierDesk } from "./CarrierDesk.ts"
import { DialRejected, type DialRequest, InvalidDestination, NoCallerId, requestHash } from "./DialRequest.ts"
import { reserveSeconds, ringSeconds } from "./deadlines.ts"
import { readDestination, readPolicy } from "./destinationPolicy.ts"
import { listenerReady } from "./listenerReady.ts"

export type DialFailure =
  AdmissionRefused | AgentNotFound | DialRejected | InvalidDestination | LoadFailure | NoCallerId | NoConfigurationReady

/** Places calls. */
export class Dialer extends Context.Service<
  Dialer,
  {
    /**
     * Dials once and gives the call as it then is. A dial whose outcome is unknown is not repeated: its call stays
     * `initiated` while the carrier is asked. Whoever goes away meanwhile does not stop the dial.
     */
    readonly place: (request: DialRequest) => Effect.Effect<Call, DialFailure>
  }
>()("switchboard/Dialer") {
  static readonly layer = Layer.effect(
    Dialer,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { maxCallSeconds } = yield* Settings
      const configurations = yield* Configurations
      const phoneNumbers = yield* PhoneNumbers
      const agents = yield* Agents
      const admission = yield* Admission
      const calls = yield* Calls
      const tokens = yield* UrlTokens
      const desk = yield* CarrierDesk
      const answering = yield* Answering
      const ending = yield* CallEnding
      const scope = yield* Effect.scope

      const destination = Effect.fnUntraced(function* (request: DialRequest, { spec }: LoadedConfiguration) {
        const [row] = yield* sql`SELECT * FROM organizations WHERE id = ${request.organizationId}`
        const { country } = yield* readPolicy(row)
        return yield* Effect.fromResult(readDestination(request.to, country, spec)).pipe(
          Effect.mapError(({ message }) => new InvalidDestination({ message }))
        )
      })

      const callerId = Effect.fnUntraced(function* (request: DialRequest, configuration: LoadedConfiguration) {
        const number = yield* phoneNumbers.callerId(configuration.id, request.fromPhoneNumberId)
        if (Option.isSome(number) && number.value.address !== "") return number.value.address
        return yield* new NoCallerId({
          message:
            request.fromPhoneNumberId === undefined
              ? `The configuration "${configuration.name}" has no active phone number to call from. Add one.`
              : `The phone number ${request.fromPhoneNumberId} is not an active one of the configuration "${configuration.name}".`
        })
      })

      /** The carrier did not say whether it took the dial: it is asked until it, or a callback, tells. */
      const resolve = Effect.fnUntraced(function* (callId: string) {
        const found = yield* calls.find(callId)
        if (Option.isNone(found)) return true
        const call = found.value
        if (call.endedAt !== undefined || call.providerCallId !== undefined) return true
        const report = yield* Effect.option(desk.status(call))
        if (Option.isNone(report) || report.value === undefined) return false
        yield* calls.report(callId, report.value)
        return true
      })
      const patience = Schedule.max([Schedule.exponential("1 second"), Schedule.recurs(5)])
      const resolveSoon = (callId: string) =>
        Effect.delay(resolve(callId), "1 second").pipe(
          Effect.repeat({ until: (known) => known, schedule: patience }),
          Effect.catchTag("SqlError", (error) =>
            Effect.logWarning(`A dial of unknown outcome is left to the sweeper: ${error.message}`)
          ),
          Effect.annotateLogs({ call: callId }),
          Effect.forkIn(scope)
        )

      const failed = Effect.fnUntraced(function* (call: Call, error: CarrierError) {
        const details = {
          kind: error.kind,
          message: error.message,
          ...(error.code === undefined ? {} : { code: error.code })
        }
        if (error.kind === "unknown-outcome") {
          yield* calls.record(call.id, { source: "carrier", kind: "dial.unknown", payload: details, dedupeKey: "dial" })
          yield* resolveSoon(call.id)
          return
        }
        yield* calls.end(call.id, error.kind === "unavailable" ? "carrier_failed" : "carrier_rejected", { details })
        return yield* new DialRejected({ callId: call.id, ...details })
      })

      /** A call that was ended while it was being dialled has an id at the carrier only now. */
      const accepted = Effect.fnUntraced(function* (callId: string, placed: PlacedCall) {
        yield* calls.learnProviderCallId(callId, placed.providerCallId, placed.memory)
        yield* calls.record(callId, {
          source: "carrier",
          kind: "dial.accepted",
          payload: { provider_call_id: placed.providerCallId, status: placed.rawStatus },
          dedupeKey: "dial"
        })
        const found = yield* calls.find(callId)
        if (Option.isSome(found) && mayBeUp(found.value)) yield* ending.tellCarrier(found.value)
      })

      const dial = Effect.fnUntraced(function* (call: Call, configuration: LoadedConfiguration) {
        const placed = yield* configuration.provider
          .placeCall({
            callId: call.id,
            from: call.from,
            to: call.to,
            links: tokens.callLinks(call.id, configuration.spec.name),
            mediaUrl: answering.ringingMediaUrl(call),
            ringTimeoutSeconds: ringSeconds,
            // Our own end comes first, and names its reason; the carrier's looks as if somebody had hung up.
            maxDurationSeconds: maxCallSeconds + reserveSeconds
          })
          .pipe(
            Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => silence(configuration) }),
            Effect.catchTag("CarrierError", (error) => failed(call, error))
          )
        if (placed === undefined) return
        yield* Effect.catchTag(accepted(call.id, placed), "SqlError", () =>
          accepted(call.id, placed).pipe(
            Effect.retry({ schedule: Schedule.spaced("1 second"), times: 120 }),
            Effect.catchTag("SqlError", (error) =>
              Effect.logError(`The carrier took a dial, and its id could not be stored: ${error.message}`)
            ),
            Effect.annotateLogs({ call: call.id, provider_call_id: placed.providerCallId }),
            Effect.forkIn(scope)
          )
        )
      })

      /** What the first request with this key was answered, from what its call's log says. */
      const repeated = Effect.fnUntraced(function* (call: Call) {
        if (call.endReason !== "carrier_rejected" && call.endReason !== "carrier_failed") return call
        const [row] = yield* sql`SELECT payload FROM call_events
          WHERE call_id = ${call.id} AND kind = ${`ending.${call.endReason}`}`
        const rejection = yield* Effect.option(readRejection(row))
        if (Option.isNone(rejection)) return call
        return yield* new DialRejected({ callId: call.id, ...rejection.value.payload })
      })

      const begin = Effect.fnUntraced(function* (newCall: NewCall, configuration: LoadedConfiguration) {
        const { call, fresh } = yield* admission.admit(newCall)
        if (!fresh) return yield* repeated(call)
        yield* dial(call, configuration)
        return Option.getOrElse(yield* calls.find(call.id), () => call)
      })

      const place = Effect.fn("Dialer.place")(function* (request: DialRequest) {
        const idempotency =
          request.idempotencyKey === undefined ? undefined : { key: request.idempotencyKey, hash: requestHash(request) }
        if (idempotency !== undefined) {
          // Before anything that may have changed since: the first answer stands, also when it could not be given today.
          const earlier = yield* admission.earlier(request.organizationId, idempotency)
          if (Option.isSome(earlier)) return yield* repeated(earlier.value)
        }
        const configuration = yield* configurations.forOutbound(request.organizationId, request.configurationId)
        yield* Effect.provideService(listenerReady(configuration), SqlClient.SqlClient, sql)
        const agent = yield* agents.load(request.organizationId, request.agentId)
        const from = yield* callerId(request, configuration)
        const to = yield* destination(request, configuration)
        const call: NewCall = {
          organizationId: request.organizationId,
          telephonyConfigurationId: configuration.id,
          agentId: agent.id,
          mode: configuration.spec.name,
          direction: "outbound",
          from,
          to: to.address,
          context: request.context,
          ...(request.record === undefined ? {} : { record: request.record }),
          ...(idempotency === undefined ? {} : { idempotency })
        }
        return yield* Effect.flatMap(Effect.forkIn(begin(call, configuration), scope), Fiber.join)
      })
      return Dialer.of({ place })
    })
  )
}

const silence = ({ spec }: LoadedConfiguration) =>
  new CarrierError({
    provider: spec.name,
    kind: "unknown-outcome",
    message: "The carrier did not answer the dial in time; it is being asked what became of it."
  })

const readRejection = Schema.decodeUnknownEffect(
  Schema.Struct({
    payload: Schema.Struct({ kind: Schema.String, message: Schema.String, code: Schema.optionalKey(Schema.String) })
  })
)
