import { Deferred, Effect, FiberHandle, Result } from "effect"
import { runMedia } from "../../../simulator/MediaClient.ts"
import { newSid, now } from "./account.ts"
import type { Conferences } from "./conferences.ts"
import { completed, type Final, type Hook, type Leg, type Next, complain, note } from "./leg.ts"
import { makeDialect } from "./stream.ts"
import { readTwiml, type StreamNoun, type Verb } from "./twiml.ts"
import { ask, reportStatus, reportStream, type Sender, signatureHeader } from "./webhooks.ts"

/** What scripts of one fake account are run with. */
export interface Stage extends Sender {
  readonly insecureLoopback: boolean
  readonly jitterMs: number
  readonly conferences: Conferences
}

type Step = { readonly _tag: "Continue" } | { readonly _tag: "End"; readonly final: Final } | Next

const goOn: Step = { _tag: "Continue" }
const end = (final: Final): Step => ({ _tag: "End", final })

/** Speech is not synthesised; a sentence takes this long, ms. */
const sayMs = 20

/** Picks the phone up, once. */
export const answer = Effect.fnUntraced(function* (stage: Stage, leg: Leg) {
  if (leg.answeredMs !== undefined) return
  leg.answeredMs = yield* now
  leg.record.state = "in-progress"
  leg.record.changed()
  yield* reportStatus(stage, leg, "answered")
})

/** Runs markup after markup until the call is over; a REST redirect drops what runs and takes its place. */
export const perform = Effect.fnUntraced(function* (stage: Stage, leg: Leg, first: Next) {
  let next = first
  while (true) {
    const redirect = leg.redirect
    const step: Step = yield* Effect.raceFirst(performOne(stage, leg, next), Deferred.await(redirect))
    if (Deferred.isDoneUnsafe(redirect)) {
      leg.redirect = Deferred.makeUnsafe()
      next = yield* Deferred.await(redirect)
    } else if (step._tag === "End") return step.final
    else if (step._tag === "Continue") return completed
    else next = step
  }
})

const performOne = Effect.fnUntraced(function* (stage: Stage, leg: Leg, next: Next) {
  if (next._tag === "Fetch") {
    const found = yield* ask(stage, leg, next.hook, next.extra)
    return found ?? (yield* applicationError(stage, leg))
  }
  const script = readTwiml(next.markup, { baseUrl: next.baseUrl, insecureLoopback: stage.insecureLoopback })
  if (Result.isFailure(script)) {
    yield* complain(leg, script.failure)
    return yield* applicationError(stage, leg)
  }
  for (const warning of script.success.warnings) yield* complain(leg, warning)
  return yield* Effect.scoped(performVerbs(stage, leg, script.success.verbs))
})

/** An unanswered inbound call whose webhook answered with an HTTP error ends as busy; any other hears a message. */
const applicationError = Effect.fnUntraced(function* (stage: Stage, leg: Leg) {
  const refused = leg.record.errors.at(-1)?.startsWith("11200") === true
  if (leg.direction === "inbound" && leg.answeredMs === undefined && refused) {
    return end({ state: "busy", sipCode: 486 })
  }
  yield* answer(stage, leg)
  yield* note(leg, "said: An application error has occurred.")
  return end(completed)
})

const performVerbs = Effect.fnUntraced(function* (stage: Stage, leg: Leg, verbs: ReadonlyArray<Verb>) {
  const listening = yield* FiberHandle.make<void, never>()
  for (const [index, verb] of verbs.entries()) {
    if (verb._tag === "Reject") {
      if (index > 0 || leg.answeredMs !== undefined || leg.direction === "outbound") {
        yield* complain(leg, "12200 schema validation warning: <Reject> must come first on an unanswered inbound call")
        continue
      }
      return end(verb.reason === "busy" ? { state: "busy", sipCode: 486 } : { state: "failed", sipCode: 603 })
    }
    if (verb._tag !== "Redirect") yield* answer(stage, leg)
    const step = yield* performVerb(stage, leg, verb, listening)
    if (step._tag !== "Continue") return step
  }
  yield* answer(stage, leg)
  return end(completed)
})

const performVerb = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  verb: Exclude<Verb, { readonly _tag: "Reject" }>,
  listening: FiberHandle.FiberHandle<void, never>
) {
  switch (verb._tag) {
    case "Say":
      yield* note(leg, `said: ${verb.text}`)
      yield* Effect.sleep(sayMs)
      return goOn
    case "Pause":
      yield* Effect.sleep(verb.seconds * 1000)
      return goOn
    case "Hangup":
      return end(completed)
    case "Redirect":
      return fetch({ url: verb.url, method: verb.method })
    case "Connect":
      yield* performStream(stage, leg, verb.stream, false)
      return verb.action === undefined ? goOn : fetch({ url: verb.action, method: verb.method })
    case "Start":
      yield* FiberHandle.run(listening, performStream(stage, leg, verb.stream, true))
      return goOn
    case "Stop":
      yield* FiberHandle.clear(listening)
      return goOn
    case "Conference":
      yield* stage.conferences.attend(leg, verb)
      return goOn
    case "Skipped":
      yield* note(leg, `<${verb.name}> is not simulated: skipped`)
      return goOn
  }
})

const fetch = (hook: Hook): Step => ({ _tag: "Fetch", hook, extra: [] })

/** One media stream, from the socket's opening to its end, with its status callbacks. */
const performStream = Effect.fnUntraced(function* (stage: Stage, leg: Leg, noun: StreamNoun, oneWay: boolean) {
  const hook =
    noun.statusCallback === undefined ? undefined : { url: noun.statusCallback, method: noun.statusCallbackMethod }
  const stream = { sid: newSid("MZ"), name: noun.name, hook }
  const dialect = makeDialect({
    accountSid: stage.account.sid,
    callSid: leg.id,
    streamSid: stream.sid,
    parameters: noun.parameters,
    oneWay
  })
  const headers = {
    "user-agent": "Twilio.TmeWs/1.0",
    "accept-encoding": "gzip",
    ...signatureHeader(stage, "x-twilio-signature", noun.url, [], "upgrade")
  }
  let started = false
  const onStarted = Effect.suspend(() => {
    started = true
    return reportStream(stage, leg, stream, "stream-started")
  })
  const { jitterMs, panel } = stage
  const errorsBefore = leg.record.errors.length
  const report = Effect.suspend(() => {
    const error = leg.record.errors.slice(errorsBefore).find((line) => /^3190|^3192[01]/.test(line))
    if (error !== undefined) return reportStream(stage, leg, stream, "stream-error", error)
    return started ? reportStream(stage, leg, stream, "stream-stopped") : Effect.void
  })
  yield* Effect.ensuring(
    runMedia({ url: noun.url, headers, dialect, record: leg.record, panel, jitterMs, onStarted }),
    report
  )
})
