import { Effect, Redacted } from "effect"
import { CarrierToolkit } from "../../src/carrier/CarrierToolkit.ts"
import { basic, type RestAccount, type RestRequest } from "../../src/carrier/RestClient.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "./localCarrier.ts"

export const secret = "s3cret-t0ken"

export const account = (baseUrl: string, changes: Partial<RestAccount> = {}): RestAccount => ({
  provider: "acme",
  baseUrl,
  accountKey: "account-1",
  authorization: basic(Redacted.make("user"), Redacted.make(secret)),
  explain: () => ({}),
  ...changes
})

export const read: RestRequest = { operation: "Things.get", method: "GET", path: "/things", idempotent: true }
export const dial: RestRequest = {
  operation: "Calls.create",
  method: "POST",
  path: "/calls",
  body: {
    form: [
      ["To", "+44 & more"],
      ["Event", "a"],
      ["Event", "b"]
    ]
  },
  idempotent: false
}

/** Sends one request to a carrier that behaves so; gives the failure and what the carrier got. */
export const failing = (request: RestRequest, behave: (request: Received, earlier: number) => Behaviour) =>
  Effect.gen(function* () {
    const carrier = yield* localCarrier(behave)
    const { restClient } = yield* CarrierToolkit
    const error = yield* Effect.flip(restClient(account(carrier.baseUrl)).send(request))
    return { error, received: carrier.received }
  }).pipe(Effect.provide(toolkit(undefined)))
