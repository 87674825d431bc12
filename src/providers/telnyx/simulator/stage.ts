import type { Effect, Scope } from "effect"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import type { Rooms } from "../../../simulator/Rooms.ts"
import type { UrlRules } from "./address.ts"
import type { Leg } from "./leg.ts"
import type { Sender } from "./webhooks.ts"

/** What legs of one fake account live with. */
export interface Stage extends Sender {
  readonly scope: Scope.Scope
  readonly jitterMs: number
  readonly priceAfterMs: number
  /** How long a webhook may take where the application does not say; undefined: Telnyx's own figure. */
  readonly webhookTimeoutMs: number | undefined
  readonly urls: UrlRules
  readonly rooms: Rooms
  readonly find: (callControlId: string) => Leg | undefined
  /** Remembers a leg that our side dialled. */
  readonly placed: (leg: Leg) => Effect.Effect<void>
  readonly behaviourOf: (leg: Leg) => Effect.Effect<DialBehaviour>
  /** The codec of calls with this person. */
  readonly codecOf: (address: string) => Leg["codec"]
  /** How long the next dial has to wait for its turn, ms. */
  readonly nextTurnMs: () => number
  /** Runs something beside the request that asked for it. */
  readonly run: (effect: Effect.Effect<unknown>) => void
}
