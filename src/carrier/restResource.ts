import { Effect, Schema } from "effect"
import { CarrierError } from "./CarrierError.ts"
import type { RestClient, RestRequest } from "./RestClient.ts"

/** A 2xx answer that is not what the API promises: it was carried out, but how is not known. */
const unreadable = (provider: string, operation: string) =>
  new CarrierError({
    provider,
    kind: "unknown-outcome",
    message: `${operation}: the carrier's answer could not be read. Check that the carrier URL setting points at its API.`
  })

/** Sends requests of one account and reads the JSON of their answers. */
export const resourceReader =
  (provider: string, client: RestClient) =>
  <A>(schema: Schema.Codec<A, unknown>, request: RestRequest): Effect.Effect<A, CarrierError> => {
    const decode = Schema.decodeUnknownEffect(schema)
    return Effect.flatMap(client.send(request), (answer) =>
      Effect.mapError(decode(answer.json), () => unreadable(provider, request.operation))
    )
  }
