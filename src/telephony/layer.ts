import { Layer } from "effect"
import * as Recording from "../recording/layer.ts"
import { Admission } from "./Admission.ts"
import { Answering } from "./Answering.ts"
import { AnswerRoute } from "./AnswerRoute.ts"
import { CallCommands } from "./CallCommands.ts"
import { CallEnding } from "./CallEnding.ts"
import * as CallReportsLive from "./CallReportsLive.ts"
import { CallHistory } from "./CallHistory.ts"
import { Calls } from "./Calls.ts"
import { CarrierDesk } from "./CarrierDesk.ts"
import { Dialer } from "./Dialer.ts"
import { Doctor } from "./doctor/Doctor.ts"
import { PublicUrlProbe } from "./doctor/PublicUrlProbe.ts"
import { Drain } from "./Drain.ts"
import { HeldCalls } from "./HeldCalls.ts"
import { Inbound } from "./Inbound.ts"
import * as Leases from "./Leases.ts"
import * as Listeners from "./Listeners.ts"
import { MediaSessions } from "./MediaSessions.ts"
import { Node } from "./Node.ts"
import { Operating } from "./Operating.ts"
import { PreparedAgents } from "./PreparedAgents.ts"
import * as recordingHost from "./recordingHost.ts"
import { SignatureFailures } from "./signatures/SignatureFailures.ts"
import { SimulatedCalls } from "./simulation/SimulatedCalls.ts"
import { Sweeper } from "./Sweeper.ts"
import { Tickets } from "./Tickets.ts"
import { TransferBell } from "./TransferBell.ts"
import { Transfers } from "./Transfers.ts"
import { TransferStore } from "./TransferStore.ts"
import * as TransferTending from "./TransferTending.ts"
import { Verification } from "./Verification.ts"

/** Every service of this room, and its background work: leases, listeners, and the sweeper. */
export const layer = Layer.mergeAll(
  AnswerRoute.layer,
  Doctor.layer.pipe(Layer.provide(PublicUrlProbe.layer)),
  Leases.layer,
  Listeners.layer,
  Operating.layer,
  SimulatedCalls.layer,
  Sweeper.run,
  TransferTending.layer
).pipe(
  Layer.provideMerge(Dialer.layer),
  Layer.provideMerge(Layer.mergeAll(Inbound.layer, MediaSessions.layer)),
  Layer.provideMerge(Layer.mergeAll(Answering.layer, CallReportsLive.layer, Sweeper.layer)),
  Layer.provideMerge(Layer.mergeAll(Transfers.layer, Recording.layer.pipe(Layer.provide(recordingHost.layer)))),
  Layer.provideMerge(
    Layer.mergeAll(Admission.layer, CallCommands.layer, CallEnding.layer, PreparedAgents.layer, Verification.layer)
  ),
  Layer.provideMerge(
    Layer.mergeAll(
      CallHistory.layer,
      Calls.layer,
      CarrierDesk.layer,
      SignatureFailures.layer,
      Tickets.layer,
      TransferStore.layer
    )
  ),
  Layer.provideMerge(Layer.mergeAll(Drain.layer, HeldCalls.layer, Node.layer, TransferBell.layer))
)
