import { Option, DateTime, Result, Schema } from "effect"
import { fieldErrors } from "../../../Form.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import type { Account } from "./account.ts"
import type { DialPlan } from "./calls.ts"
import { type Hook, type Leg, legResource, type Next } from "./leg.ts"
import { badRequest, ok, unsupportedType } from "./replies.ts"

const optional = Schema.optionalKey
const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Method = Schema.Literals(["GET", "POST"])
const Url = Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s]+$/))
const Digits = Schema.String.check(Schema.isPattern(/^\d{7,15}$/, { expected: "7 to 15 digits, without a plus" }))
const behaviour = Schema.Literals(["continue", "hangup"])

/** The body of a dial (Vonage: create a call). This fake dials phones only. */
const Dial = Schema.Struct({
  to: Schema.Tuple([
    Schema.Struct({
      type: Schema.Literal("phone"),
      number: Digits,
      dtmfAnswer: optional(Schema.String.check(Schema.isPattern(/^[0-9*#p]+$/)))
    })
  ]),
  from: optional(Schema.Struct({ type: Schema.Literal("phone"), number: Digits })),
  random_from_number: optional(Schema.Literal(true)),
  answer_url: optional(Schema.Tuple([Url])),
  answer_method: optional(Method),
  ncco: optional(Schema.Array(Schema.Json)),
  event_url: optional(Schema.Tuple([Url])),
  event_method: optional(Method),
  machine_detection: optional(behaviour),
  advanced_machine_detection: optional(
    Schema.Struct({
      behavior: optional(behaviour),
      mode: optional(Schema.Literals(["default", "detect", "detect_beep"])),
      beep_timeout: optional(between(30, 120))
    })
  ),
  length_timer: optional(between(1, 86_400)),
  ringing_timer: optional(between(1, 120))
})
type Body = typeof Dial.Type

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Json))
const decodeDial = Schema.decodeUnknownResult(Dial, { onExcessProperty: "error", errors: "all" })

/** A body as JSON, or the answer that refuses it. */
export const readJson = (request: RestRequest): Result.Result<Schema.Json, RestReply> => {
  if (!/^application\/json\b/i.test(request.contentType)) return Result.fail(unsupportedType)
  return Result.fromOption(decodeJson(request.body), () => badRequest("The request body is not valid JSON."))
}

/** A decoded body, or the carrier's 400 with the names of what is wrong. */
export const refused = (error: Schema.SchemaError) =>
  badRequest(
    "The request body has invalid parameters.",
    fieldErrors(error).map(({ field, message }) => ({
      name: field.split(".", 1)[0] ?? "",
      reason: `${field}: ${message}`
    }))
  )

/** A dial request that was found good. */
export interface DialRequest {
  readonly from: string
  readonly to: string
  readonly hook: Hook | undefined
  readonly first: Next
  readonly plan: Omit<DialPlan, "talk">
}

const wrong = (name: string, reason: string) =>
  Result.fail(badRequest("The request body has invalid parameters.", [{ name, reason }]))

/** Checks a dial request. */
export const readDial = (
  account: Account,
  request: RestRequest,
  urlAllowed: (url: string) => boolean
): Result.Result<DialRequest, RestReply> => {
  const json = readJson(request)
  if (Result.isFailure(json)) return Result.fail(json.failure)
  const decoded = decodeDial(json.success)
  if (Result.isFailure(decoded)) return Result.fail(refused(decoded.failure))
  const body = decoded.success
  const [answerUrl] = body.answer_url ?? []
  const [eventUrl] = body.event_url ?? []
  for (const [name, url] of [
    ["answer_url", answerUrl],
    ["event_url", eventUrl]
  ] as const) {
    if (url !== undefined && !urlAllowed(url)) return wrong(name, "must be a public URL")
  }
  if ((body.from === undefined) === (body.random_from_number === undefined)) {
    return wrong("from", "give either from or random_from_number")
  }
  if ((answerUrl === undefined) === (body.ncco === undefined)) return wrong("ncco", "give either answer_url or ncco")
  if (body.machine_detection !== undefined && body.advanced_machine_detection !== undefined) {
    return wrong("machine_detection", "give either machine_detection or advanced_machine_detection")
  }
  const own = account.application.voice()?.webhooks?.event_url
  if (eventUrl === undefined && own === undefined)
    return wrong("event_url", "neither the call nor the application has one")
  const first: Next =
    answerUrl === undefined
      ? { _tag: "Read", ncco: JSON.stringify(body.ncco) }
      : { _tag: "Ask", hook: { url: answerUrl, method: body.answer_method ?? "GET" } }
  const hook = eventUrl === undefined ? eventHook(account) : { url: eventUrl, method: body.event_method ?? "POST" }
  const from = body.from?.number ?? account.numbers.keys().next().value ?? "unknown"
  return Result.succeed({ from, to: body.to[0].number, hook, first, plan: planOf(account, body, from) })
}

const planOf = (account: Account, body: Body, from: string): DialRequest["plan"] => {
  const advanced = body.advanced_machine_detection
  const wanted = body.machine_detection ?? (advanced === undefined ? undefined : (advanced.behavior ?? "continue"))
  return {
    ringSeconds: body.ringing_timer ?? 60,
    limitSeconds: body.length_timer,
    detection:
      wanted === undefined ? undefined : { hangsUp: wanted === "hangup", tellsBeep: advanced?.mode === "detect_beep" },
    isRestricted: !account.numbers.has(from) && !account.callerIds.has(from)
  }
}

/** Where events go that nothing else says a place for. */
export const eventHook = (account: Account): Hook | undefined => {
  const own = account.application.voice()?.webhooks?.event_url
  return own === undefined ? undefined : { url: own.address, method: own.http_method ?? "POST" }
}

/** Lists legs, phones' and sockets', oldest first unless asked otherwise. `page_size` 10, at most 100. */
export const listLegs = ({ query }: RestRequest, legs: ReadonlyArray<Leg>): RestReply => {
  const size = Number(query.get("page_size") ?? "10")
  const start = Number(query.get("record_index") ?? "0")
  const order = query.get("order") ?? "asc"
  if (!isWhole(size, 1, 100)) return badRequest("", [{ name: "page_size", reason: "must be from 1 to 100" }])
  if (!isWhole(start, 0, 1e9)) return badRequest("", [{ name: "record_index", reason: "must be from 0" }])
  const instant = (name: string) => {
    const given = query.get(name)
    return given === null ? undefined : Option.getOrUndefined(Option.map(DateTime.make(given), DateTime.toEpochMillis))
  }
  const [after, before] = [instant("date_start"), instant("date_end")]
  const is = (name: string, value: string) => !query.has(name) || query.get(name) === value
  const found = legs.filter(
    (leg) =>
      is("status", leg.status) &&
      is("conversation_uuid", leg.conversation) &&
      (after === undefined || leg.createdMs >= after) &&
      (before === undefined || leg.createdMs <= before)
  )
  const shown = (order === "desc" ? found.toReversed() : found).slice(start, start + size)
  return ok({
    count: found.length,
    page_size: size,
    record_index: start,
    _links: { self: { href: `/calls?${query.toString()}` } },
    _embedded: { calls: shown.map(legResource) }
  })
}

const isWhole = (value: number, minimum: number, maximum: number) =>
  Number.isInteger(value) && value >= minimum && value <= maximum
