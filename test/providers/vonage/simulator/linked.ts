import { Effect } from "effect"
import { simulator } from "../../../../src/providers/vonage/simulator.ts"
import type { SimulatorOptions } from "../../../../src/simulator/SimulatorModule.ts"
import { credential, peer, rest } from "./peer.ts"

export const from = "+442071838750"
export const to = "+14155550123"

/** The number is linked, the application's webhooks are the peer's. */
export const start = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const carrier = yield* simulator.start(options)
  const ours = yield* peer
  yield* carrier.ownNumber(to, { webhook: `${ours.url}/answer` })
  const application = `/v2/applications/${credential(carrier, "application_id")}`
  const voice = (webhooks: object) => ({
    name: "ours",
    capabilities: {
      voice: {
        signed_callbacks: true,
        webhooks: {
          answer_url: { address: `${ours.url}/answer`, http_method: "POST" },
          event_url: { address: `${ours.url}/events`, http_method: "POST" },
          ...webhooks
        }
      }
    }
  })
  yield* rest(carrier, "PUT", application, { json: voice({}) })
  return { carrier, ours, application, voice }
})

/** What a token says. */
export const claims = (authorization: string) => {
  const said: Readonly<Record<string, unknown>> = JSON.parse(
    Buffer.from(authorization.split(".")[1] ?? "", "base64url").toString()
  )
  return said
}
