import { Effect, Option, Schema, Stream } from "effect"
import type { HttpClientResponse } from "effect/http"
import type { RestAnswer } from "./RestClient.ts"

/** The longest answer that is read. A page of 50 calls has about 60 kB. */
export const maxAnswerBytes = 1024 * 1024

const parseJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Json))

/** Reads the body up to its bound; a longer one is cut off and thrown away. */
export const readAnswer = Effect.fnUntraced(function* (response: HttpClientResponse.HttpClientResponse) {
  const parts: Array<Uint8Array> = []
  let size = 0
  const keep = (part: Uint8Array) => {
    size += part.length
    parts.push(part)
    return size > maxAnswerBytes
  }
  yield* Stream.runDrain(Stream.takeUntil(response.stream, keep))
  const complete = size <= maxAnswerBytes
  const text = complete ? Buffer.concat(parts).toString("utf8") : ""
  const answer: RestAnswer = {
    status: response.status,
    header: (name) => response.headers[name],
    text,
    json: Option.getOrUndefined(parseJson(text)),
    complete
  }
  return answer
})
