import { Result } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, mayShow } from "./account.ts"
import type { Hook, Leg } from "./leg.ts"
import type { DialPlan } from "./legs.ts"
import { defaultRingSeconds } from "./markup.ts"
import { e164Of } from "./numbering.ts"
import { type JsonBody, methodOf, readJson, refuseCall } from "./replies.ts"

const dialable = /^(\+?[1-9]\d{6,14}|sips?:[^\s@]+@[^\s@]+)$/
const known = new Set([
  "from",
  "to",
  "answer_url",
  "answer_method",
  "ring_url",
  "ring_method",
  "hangup_url",
  "hangup_method",
  "fallback_url",
  "fallback_method",
  "caller_name",
  "send_digits",
  "time_limit",
  "hangup_on_ring",
  "ring_timeout",
  "machine_detection",
  "machine_detection_time",
  "machine_detection_url",
  "machine_detection_method",
  "machine_detection_maximum_speech_length",
  "machine_detection_initial_silence",
  "machine_detection_maximum_words",
  "machine_detection_initial_greeting",
  "sip_headers"
])

/** A dial request that was found good. */
export interface Dial {
  readonly from: string
  readonly to: string
  readonly plan: DialPlan
  readonly hooks: Leg["hooks"]
  /** What the documents do not have; the call is placed all the same. */
  readonly warnings: ReadonlyArray<string>
}

/** The hook of a name in a dial request: `answer` is `answer_url` by `answer_method`. */
const hookOf = (body: JsonBody, name: string): Hook | undefined => {
  const url = body.text(`${name}_url`)
  return url === undefined ? undefined : { url, method: methodOf(body.text(`${name}_method`)) ?? "POST" }
}

const detectionOf = (body: JsonBody): DialPlan["detection"] => {
  const kind = body.text("machine_detection")
  if (kind === undefined) return undefined
  return { ifMachine: kind === "hangup" ? "hangup" : "continue", hook: hookOf(body, "machine_detection") }
}

const bad = (error: string) => Result.fail(refuseCall(400, error))

const positive = (value: number | undefined) => (value !== undefined && value > 0 ? value : undefined)

/** Checks a dial request (Vobiz: make call). That `ring_timeout` is honoured is likely, not documented. */
export const readDial = (
  account: Account,
  request: RestRequest,
  urlAllowed: (url: string) => boolean
): Result.Result<Dial, RestReply> =>
  Result.flatMap(readJson(request), (body): Result.Result<Dial, RestReply> => {
    const [from, to] = [body.text("from") ?? "", body.text("to") ?? ""]
    if (!dialable.test(to)) return bad("to parameter is missing or not valid")
    if (!dialable.test(from)) return bad("from parameter is missing or not valid")
    // What happens to a number that is not the account's is documented for `<Dial>` only.
    if (/^\+?\d/.test(from) && !mayShow(account, e164Of(from))) return bad("from is not a number of this account")
    for (const name of body.names.filter((each) => each.endsWith("_url"))) {
      const url = body.text(name)
      if (url === undefined || !urlAllowed(url)) return bad(`${name} parameter is not a valid URL`)
    }
    for (const name of body.names.filter((each) => each.endsWith("_method"))) {
      if (methodOf(body.text(name)) === undefined) return bad(`${name} parameter is not GET or POST`)
    }
    const asked = hookOf(body, "answer")
    if (asked === undefined) return bad("answer_url parameter is missing")
    if (!body.has("answer_method")) return bad("answer_method parameter is missing")
    const detecting = body.text("machine_detection")
    if (body.has("machine_detection") && detecting !== "true" && detecting !== "hangup") {
      return bad("machine_detection parameter is not true or hangup")
    }
    const fallback = hookOf(body, "fallback")
    const answer: Hook = fallback === undefined ? asked : { ...asked, fallback }
    const ring = hookOf(body, "ring")
    const warnings = body.names
      .filter((name) => !known.has(name))
      .map((name) => `ignored: there is no parameter ${name}`)
    if (from.startsWith("+") || to.startsWith("+")) warnings.push("numbers of calls are documented without +")
    return Result.succeed({
      from: e164Of(from),
      to: e164Of(to),
      // The hangup goes to the answer URL unless it has one of its own.
      hooks: { ...(ring === undefined ? {} : { ring }), hangup: hookOf(body, "hangup") ?? asked },
      plan: {
        first: { _tag: "Fetch", hook: answer, origin: "answer", extra: [] },
        ringSeconds: positive(body.number("ring_timeout")) ?? defaultRingSeconds,
        limitSeconds: positive(body.number("time_limit")),
        detection: detectionOf(body),
        digits: body.text("send_digits")
      },
      warnings
    })
  })
