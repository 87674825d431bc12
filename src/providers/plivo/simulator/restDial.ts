import { Result } from "effect"
import type { RestReply } from "../../../simulator/RestServer.ts"
import { type Account, asDialled, asWritten } from "./account.ts"
import { type Hangup, unknownCallerId } from "./hangups.ts"
import { hookOf, methodOf } from "./hook.ts"
import type { Leg } from "./leg.ts"
import type { DialPlan } from "./legs.ts"
import { refuse } from "./replies.ts"
import { numberIn, type Parameters, urlProblem } from "./restBody.ts"
import type { Fields } from "./signing.ts"

/** A dial request that was found good. */
export interface Dial {
  readonly from: string
  readonly to: ReadonlyArray<string>
  readonly plan: DialPlan
  readonly hooks: Leg["hooks"]
  readonly callerName: string
  readonly parentId: string | undefined
  /** SIP headers, as they come back in webhooks. */
  readonly extra: Fields
  /** The call is taken on, and fails before it rings. */
  readonly refused: Hangup | undefined
  readonly warnings: ReadonlyArray<string>
}

const known = new Set(
  [
    "from to answer_url answer_method ring_url ring_method hangup_url hangup_method fallback_url fallback_method",
    "caller_name send_digits send_on_preanswer time_limit hangup_on_ring ring_timeout machine_detection",
    "machine_detection_time machine_detection_url machine_detection_method machine_detection_maximum_speech_length",
    "machine_detection_initial_silence machine_detection_maximum_words machine_detection_initial_greeting",
    "sip_headers parent_call_uuid error_if_parent_not_found"
  ].flatMap((line) => line.split(" "))
)
const urls = ["answer_url", "ring_url", "hangup_url", "fallback_url", "machine_detection_url"]
const dialable = /^(\d{5,15}|sips?:[^\s@]+@[^\s@]+)$/
const maxDestinations = 1000

const readSipHeaders = (written: string): Result.Result<Fields, RestReply> => {
  const pairs =
    written === "" ? [] : written.split(",").map((pair) => /^([A-Za-z0-9]+)=([A-Za-z0-9]*)$/.exec(pair.trim()))
  const fields: Array<readonly [string, string]> = []
  for (const pair of pairs) {
    if (pair === null) return Result.fail(refuse(400, "sip_headers must be k=v,k2=v2 in letters and digits"))
    fields.push([`X-PH-${pair[1]}`, pair[2] ?? ""])
  }
  return Result.succeed(fields)
}

const readDetection = (parameters: Parameters) =>
  Result.gen(function* () {
    const wanted = parameters.get("machine_detection") ?? ""
    const limits = [
      ["machine_detection_time", 2000, 10_000],
      ["machine_detection_maximum_speech_length", 1000, 6000],
      ["machine_detection_initial_silence", 2000, 10_000],
      ["machine_detection_maximum_words", 2, 10],
      ["machine_detection_initial_greeting", 1000, 5000]
    ] as const
    for (const [name, least, most] of limits) yield* numberIn(parameters, name, [least, most], least)
    if (wanted === "" || wanted === "false") return undefined
    if (wanted !== "true" && wanted !== "hangup") {
      return yield* Result.fail(refuse(400, "machine_detection must be true or hangup"))
    }
    const hook = hookOf(parameters.get("machine_detection_url"), parameters.get("machine_detection_method"))
    return { ifMachine: wanted === "hangup" ? "hangup" : "continue", hook } as const
  })

/**
 * Reads a dial request (Plivo: make a call). `hangup_url` that is not given is `answer_url`. A caller id that is no number of
 * the account is found out later, as hangup cause 3030; a parameter that does not exist is ignored, with a warning.
 */
export const readDial = (
  account: Account,
  parameters: Parameters,
  options: { readonly urlAllowed: (url: string) => boolean; readonly isCall: (id: string) => boolean }
): Result.Result<Dial, RestReply> =>
  Result.gen(function* () {
    const value = (name: string) => parameters.get(name) ?? ""
    const missing = ["from", "to", "answer_url"].filter((name) => value(name) === "")
    if (missing.length > 0) return yield* Result.fail(refuse(400, `${missing.join(", ")} is missing`))
    const to = value("to").split("<").map(asWritten)
    const invalid = to.find((each) => !dialable.test(each))
    if (invalid !== undefined) return yield* Result.fail(refuse(400, `to is not a valid destination: ${invalid}`))
    if (to.length > maxDestinations) return yield* Result.fail(refuse(400, "to has more than 1000 destinations"))
    const problem = urlProblem(parameters, urls, options.urlAllowed)
    if (problem !== undefined) return yield* Result.fail(refuse(400, problem))
    if (value("caller_name").length > 50)
      return yield* Result.fail(refuse(400, "caller_name has more than 50 characters"))
    const parentId = value("parent_call_uuid") || undefined
    if (parentId !== undefined && value("error_if_parent_not_found") === "true" && !options.isCall(parentId)) {
      return yield* Result.fail(refuse(404, "parent call not found"))
    }
    const limitSeconds = yield* numberIn(parameters, "time_limit", [1, 86_400], 14_400)
    const ringTimeout = yield* numberIn(parameters, "ring_timeout", [1, 86_400], 120)
    const hangupOnRing = yield* numberIn(parameters, "hangup_on_ring", [0, 86_400], ringTimeout)
    const extra = yield* readSipHeaders(value("sip_headers"))
    const detection = yield* readDetection(parameters)
    const from = asWritten(value("from"))
    const owned = account.numbers.has(from) || account.callerIds.has(from)
    const unknown = Array.from(parameters.keys()).filter((name) => !known.has(name))
    const fallback = value("fallback_url")
    const hook = {
      url: value("answer_url"),
      method: methodOf(parameters.get("answer_method")),
      ...(fallback === ""
        ? {}
        : { fallback: { url: fallback, method: methodOf(parameters.get("fallback_method")) } as const })
    }
    return {
      from: asDialled(from),
      to: to.map(asDialled),
      plan: {
        first: { _tag: "Fetch", hook, asked: "Answer", extra: [] },
        ringSeconds: Math.min(ringTimeout, hangupOnRing),
        limitSeconds,
        detection
      },
      hooks: {
        ring: hookOf(parameters.get("ring_url"), parameters.get("ring_method")),
        hangup: hookOf(parameters.get("hangup_url") ?? hook.url, parameters.get("hangup_method"))
      },
      callerName: value("caller_name"),
      parentId,
      extra,
      refused: owned ? undefined : unknownCallerId,
      warnings: unknown.map((name) => `there is no parameter ${name} of a call`)
    } satisfies Dial
  })
