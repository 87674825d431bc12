import { Context, Effect, Layer, Redacted } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { CarrierReply } from "../carrier/CarrierReply.ts"
import { asWebSocketUrl } from "../carrier/publicUrl.ts"
import type { TelephonyProvider } from "../carrier/TelephonyProvider.ts"
import { Settings } from "../Settings.ts"
import type { Call } from "./Call.ts"
import { CallTokens, telephonyPath } from "./CallTokens.ts"
import { Tickets } from "./Tickets.ts"

/** What a carrier is told to do with a call: connect its audio to us. */
export class Answering extends Context.Service<
  Answering,
  {
    /** The same for every repetition, but for the ticket; a call that is over is refused as such. */
    readonly reply: (provider: TelephonyProvider, call: Call) => Effect.Effect<CarrierReply, SqlError>
  }
>()("switchboard/Answering") {
  static readonly layer = Layer.effect(
    Answering,
    Effect.gen(function* () {
      const { publicUrl } = yield* Settings
      const tickets = yield* Tickets
      const tokens = yield* CallTokens
      const reply = Effect.fn("Answering.reply")(function* (provider: TelephonyProvider, call: Call) {
        if (call.endedAt !== undefined) return provider.reject("over")
        const ticket = yield* tickets.issue(call.id)
        return provider.answer({
          callId: call.id,
          mediaUrl: `${asWebSocketUrl(publicUrl)}${telephonyPath}/ws/${Redacted.value(ticket)}`,
          links: tokens.links(call.id, call.mode)
        })
      })
      return Answering.of({ reply })
    })
  )
}
