import { Option, Redacted, Schema } from "effect"
import type { ApiProblem } from "./serverEvents.ts"

/** Characters of the API's own words in a message of ours. */
const maxCharacters = 300

/** Characters that are looked at. */
const maxRead = 2_000

/** Keys of the API, also masked as it quotes them itself. */
const anyKey = /\b(?:sk|ek)[-_][\w*.-]{3,}/g

const control = /[\p{Cc}\p{Cf}\s]+/gu

/** What the API says, fit for a message: nothing of a key is in it, and it is one short line. */
export type ApiWords = (text: string) => string

export const apiWords = (apiKey: Redacted.Redacted<string> | undefined): ApiWords => {
  const key = apiKey === undefined ? "" : Redacted.value(apiKey)
  return (said) => {
    const text = said.slice(0, maxRead)
    const plain = (key === "" ? text : text.replaceAll(key, "…")).replace(anyKey, "…").replace(control, " ").trim()
    return plain.length > maxCharacters ? `${plain.slice(0, maxCharacters)}…` : plain
  }
}

const AnswerBody = Schema.fromJsonString(Schema.Struct({ error: Schema.Struct({ message: Schema.String }) }))
const decodeBody = Schema.decodeUnknownOption(AnswerBody)

/** Why a session is refused, so that a person can do something about it. */
export const refusals = (host: string, words: ApiWords) => {
  const badKey = `The API at ${host} refused the key. Enter a valid API key in the agent's settings.`
  const because = (message: string | null | undefined) =>
    message === undefined || message === null || message.trim() === "" ? "" : ` It says: ${words(message)}`
  return {
    /** An `error` event before the session began. The API quotes a part of a wrong key: its own words are left out then. */
    event: ({ code, message }: ApiProblem): string =>
      code === "invalid_api_key" ? badKey : `The API at ${host} refused the session.${because(message)}`,
    /** An HTTP answer instead of a WebSocket. */
    answer: (status: number, body: string): string => {
      if (status === 401) return badKey
      const says = because(Option.getOrUndefined(decodeBody(body))?.error.message)
      const hint =
        status === 403
          ? "Check what the key may do, and the model."
          : status === 404
            ? "Check the URL and the model."
            : status === 429
              ? "The account's limit is reached: check its plan and its balance."
              : status < 400
                ? "Redirects are not followed: enter the final address."
                : "Check the URL, or try again in a moment."
      return `The API at ${host} answered HTTP ${status} instead of opening a session.${says === "" ? ` ${hint}` : says}`
    },
    /** The connection was closed before the session began. */
    closed: (code: number, reason: string): string =>
      reason.includes("invalid_api_key")
        ? badKey
        : `The API at ${host} closed the connection (code ${code}) before the session began.${because(reason)}`,
    unreadable: (why: string): string =>
      `The API at ${host} answered with something unreadable: ${why}. Check that the URL is that of a Realtime API.`,
    late: (ms: number, isThere: boolean): string =>
      isThere
        ? `The API at ${host} did not take the agent's settings within ${ms} ms.`
        : `The API at ${host} did not open a session within ${ms} ms. Check that the URL is that of a Realtime API.`
  }
}
export type Refusals = ReturnType<typeof refusals>
