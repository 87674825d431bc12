import { Deferred, Effect, Result, Schema } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { cancelled, completedBy, endCall, type Final, type Found, legResource, type Next, note } from "./leg.ts"
import { badRequest, methodNotAllowed, noContent, noSuchCall, ok } from "./replies.ts"
import { readJson, refused } from "./restCalls.ts"

const Url = Schema.Tuple([Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s]+$/))])
const optional = Schema.optionalKey

/** What a PUT on a call may ask for (Vonage: modify an in-progress call). */
const Change = Schema.Union([
  Schema.Struct({ action: Schema.Literals(["hangup", "mute", "unmute", "earmuff", "unearmuff"]) }),
  Schema.Struct({
    action: Schema.Literal("transfer"),
    destination: Schema.Union([
      Schema.Struct({ type: Schema.Literal("ncco"), url: Url }),
      Schema.Struct({ type: Schema.Literal("ncco"), ncco: Schema.Array(Schema.Json) })
    ])
  })
])
const Talk = Schema.Struct({
  text: Schema.NonEmptyString.check(Schema.isMaxLength(1500)),
  language: optional(Schema.String),
  style: optional(Schema.Int),
  premium: optional(Schema.Boolean),
  loop: optional(Schema.Int),
  level: optional(Schema.Finite)
})
const Sound = Schema.Struct({ stream_url: Url, loop: optional(Schema.Int), level: optional(Schema.Finite) })
const Digits = Schema.Struct({ digits: Schema.String.check(Schema.isPattern(/^[0-9A-D*#p]+$/)) })

const strict = { onExcessProperty: "error", errors: "all" } as const
const decodeChange = Schema.decodeUnknownResult(Change, strict)
const decodeTalk = Schema.decodeUnknownResult(Talk, strict)
const decodeSound = Schema.decodeUnknownResult(Sound, strict)
const decodeDigits = Schema.decodeUnknownResult(Digits, strict)

/** The body by a decoder, or the answer that refuses it. */
const readBody = <A>(
  request: RestRequest,
  decode: (json: unknown) => Result.Result<A, Schema.SchemaError>
): Result.Result<A, RestReply> => Result.flatMap(readJson(request), (json) => Result.mapError(decode(json), refused))

const isEnded = (found: Found) =>
  found._tag === "Phone" ? isOver(found.call) : Deferred.isDoneUnsafe(found.socket.ended)

/** Reads or changes one leg. A leg that is over can be read; commands do not find it. */
export const oneLeg = Effect.fnUntraced(function* (
  request: RestRequest,
  uuid: string,
  found: Found | undefined,
  urlAllowed: (url: string) => boolean
) {
  if (found === undefined) return noSuchCall(uuid)
  if (request.method === "GET") return ok(legResource(found.leg))
  if (request.method !== "PUT") return methodNotAllowed
  const read = readBody(request, decodeChange)
  if (Result.isFailure(read)) return read.failure
  if (isEnded(found)) return noSuchCall(uuid)
  const change = read.success
  if (change.action === "transfer") {
    const { destination } = change
    if ("url" in destination && !urlAllowed(destination.url[0])) {
      return badRequest("The destination is not reachable.", [{ name: "destination", reason: "must be a public URL" }])
    }
    const next: Next =
      "url" in destination
        ? { _tag: "Ask", hook: { url: destination.url[0], method: "GET" } }
        : { _tag: "Read", ncco: JSON.stringify(destination.ncco) }
    return yield* transfer(found, next)
  }
  if (change.action === "hangup") yield* hangUp(found)
  else yield* note(found.call, `${change.action}: ${found._tag === "Phone" ? "the caller" : "the socket"}`)
  return noContent
})

/** Only a phone that was answered can be moved; moving a socket is not simulated. */
const transfer = Effect.fnUntraced(function* (found: Found, next: Next) {
  if (found._tag === "Socket") return badRequest("Transferring a websocket leg is not simulated.")
  if (found.leg.answeredMs === undefined) return badRequest("The call is not answered.")
  yield* Deferred.succeed(found.call.redirect, next)
  return noContent
})

const hangUp = (found: Found) => {
  if (found._tag === "Socket") return Deferred.succeed(found.socket.hangUp, undefined)
  const { call, leg } = found
  if (leg.answeredMs !== undefined) return endCall(call, completedBy("platform"))
  const final: Final = call.direction === "outbound" ? cancelled : { ...completedBy("platform"), state: "failed" }
  return endCall(call, final)
}

/** Talk, stream and DTMF on one leg, and the end of the first two. */
export const command = Effect.fnUntraced(function* (
  request: RestRequest,
  uuid: string,
  name: string,
  found: Found | undefined
) {
  const done = (message: string) => ok({ message, uuid })
  if (found === undefined || isEnded(found) || found.leg.answeredMs === undefined) return noSuchCall(uuid)
  const { call } = found
  if (request.method === "DELETE" && (name === "talk" || name === "stream")) {
    yield* note(call, `${name} stopped`)
    return done(name === "talk" ? "Talk stopped" : "Stream stopped")
  }
  if (request.method !== "PUT") return methodNotAllowed
  if (name === "talk") {
    const body = readBody(request, decodeTalk)
    if (Result.isFailure(body)) return body.failure
    yield* note(call, `said: ${body.success.text}`)
    return done("Talk started")
  }
  if (name === "stream") {
    const body = readBody(request, decodeSound)
    if (Result.isFailure(body)) return body.failure
    yield* note(call, `played: ${body.success.stream_url[0]}`)
    return done("Stream started")
  }
  const body = readBody(request, decodeDigits)
  if (Result.isFailure(body)) return body.failure
  yield* note(call, `DTMF sent: ${body.success.digits}`)
  return done("DTMF sent")
})
