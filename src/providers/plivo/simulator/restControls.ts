import { Deferred, Effect, Result } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, newId, withOffset } from "./account.ts"
import { hookOf } from "./hook.ts"
import { type AudioStream, type Leg, note } from "./leg.ts"
import { defaultContentType, extraHeadersProblem, formats, streamUrlProblem, trackProblem } from "./markupStream.ts"
import { noContent, notAllowed, notFound, ok, refuse } from "./replies.ts"
import { numberIn, type Parameters, readParameters, urlProblem } from "./restBody.ts"
import type { Stage } from "./stage.ts"
import { isStreaming, newStream, performStream, stopStreams } from "./streaming.ts"

/** Streams, digits and sounds on a call that was answered (Plivo: call resources). `leg` is undefined for any other. */
export const callControl = Effect.fnUntraced(function* (
  stage: Stage,
  request: RestRequest,
  leg: Leg | undefined,
  control: string,
  streamId: string | undefined,
  urlAllowed: (url: string) => boolean
) {
  if (leg === undefined) return notFound()
  if (control === "Stream") return yield* streams(stage, request, leg, streamId, urlAllowed)
  if (streamId !== undefined) return notFound()
  if (request.method === "DELETE" && control !== "DTMF") return noContent
  if (request.method !== "POST") return notAllowed()
  const read = readParameters(request)
  return Result.isFailure(read) ? read.failure : yield* sound(stage.account, leg, control, read.success)
})

const sound = Effect.fnUntraced(function* (account: Account, leg: Leg, control: string, parameters: Parameters) {
  const value = (name: string) => parameters.get(name) ?? ""
  switch (control) {
    case "DTMF":
      if (!/^[0-9*#A-DwW]+$/.test(value("digits"))) return refuse(400, "digits is missing or invalid")
      if (!["", "aleg", "bleg"].includes(value("leg"))) return refuse(400, "leg must be aleg or bleg")
      yield* note(leg, `sent digits: ${value("digits")}`)
      return ok({ message: "digits sent" }, 202)
    case "Speak":
      if (value("text") === "") return refuse(400, "text is missing")
      yield* note(leg, `said: ${value("text")}`)
      return ok({ message: "speak started" }, 202)
    case "Play":
      if (value("urls") === "") return refuse(400, "urls is missing")
      yield* note(leg, `played: ${value("urls")}`)
      return ok({ message: "play started" }, 202)
    case "Record": {
      const id = newId()
      yield* note(leg, `recording ${id} is not simulated`)
      const url = `https://media.plivo.example/v1/Account/${account.id}/Recording/${id}.mp3`
      return ok({ url, message: "call recording started", recording_id: id }, 202)
    }
    default:
      return notFound()
  }
})

const streamResource = (leg: Leg, stream: AudioStream) => ({
  call_uuid: leg.id,
  service_url: stream.serviceUrl,
  status: stream.endedMs === undefined ? "started" : "stopped",
  stream_id: stream.id,
  start_time: withOffset(stream.startedMs),
  end_time: stream.endedMs === undefined ? null : withOffset(stream.endedMs),
  bidirectional: stream.bidirectional,
  audio_track: stream.audioTrack,
  status_callback_url: stream.statusCallbackUrl
})

const streams = Effect.fnUntraced(function* (
  stage: Stage,
  request: RestRequest,
  leg: Leg,
  streamId: string | undefined,
  urlAllowed: (url: string) => boolean
) {
  if (streamId !== undefined) {
    const stream = leg.streams.find(({ id }) => id === streamId)
    if (stream === undefined) return notFound()
    if (request.method === "GET") return ok(streamResource(leg, stream))
    if (request.method !== "DELETE") return notAllowed()
    if (stream.endedMs !== undefined) return notFound()
    yield* Deferred.succeed(stream.stop, undefined)
    return noContent
  }
  switch (request.method) {
    case "GET":
      return ok({ objects: leg.streams.map((stream) => streamResource(leg, stream)) })
    case "DELETE":
      yield* stopStreams(leg)
      return noContent
    case "POST": {
      const element = readStream(stage, request, urlAllowed)
      if (Result.isFailure(element)) return element.failure
      if (isStreaming(leg)) return refuse(400, "the call has a stream already")
      const stream = yield* newStream(leg, element.success)
      yield* Effect.forkIn(performStream(stage, leg, element.success, stream), leg.scope, { startImmediately: true })
      return ok({ message: "audio streaming started", stream_id: stream.id }, 202)
    }
    default:
      return notAllowed()
  }
})

const invalid = (text: string): Result.Result<never, RestReply> => Result.fail(refuse(400, text))

const readStream = (stage: Stage, request: RestRequest, urlAllowed: (url: string) => boolean) =>
  Result.gen(function* () {
    const parameters = yield* readParameters(request)
    const value = (name: string) => parameters.get(name) ?? ""
    const bidirectional = value("bidirectional") === "true"
    const audioTrack = value("audio_track") || "inbound"
    const format = formats.get(value("content_type") || defaultContentType)
    const problem =
      (value("service_url") === "" ? "service_url is missing" : undefined) ??
      streamUrlProblem(value("service_url"), stage) ??
      trackProblem(audioTrack, bidirectional) ??
      extraHeadersProblem(value("extra_headers")) ??
      urlProblem(parameters, ["status_callback_url"], urlAllowed)
    if (problem !== undefined) return yield* invalid(problem)
    if (format === undefined) return yield* invalid(`invalid_content_type: ${value("content_type")}`)
    return {
      url: value("service_url"),
      bidirectional,
      keepCallAlive: true,
      format,
      audioTrack,
      timeoutSeconds: yield* numberIn(parameters, "stream_timeout", [1, 86_400], 86_400),
      statusCallback: hookOf(parameters.get("status_callback_url"), parameters.get("status_callback_method")),
      extraHeaders: value("extra_headers")
    }
  })
