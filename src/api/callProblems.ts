import { Effect } from "effect"
import type { CarrierError } from "../carrier/CarrierError.ts"
import type { DestinationNotAllowed, IdempotencyConflict, LimitReached } from "../telephony/Admission.ts"
import type { EventRefused } from "../telephony/agentEvents.ts"
import type { CallNotFound } from "../telephony/CallHistory.ts"
import type { DialRejected, InvalidDestination, NoCallerId } from "../telephony/DialRequest.ts"
import type { DigitsRefused } from "../telephony/Operating.ts"
import type { TransferRefused } from "../telephony/TransferRequest.ts"
import { AgentNotTold, AgentPerhapsTold } from "./callEvents.ts"
import {
  CallMissing,
  CallNotAllowed,
  CallNotConnected,
  CarrierRefused,
  IdempotencyKeyReused,
  NodeFull,
  TooManyCalls,
  TransferNotPossible
} from "./calls.ts"
import { ValidationFailed } from "./Problems.ts"
import { databaseAway } from "./refused.ts"

const missing = Effect.fail(
  new CallMissing({ code: "call_not_found", detail: "There is no such call in this organization." })
)
export const notFound: (error: CallNotFound) => typeof missing = () => missing

const wrongField = (field: string, message: string) =>
  Effect.fail(
    new ValidationFailed({
      code: "validation_failed",
      errors: [{ field, message }],
      detail: `${field}: ${message}`
    })
  )

const notReady = ({ message }: { readonly message: string }) =>
  Effect.fail(new CallNotAllowed({ code: "configuration_not_ready", detail: message }))

const limits = {
  "concurrent-calls": (detail: string) => new TooManyCalls({ code: "concurrent_calls_reached", detail }),
  "calls-per-second": (detail: string) => new TooManyCalls({ code: "calls_per_second_reached", detail }),
  node: (detail: string) => new NodeFull({ code: "node_full", detail }),
  draining: (detail: string) => new NodeFull({ code: "draining", detail })
} as const

/** Why a call was not placed, as problems. */
export const placingRefused = {
  AgentNotFound: () => wrongField("agent_id", "There is no such agent in this organization."),
  ConfigurationNotFound: () =>
    wrongField("telephony_configuration_id", "There is no such configuration in this organization."),
  InvalidDestination: ({ message }: InvalidDestination) => wrongField("to", message),
  NoCallerId: ({ message }: NoCallerId) => Effect.fail(new CallNotAllowed({ code: "no_caller_id", detail: message })),
  NoConfigurationReady: notReady,
  WrongProvider: notReady,
  UnknownProvider: notReady,
  InvalidCredentials: () =>
    notReady({ message: "The configuration's stored credentials are incomplete. Save the configuration again." }),
  DestinationNotAllowed: ({ message }: DestinationNotAllowed) =>
    Effect.fail(new CallNotAllowed({ code: "destination_not_allowed", detail: message })),
  IdempotencyConflict: ({ message }: IdempotencyConflict) =>
    Effect.fail(new IdempotencyKeyReused({ code: "idempotency_key_reused", detail: message })),
  LimitReached: ({ limit, message }: LimitReached): Effect.Effect<never, TooManyCalls | NodeFull> =>
    Effect.fail(limits[limit](message)),
  DialRejected: ({ callId, kind, message, code }: DialRejected) =>
    Effect.fail(
      new CarrierRefused({
        code: kind === "unavailable" ? "carrier_unavailable" : "carrier_rejected",
        call_id: callId,
        detail: message,
        ...(code === undefined ? {} : { carrier_code: code })
      })
    ),
  SqlError: databaseAway
} as const

const transferCodes = {
  over: "call_over",
  "not-connected": "call_not_connected",
  "not-supported": "transfer_not_supported",
  "announcement-not-supported": "announcement_not_supported",
  "under-way": "transfer_under_way",
  "not-allowed": "destination_not_allowed",
  unavailable: "configuration_not_ready"
} as const

/** Why a transfer was not begun, as problems. */
export const transferRefused = {
  CallNotFound: notFound,
  TransferRefused: ({
    reason,
    message
  }: TransferRefused): Effect.Effect<never, ValidationFailed | TransferNotPossible> => {
    if (reason === "invalid-destination") return wrongField("destination", message)
    if (reason === "invalid-caller-id") return wrongField("caller_id", message)
    return Effect.fail(new TransferNotPossible({ code: transferCodes[reason], detail: message }))
  },
  SqlError: databaseAway
} as const

const digitCodes = {
  over: "call_over",
  "not-connected": "call_not_connected",
  "not-supported": "digits_not_supported"
} as const

/** Why digits were not sent, as problems. */
export const digitsRefused = (callId: string) =>
  ({
    CallNotFound: notFound,
    DigitsRefused: ({ reason, message }: DigitsRefused) =>
      Effect.fail(new CallNotConnected({ code: digitCodes[reason], detail: message })),
    CarrierError: ({ kind, message, code }: CarrierError) =>
      Effect.fail(
        new CarrierRefused({
          code: kind === "unavailable" || kind === "unknown-outcome" ? "carrier_unavailable" : "carrier_rejected",
          call_id: callId,
          detail: message,
          ...(code === undefined ? {} : { carrier_code: code })
        })
      ),
    SqlError: databaseAway
  }) as const

const eventCodes = {
  over: "call_over",
  "not-connected": "call_not_connected",
  "not-supported": "events_not_supported",
  "not-told": "agent_not_reading"
} as const

/** Why an agent was not told an event, as problems. */
export const eventRefused = {
  CallNotFound: notFound,
  EventRefused: ({ reason, message }: EventRefused): Effect.Effect<never, AgentNotTold | AgentPerhapsTold> =>
    Effect.fail(
      reason === "unconfirmed"
        ? new AgentPerhapsTold({ code: "event_unconfirmed", detail: message })
        : new AgentNotTold({ code: eventCodes[reason], detail: message })
    ),
  SqlError: databaseAway
} as const
