import { Deferred, Effect, Result } from "effect"
import { now } from "./account.ts"
import { performConference } from "./conferenceElement.ts"
import { performDial, performTalk } from "./dialElement.ts"
import { busyLine, endOfXml, type Hangup, invalidXml, normalHangup, rejected, scheduled } from "./hangups.ts"
import type { Hook } from "./hook.ts"
import { complain, type Leg, type Next, note, type Told } from "./leg.ts"
import { type Element, readMarkup } from "./markup.ts"
import type { StreamElement } from "./markupStream.ts"
import type { Fields } from "./signing.ts"
import type { Stage } from "./stage.ts"
import { isStreaming, newStream, performStream, stopStreams } from "./streaming.ts"
import { ask } from "./webhooks.ts"

type Step = { readonly _tag: "Continue" } | { readonly _tag: "End"; readonly hangup: Hangup } | Next

const goOn: Step = { _tag: "Continue" }
const end = (hangup: Hangup): Step => ({ _tag: "End", hangup })

/** Speech is not synthesised and sounds are not fetched; each takes this long, ms. */
const soundMs = 20

/** Picks the phone up, once. */
export const answer = Effect.fnUntraced(function* (leg: Leg) {
  if (leg.answeredMs !== undefined) return
  leg.answeredMs = yield* now
  leg.record.state = "in-progress"
  leg.record.changed()
})

/**
 * Runs document after document until the call is over; a transfer drops what runs, ends the call's streams, and takes its
 * place.
 */
export const perform = Effect.fnUntraced(function* (stage: Stage, leg: Leg, first: Next) {
  let next = first
  while (true) {
    const transfer = leg.transfer
    const step: Step = yield* Effect.raceFirst(performOne(stage, leg, next), Deferred.await(transfer))
    if (Deferred.isDoneUnsafe(transfer)) {
      leg.transfer = Deferred.makeUnsafe()
      yield* stopStreams(leg)
      next = yield* Deferred.await(transfer)
    } else if (step._tag === "End") return step.hangup
    else if (step._tag === "Continue") return endOfXml
    else next = step
  }
})

const performOne = Effect.fnUntraced(function* (stage: Stage, leg: Leg, next: Next) {
  if (next._tag === "Talk") {
    yield* performTalk(stage, leg, next.bridge)
    return end(normalHangup("Caller"))
  }
  if (next._tag === "Fetch") {
    const found = yield* ask(stage, leg, next)
    return Result.isSuccess(found) ? found.success : end(found.failure)
  }
  const script = readMarkup(next.markup, stage)
  if (Result.isFailure(script)) {
    const hangup = invalidXml(next.asked)
    yield* complain(leg, `${hangup.code} ${hangup.name}: ${script.failure}`)
    return end(hangup)
  }
  for (const warning of script.success.warnings) yield* complain(leg, warning)
  for (const [index, element] of script.success.elements.entries()) {
    if (element._tag === "Hangup" && element.reason !== undefined && index === 0 && leg.answeredMs === undefined) {
      return end(element.reason === "busy" ? busyLine("Answer XML") : rejected("Answer XML"))
    }
    // A redirect alone does not pick up: the document it leads to may still refuse.
    if (element._tag !== "Redirect") yield* answer(leg)
    const step: Step = yield* performElement(stage, leg, element)
    if (step._tag !== "Continue") return step
  }
  yield* answer(leg)
  return goOn
})

const fetch = (hook: Hook, asked: "Redirect" | "Action", extra: Fields = []): Step => ({
  _tag: "Fetch",
  hook,
  asked,
  extra
})

const performElement = Effect.fnUntraced(function* (stage: Stage, leg: Leg, element: Element) {
  switch (element._tag) {
    case "Speak":
      yield* note(leg, `said: ${element.text}`)
      yield* Effect.sleep(soundMs)
      return goOn
    case "Play":
      yield* note(leg, `played: ${element.url}`)
      yield* element.forever ? Effect.never : Effect.sleep(soundMs)
      return goOn
    case "Wait":
      yield* Effect.sleep(element.seconds * 1000)
      return goOn
    case "Dtmf":
      yield* note(leg, `sent digits: ${element.digits}`)
      return goOn
    case "Hangup":
      if (element.afterSeconds === 0) return end(normalHangup("Answer XML"))
      yield* Effect.forkIn(
        Effect.andThen(Effect.sleep(element.afterSeconds * 1000), Deferred.succeed(leg.over, scheduled)),
        leg.scope
      )
      return goOn
    case "Redirect":
      return fetch(element.hook, "Redirect")
    case "Stream":
      yield* performStreamElement(stage, leg, element.stream)
      return goOn
    case "Conference":
      return yield* acted(stage, leg, yield* performConference(stage, leg, element.conference))
    case "Dial":
      return yield* acted(stage, leg, yield* performDial(stage, leg, element.dial))
    case "Skipped":
      yield* note(leg, `<${element.name}> is not simulated: skipped`)
      return goOn
  }
})

/** Tells the action of an element that is through; what it answers runs next, unless nobody asked for that. */
const acted = Effect.fnUntraced(function* (stage: Stage, leg: Leg, told: Told | undefined) {
  if (told === undefined) return goOn
  const step = fetch(told.hook, "Action", told.fields)
  if (told.redirect) return step
  yield* ask(stage, leg, { _tag: "Fetch", hook: told.hook, asked: "Action", extra: told.fields })
  return goOn
})

/** Waits for the stream to end, or leaves it beside what comes next: without `keepCallAlive`, mostly the end of the document. */
const performStreamElement = Effect.fnUntraced(function* (stage: Stage, leg: Leg, element: StreamElement) {
  if (isStreaming(leg)) return yield* complain(leg, "a call has one stream: the second one is not opened")
  const running = performStream(stage, leg, element, yield* newStream(leg, element))
  if (element.keepCallAlive) yield* running
  else yield* Effect.forkIn(running, leg.scope, { startImmediately: true })
})
