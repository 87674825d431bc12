import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import type { TransferLegReport } from "../carrier/TransferStrategy.ts"
import { PhoneNumbers } from "../organizations/PhoneNumbers.ts"
import { Registry } from "../Registry.ts"
import type { Call } from "./Call.ts"
import { CarrierDesk } from "./CarrierDesk.ts"
import { transferRing } from "./deadlines.ts"
import { destinationRefused, readDestination, readPolicy } from "./destinationPolicy.ts"
import type { Transfer } from "./Transfer.ts"
import { TransferRefused, type TransferWish } from "./TransferRequest.ts"
import { transferSteps } from "./transferSteps.ts"
import { TransferStore } from "./TransferStore.ts"

/** Moves callers to other destinations. */
export class Transfers extends Context.Service<
  Transfers,
  {
    /** Begins a transfer and gives its row; what becomes of it is in the row, in the call's log, and told to the agent. */
    readonly request: (
      call: Call,
      wish: TransferWish,
      by: Transfer["requestedBy"]
    ) => Effect.Effect<Transfer, TransferRefused | SqlError>
    /** What the carrier told about the destination's leg. In whatever order, and however often. */
    readonly report: (transferId: string, report: TransferLegReport) => Effect.Effect<void, SqlError>
    /** Looks after what is overdue, and ends the legs of destinations that nobody waits for any more. */
    readonly tend: Effect.Effect<void, SqlError>
  }
>()("switchboard/Transfers") {
  static readonly layer = Layer.effect(
    Transfers,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const registry = yield* Registry
      const phoneNumbers = yield* PhoneNumbers
      const desk = yield* CarrierDesk
      const store = yield* TransferStore
      const steps = yield* transferSteps
      const scope = yield* Effect.scope

      const strategyOf = Effect.fnUntraced(function* (call: Call, wish: TransferWish) {
        const { transfer } = yield* Effect.mapError(desk.provider(call), ({ message }) =>
          refuse("unavailable", message)
        )
        if (transfer === undefined) return yield* refuse("not-supported", "This carrier cannot transfer calls.")
        if (wish.announcement !== undefined && !transfer.announces)
          return yield* refuse(
            "announcement-not-supported",
            "This carrier cannot speak to the destination before it is joined. Leave the announcement out."
          )
      })

      const destinationOf = Effect.fnUntraced(function* (call: Call, wish: TransferWish) {
        const [row] = yield* sql`SELECT * FROM organizations WHERE id = ${call.organizationId}`
        const policy = yield* readPolicy(row)
        const spec = yield* Effect.orDie(registry.get(call.mode))
        const { address } = yield* Effect.fromResult(readDestination(wish.destination, policy.country, spec)).pipe(
          Effect.mapError(({ message }) => refuse("invalid-destination", message))
        )
        const refused = destinationRefused(address, policy)
        return refused === undefined ? address : yield* refuse("not-allowed", refused)
      })

      const callerIdOf = Effect.fnUntraced(function* (call: Call, { callerId }: TransferWish) {
        if (callerId === undefined) return call.direction === "inbound" ? call.to : call.from
        const number = yield* phoneNumbers.called(call.telephonyConfigurationId, callerId)
        return Option.isSome(number)
          ? number.value.address
          : yield* refuse("invalid-caller-id", "The caller id is no active phone number of the call's configuration.")
      })

      const request = Effect.fn("Transfers.request")(function* (
        call: Call,
        wish: TransferWish,
        by: Transfer["requestedBy"]
      ) {
        if (call.endedAt !== undefined) return yield* refuse("over", "The call is over.")
        if (call.status !== "in-progress" || call.mediaState !== "streaming")
          return yield* refuse(
            "not-connected",
            call.transferredAt === undefined
              ? "The call has not been connected yet."
              : "The call was transferred before."
          )
        yield* strategyOf(call, wish)
        const created = yield* store.create({
          callId: call.id,
          requestedBy: by,
          destination: yield* destinationOf(call, wish),
          callerId: yield* callerIdOf(call, wish),
          announcement: wish.announcement,
          ringSeconds: Math.min(
            Math.max(wish.timeoutSeconds ?? transferRing.seconds, transferRing.least),
            transferRing.most
          )
        })
        if (Option.isNone(created))
          return yield* refuse("under-way", "The call is being transferred already, or is over.")
        yield* Effect.forkIn(steps.dial(call, created.value), scope)
        return created.value
      })

      return Transfers.of({ request, report: steps.report, tend: steps.tend })
    })
  )
}

const refuse = (reason: TransferRefused["reason"], message: string) => new TransferRefused({ reason, message })
