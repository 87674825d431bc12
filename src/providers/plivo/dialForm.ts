import type { PlaceCall } from "../../carrier/TelephonyProvider.ts"

/** Plivo's limit of `time_limit`, s. */
export const longestCall = 86_400

/** Whole seconds, at least one. */
export const inSeconds = (value: number, most = Number.MAX_SAFE_INTEGER): number =>
  Math.min(Math.max(1, Math.ceil(value)), most)

/** A number as Plivo writes it: E.164 digits without `+`. SIP URIs stay as they are. */
export const digitsOf = (address: string): string => address.replace(/^\+/, "")

/** The body that places a call. Without `hangup_url` the end of the call would be told to the answer URL. */
export const dialForm = ({ from, to, links, maxDurationSeconds, ringTimeoutSeconds }: PlaceCall) => ({
  from: digitsOf(from),
  to: digitsOf(to),
  answer_url: links.answer,
  answer_method: "POST",
  ring_url: links.route("/status"),
  ring_method: "POST",
  hangup_url: links.route("/status"),
  hangup_method: "POST",
  time_limit: inSeconds(maxDurationSeconds, longestCall),
  ring_timeout: inSeconds(ringTimeoutSeconds)
})
