import type { Effect } from "effect"
import type { Bridge } from "./bridge.ts"
import type { Conferences } from "./conferences.ts"
import type { Leg } from "./leg.ts"
import type { Rooms } from "../../../simulator/Rooms.ts"
import type { Sender } from "./webhooks.ts"

/** What scripts of one fake account are run with. */
export interface Stage extends Sender {
  readonly insecureLoopback: boolean
  readonly jitterMs: number
  /** A stream's first frame comes before its `start`, which happens. */
  readonly mediaBeforeStart: boolean
  readonly rooms: Rooms
  readonly conferences: Conferences
  /** Rings a leg for somebody's `<Dial>`. */
  readonly dialOut: (leg: DialledLeg) => Effect.Effect<Leg>
}

export interface DialledLeg {
  readonly parent: Leg
  readonly from: string
  readonly to: string
  readonly ringSeconds: number
  readonly sendDigits: string | undefined
  readonly bridge: Bridge
}
