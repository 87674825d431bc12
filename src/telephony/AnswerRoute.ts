import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { CarrierReply } from "../carrier/CarrierReply.ts"
import type { RawRequest } from "../carrier/RawRequest.ts"
import { Answering } from "./Answering.ts"
import type { Call } from "./Call.ts"
import { Calls } from "./Calls.ts"
import { type Proof, Verification, type WebhookRefused } from "./Verification.ts"

/** The answer URL of outbound calls, the same for every carrier: the call knows whose it is. */
export class AnswerRoute extends Context.Service<
  AnswerRoute,
  {
    /** The URL that we gave to the carrier with the dial: its token names the call. */
    readonly byToken: (token: string, raw: RawRequest) => Effect.Effect<CarrierReply, WebhookRefused | SqlError>
    /** The URL without a token: the verified request names the call by the carrier's own id. */
    readonly byProviderCall: (raw: RawRequest) => Effect.Effect<CarrierReply, WebhookRefused | SqlError>
  }
>()("switchboard/AnswerRoute") {
  static readonly layer = Layer.effect(
    AnswerRoute,
    Effect.gen(function* () {
      const verification = yield* Verification
      const answering = yield* Answering
      const calls = yield* Calls

      /** An answer request tells the call's state as well, with some carriers: before any callback does. */
      const answer = Effect.fnUntraced(function* (proof: Proof, call: Call) {
        const { provider } = proof.configuration
        const report = yield* Effect.option(provider.parseStatus(proof.request))
        const current = Option.isSome(report) ? yield* calls.report(call.id, report.value) : call
        return yield* answering.reply(provider, current)
      })

      const byToken = Effect.fn("AnswerRoute.byToken")(function* (token: string, raw: RawRequest) {
        const proof = yield* verification.ofCall(token, raw)
        return yield* answer(proof, proof.call)
      })

      const namedCall = Effect.fnUntraced(function* ({ configuration, request }: Proof) {
        const { provider } = configuration
        const id = yield* Effect.option(
          Effect.catch(
            Effect.map(provider.parseStatus(request), (report) => report.providerCallId),
            () => Effect.map(provider.parseInbound(request), (call) => call?.providerCallId)
          )
        )
        return Option.isNone(id) || id.value === undefined
          ? Option.none<Call>()
          : yield* calls.findByProviderId(configuration.id, id.value)
      })

      const byProviderCall = Effect.fn("AnswerRoute.byProviderCall")(function* (raw: RawRequest) {
        const proofs = yield* verification.ofAnyAccount(raw)
        for (const proof of proofs) {
          const call = yield* namedCall(proof)
          if (Option.isSome(call)) return yield* answer(proof, call.value)
        }
        const [first] = proofs
        return first === undefined ? { status: 403, body: "" } : first.configuration.provider.reject("over")
      })
      return AnswerRoute.of({ byToken, byProviderCall })
    })
  )
}
