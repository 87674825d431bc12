import { Effect } from "effect"
import { runMedia } from "../../../simulator/MediaClient.ts"
import type { StreamNoun } from "./cxmlVerbs.ts"
import { shortName } from "./domain.ts"
import { complain, type Leg, type Stage } from "./leg.ts"
import { makeDialect, newCallSid, newStreamSid } from "./stream.ts"
import { reportStream, userAgent } from "./webhooks.ts"

/** One media stream, from the socket's opening to its end, with its status callbacks. The upgrade carries no signature. */
export const performStream = Effect.fnUntraced(function* (stage: Stage, leg: Leg, noun: StreamNoun, oneWay: boolean) {
  const { domain, panel, settings } = stage
  const { hook, name, parameters, url } = noun
  const stream = { sid: newStreamSid(), callSid: newCallSid(), name }
  if (noun.hadQuery) yield* complain(leg, "CXML: the query string of a <Stream> url is not sent")
  const dialect = makeDialect(settings, {
    accountSid: settings.streamDomain === "short" ? shortName(domain) : domain.name,
    session: leg.id,
    callSid: stream.callSid,
    streamSid: stream.sid,
    from: leg.from,
    to: leg.to,
    context: leg.direction === "inbound" ? "inbound" : "outbound-api",
    parameters,
    oneWay
  })
  const tell = (event: "stream-started" | "stream-stopped" | "stream-error", error?: string) =>
    hook === undefined ? Effect.void : reportStream(stage, leg, { ...stream, hook }, event, error)
  let started = false
  const onStarted = Effect.suspend(() => {
    started = true
    return tell("stream-started")
  })
  const before = leg.record.errors.length
  const report = Effect.suspend(() => {
    const error = leg.record.errors.slice(before).find((line) => line.startsWith("stream: the connection"))
    if (error !== undefined) return tell("stream-error", error)
    return started ? tell("stream-stopped") : Effect.void
  })
  return yield* Effect.ensuring(
    runMedia({
      url,
      headers: { "user-agent": userAgent },
      dialect,
      record: leg.record,
      panel,
      jitterMs: settings.jitterMs,
      onStarted
    }),
    report
  )
})
