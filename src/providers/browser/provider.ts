import { randomUUID } from "node:crypto"
import { Clock, Effect, type Schema } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { CarrierReply } from "../../carrier/CarrierReply.ts"
import {
  type CallReference,
  MalformedWebhook,
  type Refusal,
  type StatusReport,
  type TelephonyProvider
} from "../../carrier/TelephonyProvider.ts"
import type { AttachedAccount } from "../../ProviderSpec.ts"
import { provider } from "./config.ts"
import { goodForMs, signPass } from "./pass.ts"
import { inboundReader, verifier, verifyUpgrade } from "./verify.ts"

const json = (value: Schema.Json): CarrierReply => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(value)
})

const told: Readonly<Record<Refusal, string>> = {
  "unknown-number": "There is nobody to call under this name.",
  "no-agent": "This agent is not there any more. Choose another one.",
  inactive: "This phone is switched off: its configuration is inactive. Reactivate it.",
  busy: "All lines are busy. Call again when another call has ended.",
  "not-allowed": "This call is not allowed.",
  over: "This call is over. Begin a new one.",
  draining: "The service is being restarted. Call again in a moment."
}

const refusal = (kind: CarrierError["kind"], message: string) => new CarrierError({ provider, kind, message })

const placesNone = refusal(
  "rejected",
  "The browser phone only takes calls that begin in the browser. Place the call with a configuration of a carrier."
)
const hasNoKey = refusal("credentials", "There is no key to sign a pass with. Begin the call through the service.")

/**
 * What can be known without a carrier: while no media has come, a page may still open it. A call whose media was there is asked
 * about when that is over, and then the call is, too.
 */
const statusOf = ({ isAnswered, providerCallId }: CallReference): StatusReport | undefined =>
  isAnswered === true || providerCallId === undefined
    ? undefined
    : { providerCallId, status: "ringing", rawStatus: "waiting for the page", dedupeKey: "asked:waiting" }

/** One configured phone. Nothing is ever asked of anybody: the page is told by its replies, and by its media socket. */
export const make = ({ configurationId, ownKeys: keys = [] }: AttachedAccount): Effect.Effect<TelephonyProvider> =>
  Effect.succeed({
    placeCall: () => Effect.fail(placesNone),
    // Whoever ends the call closes its media socket, which is all that a page has of it.
    hangUp: () => Effect.void,
    callStatus: (call) => Effect.succeed(statusOf(call)),
    verify: verifier(configurationId, keys),
    verifyUpgrade,
    parseInbound: inboundReader(keys),
    parseStatus: () => Effect.fail(new MalformedWebhook({ provider, message: "a page tells no status" })),
    answer: ({ callId, mediaUrl }) => json({ media_url: mediaUrl, call_id: callId }),
    reject: (why) => json({ refused: why, message: told[why] }),
    testConnection: Effect.succeed({
      ok: true,
      message: "There is no carrier to reach: calls begin in the browser.",
      warnings: []
    }),
    endsWithMedia: true,
    webPhone: {
      invite: Effect.fnUntraced(function* ({ agentId, agentName }) {
        const pass = signPass(keys, {
          configuration: configurationId,
          call: randomUUID(),
          agent: agentId,
          to: agentName,
          expires: (yield* Clock.currentTimeMillis) + goodForMs
        })
        return pass ?? (yield* hasNoKey)
      })
    }
  })
