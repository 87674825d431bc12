import { Deferred, Effect, FiberSet, Result } from "effect"
import { performConference } from "./conference.ts"
import { performDial } from "./dial.ts"
import type { Element } from "./elements.ts"
import { finalFor } from "./ending.ts"
import { complain, type Leg, type Next, note } from "./leg.ts"
import { readMarkup } from "./markup.ts"
import { answer, end, goOn, type Stage, type Step } from "./stage.ts"
import { performStream } from "./streams.ts"
import { isUrlAllowed } from "./urls.ts"
import { ask, readingCode } from "./webhooks.ts"

/** Speech is not synthesised; a sentence or a recording takes this long, ms. */
const speakMs = 20

/** Runs markup after markup until the call is over; a transfer by the REST API drops what runs and takes its place. */
export const perform = Effect.fnUntraced(function* (stage: Stage, leg: Leg, first: Next) {
  let next = first
  while (true) {
    const redirect = leg.redirect
    const step: Step = yield* Effect.raceFirst(performOne(stage, leg, next), Deferred.await(redirect))
    if (Deferred.isDoneUnsafe(redirect)) {
      leg.redirect = Deferred.makeUnsafe()
      next = yield* Deferred.await(redirect)
    } else if (step._tag === "End") return step.final
    else if (step._tag === "Continue") return finalFor(leg, 4010, "Vobiz")
    else next = step
  }
})

const performOne = Effect.fnUntraced(function* (stage: Stage, leg: Leg, next: Next): Effect.fn.Return<Step> {
  if (next._tag === "Wait") return yield* Effect.never
  if (next._tag === "Fetch") {
    const found = yield* ask(stage, leg, next)
    return typeof found === "number" ? end(finalFor(leg, found, "Error")) : found
  }
  const { insecureLoopback } = stage.settings
  const script = readMarkup(next.markup, (url, kind) => isUrlAllowed(url, kind, insecureLoopback))
  if (Result.isFailure(script)) {
    const code = readingCode(next.origin)
    yield* complain(leg, `${code} ${script.failure}`)
    return end(finalFor(leg, code, "Error"))
  }
  for (const warning of script.success.warnings) yield* complain(leg, warning)
  return yield* Effect.scoped(performElements(stage, leg, script.success.elements))
})

const performElements = Effect.fnUntraced(function* (stage: Stage, leg: Leg, elements: ReadonlyArray<Element>) {
  const aside = yield* FiberSet.make<void, never>()
  const scheduled = Deferred.makeUnsafe<Step>()
  if (elements.length === 0) {
    yield* answer(leg)
    yield* note(leg, "an empty <Response/> leaves the call connected")
    return yield* Effect.never
  }
  for (const [index, element] of elements.entries()) {
    if (element._tag === "Hangup" && element.afterSeconds > 0 && index < elements.length - 1) {
      const later = Effect.suspend(() => Deferred.succeed(scheduled, end(finalFor(leg, 6000, "Answer XML"))))
      yield* FiberSet.run(aside, Effect.asVoid(Effect.delay(later, element.afterSeconds * 1000)))
      continue
    }
    if (element._tag === "Stream" && !element.keepCallAlive) {
      yield* answer(leg)
      yield* FiberSet.run(aside, performStream(stage, leg, element))
      continue
    }
    const step = yield* Effect.raceFirst(performElement(stage, leg, element, index), Deferred.await(scheduled))
    if (step._tag !== "Continue") return step
  }
  yield* answer(leg)
  return end(finalFor(leg, 4010, "Vobiz"))
})

const performElement = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  element: Element,
  index: number
): Effect.fn.Return<Step> {
  if (element._tag === "Hangup") {
    // The first element of an unanswered call refuses it, also without a reason.
    if (index > 0 || leg.answeredMs !== undefined) return end(finalFor(leg, 4000, "Answer XML"))
    return end(finalFor(leg, element.reason === "busy" ? 3010 : 3020, "Answer XML"))
  }
  if (element._tag === "Redirect") return { _tag: "Fetch", hook: element.hook, origin: "redirect", extra: [] }
  if (element._tag === "Dial") return yield* performDial(stage, leg, element)
  yield* answer(leg)
  switch (element._tag) {
    case "Speak":
      yield* note(leg, `said: ${element.text}`)
      yield* Effect.sleep(speakMs)
      return goOn
    case "Play":
      yield* note(leg, `played: ${element.url}`)
      if (element.forever) return yield* Effect.never
      yield* Effect.sleep(speakMs)
      return goOn
    case "Wait":
      yield* Effect.sleep(element.seconds * 1000)
      return goOn
    case "Digits":
      yield* note(leg, `digits: ${element.digits}`)
      return goOn
    case "Stream":
      yield* performStream(stage, leg, element)
      return goOn
    case "Conference":
      return yield* performConference(stage, leg, element)
    case "Skipped":
      yield* note(leg, `<${element.name}> is not simulated: skipped`)
      return goOn
  }
})
