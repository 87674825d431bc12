import { Option, Schema } from "effect"
import type { Explanation, RestAnswer } from "../../carrier/RestClient.ts"

/** ARI says what is wrong in `message`, and where a channel could not be made in `error` (Asterisk: ARI). */
const AriError = Schema.Struct({
  message: Schema.optionalKey(Schema.String),
  error: Schema.optionalKey(Schema.String)
})
const readError = Schema.decodeUnknownOption(AriError)
const nothing: typeof AriError.Type = {}

/** Answers about the URL, not about what it names: nothing follows from them for a call. */
const aboutTheUrl = /^(Resource not found|ARI URLs do not end|Invalid method)/

const notFound = (message: string | undefined): Explanation =>
  message === undefined || aboutTheUrl.test(message)
    ? {
        kind: "unavailable",
        message:
          "There is no ARI at this address. Check the address with its prefix, http.conf, and that res_ari is loaded."
      }
    : {}

/** ARI's errors in our words, by HTTP status. Its own text is not passed on: it quotes numbers and names. */
export const explain = ({ json, status }: RestAnswer): Explanation => {
  const { message, error } = Option.getOrElse(readError(json), () => nothing)
  switch (status) {
    case 401:
      return {
        kind: "credentials",
        message: "Asterisk refuses the ARI user or its password. Compare them with ari.conf."
      }
    case 403:
      return {
        kind: "credentials",
        message:
          "Asterisk does not let this ARI user do that. It needs read_only = no, and an ACL that admits Switchboard."
      }
    case 404:
      return notFound(message)
    case 409:
      return {
        kind: "rejected",
        message: "Asterisk has such an object already, or the channel is not in our application."
      }
    case 412:
      return { kind: "rejected", message: "The channel is not in a state that allows this." }
    case 422:
      return { kind: "rejected", message: "The channel is not in our application." }
    case 503:
      return { kind: "unavailable", message: "Asterisk is starting. Try again in a moment." }
    case 500:
      return error === undefined
        ? {}
        : {
            kind: "rejected",
            message:
              "Asterisk could not make the channel. Check how to dial: technology and trunk must exist, and the trunk be reachable."
          }
    default:
      return {}
  }
}
