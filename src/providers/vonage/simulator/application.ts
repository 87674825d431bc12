import { randomUUID } from "node:crypto"
import { Schema } from "effect"

const between = (minimum: number, maximum: number) =>
  Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** A webhook setting. Its timeouts are in ms; `connection_timeout` is the older name of `connect_timeout`. */
const webhook = (maximumSocketMs: number) =>
  Schema.Struct({
    address: Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s]+$/)),
    http_method: Schema.optionalKey(Schema.Literals(["GET", "POST"])),
    connect_timeout: between(300, 1000),
    connection_timeout: between(300, 1000),
    socket_timeout: between(1000, maximumSocketMs)
  })

const answerSocketMs = 5000
const eventSocketMs = 10_000
const regions = ["na-east", "na-west", "eu-east", "eu-west", "apac-sng", "apac-australia"] as const

const Voice = Schema.Struct({
  webhooks: Schema.optionalKey(
    Schema.Struct({
      answer_url: Schema.optionalKey(webhook(answerSocketMs)),
      fallback_answer_url: Schema.optionalKey(webhook(answerSocketMs)),
      event_url: Schema.optionalKey(webhook(eventSocketMs))
    })
  ),
  signed_callbacks: Schema.optionalKey(Schema.Boolean),
  conversations_ttl: between(1, 9000),
  leg_persistence_time: between(1, 31),
  region: Schema.optionalKey(Schema.Literals(regions))
})

const Privacy = Schema.Struct({ improve_ai: Schema.Boolean })

/** What an update may say; everything else of the body is passed over (Vonage: Applications API v2). */
export const ApplicationUpdate = Schema.fromJsonString(
  Schema.Struct({
    name: Schema.NonEmptyString,
    keys: Schema.optionalKey(Schema.Struct({ public_key: Schema.optionalKey(Schema.NonEmptyString) })),
    privacy: Schema.optionalKey(Privacy),
    capabilities: Schema.optionalKey(
      Schema.StructWithRest(Schema.Struct({ voice: Schema.optionalKey(Voice) }), [
        Schema.Record(Schema.String, Schema.Unknown)
      ])
    )
  })
)
type Update = typeof ApplicationUpdate.Type
type Webhook = NonNullable<NonNullable<typeof Voice.Type.webhooks>["answer_url"]>

/** The account's application. An update replaces all of it but the id and, when no other is sent, the key. */
export interface Application {
  readonly id: string
  readonly publicKey: () => string
  readonly voice: () => typeof Voice.Type | undefined
  readonly setAnswerUrl: (webhook: Webhook) => void
  readonly update: (update: Update) => void
  readonly resource: () => unknown
}

/** A new application has the Voice capability, signs its callbacks, and has no webhooks. */
export const newApplication = (publicKey: string): Application => {
  const id = randomUUID()
  let key = publicKey
  let current: Update = {
    name: "Simulated application",
    privacy: { improve_ai: false },
    capabilities: { voice: { signed_callbacks: true, conversations_ttl: 48, leg_persistence_time: 2 } }
  }
  const voice = () => current.capabilities?.voice
  return {
    id,
    publicKey: () => key,
    voice,
    setAnswerUrl: (answer_url) => {
      const before = voice()
      const changed = { ...before, webhooks: { ...before?.webhooks, answer_url } }
      current = { ...current, capabilities: { ...current.capabilities, voice: changed } }
    },
    update: (update) => {
      key = update.keys?.public_key ?? key
      current = update
    },
    resource: () => ({
      id,
      name: current.name,
      keys: { public_key: key },
      privacy: current.privacy ?? { improve_ai: false },
      capabilities: current.capabilities ?? {},
      _links: { self: { href: `/v2/applications/${id}` } }
    })
  }
}
