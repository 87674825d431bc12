import { Effect, type Schema } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import { provider } from "./config.ts"
import { digitsOf } from "./legs.ts"

/** Vonage's limits of `ringing_timer` and `length_timer`, s. */
const longestRing = 120
const longestCall = 86_400

const seconds = (value: number, most: number) => Math.min(Math.max(1, Math.ceil(value)), most)

const refused = (message: string) => Effect.fail(new CarrierError({ provider, kind: "rejected", message }))

/** What every dialled leg needs, whatever it is told to do when it is answered. */
interface Dialled {
  readonly from: string
  readonly to: string
  readonly eventUrl: string
  readonly ringTimeoutSeconds: number
  readonly maxDurationSeconds: number
  /** `answer_url` or `ncco`, never both. */
  readonly onAnswer: { readonly [field: string]: Schema.Json }
}

const destination = (to: string): { readonly [field: string]: string } | undefined => {
  const number = digitsOf(to)
  if (number !== undefined) return { type: "phone", number }
  return /^sips?:/.test(to) ? { type: "sip", uri: to } : undefined
}

/** The body that dials (Vonage: Voice API, create an outbound call). Nothing beyond its documented fields is in it. */
export const dialBody = (dial: Dialled): Effect.Effect<Schema.Json, CarrierError> => {
  const from = digitsOf(dial.from)
  if (from === undefined)
    return refused("Vonage shows phone numbers only as the caller id. Choose a phone number to call from.")
  const to = destination(dial.to)
  if (to === undefined) return refused("Vonage dials phone numbers and SIP URIs only. Choose another destination.")
  return Effect.succeed({
    to: [to],
    from: { type: "phone", number: from },
    event_url: [dial.eventUrl],
    event_method: "POST",
    ringing_timer: seconds(dial.ringTimeoutSeconds, longestRing),
    length_timer: seconds(dial.maxDurationSeconds, longestCall),
    ...dial.onAnswer
  })
}
