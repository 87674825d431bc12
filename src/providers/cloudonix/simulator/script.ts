import { Deferred, Effect, FiberHandle, Result } from "effect"
import type { Conferences } from "./conferences.ts"
import { readCxml } from "./cxml.ts"
import type { Verb } from "./cxmlVerbs.ts"
import {
  busy,
  complain,
  completed,
  failed,
  type Fields,
  type Final,
  type Hook,
  type Leg,
  type Next,
  noAnswer,
  note,
  type Stage
} from "./leg.ts"
import { answer, hangUpLeg } from "./lifecycle.ts"
import { performStream } from "./performStream.ts"
import { ask } from "./webhooks.ts"

/** What scripts of one fake domain are run with. */
export interface Runner extends Stage {
  readonly conferences: Conferences
  /** Places the second leg of a routed call. */
  readonly dialOut: (call: {
    readonly from: string
    readonly to: string
    readonly ringSeconds: number | undefined
    readonly trunk: string | undefined
  }) => Effect.Effect<Leg>
}

type Step = { readonly _tag: "Continue" } | { readonly _tag: "End"; readonly final: Final } | Next

const goOn: Step = { _tag: "Continue" }
const end = (final: Final): Step => ({ _tag: "End", final })
const fetch = (hook: Hook | undefined, extra: Fields = {}): Step =>
  hook === undefined ? goOn : { _tag: "Fetch", hook, extra }

/** Speech is not synthesised; a sentence takes this long, ms. */
const sayMs = 20

/** Runs markup after markup until the session is over; a switch of the application drops what runs and takes its place. */
export const perform = Effect.fnUntraced(function* (runner: Runner, leg: Leg, first: Next) {
  let next = first
  while (true) {
    const { switched } = leg
    const step: Step = yield* Effect.raceFirst(performOne(runner, leg, next), Deferred.await(switched))
    if (Deferred.isDoneUnsafe(switched)) {
      leg.switched = Deferred.makeUnsafe()
      next = yield* Deferred.await(switched)
    } else if (step._tag === "End") return step.final
    else if (step._tag === "Continue") return leg.answeredMs === undefined ? noAnswer : completed
    else next = step
  }
})

const performOne = Effect.fnUntraced(function* (runner: Runner, leg: Leg, next: Next) {
  if (next._tag === "Fetch") return (yield* ask(runner, leg, next.hook, next.extra)) ?? stopped(leg)
  const { insecureLoopback } = runner.settings
  const script = readCxml(next.markup, { baseUrl: next.baseUrl, insecureLoopback })
  if (Result.isFailure(script)) {
    yield* complain(leg, script.failure)
    return stopped(leg)
  }
  for (const warning of script.success.warnings) yield* complain(leg, warning)
  return yield* Effect.scoped(performVerbs(runner, leg, script.success.verbs))
})

/** The application cannot go on: there is no message for the caller, the session just ends. */
const stopped = (leg: Leg) => end(leg.answeredMs === undefined ? failed("error") : completed)

const performVerbs = Effect.fnUntraced(function* (runner: Runner, leg: Leg, verbs: ReadonlyArray<Verb>) {
  const listening = yield* FiberHandle.make<void, never>()
  if (verbs.length === 0) yield* answer(runner, leg)
  for (const [index, verb] of verbs.entries()) {
    if (verb._tag === "Broken") {
      yield* complain(leg, `CXML: ${verb.why}`)
      return stopped(leg)
    }
    if (verb._tag === "Reject") {
      if (index > 0 || leg.answeredMs !== undefined || leg.direction === "outbound") {
        yield* complain(leg, "CXML: <Reject> must come first on an unanswered inbound call")
        continue
      }
      return end(verb.reason === "busy" ? busy : failed("failed"))
    }
    // `<Dial>` does not pick up by itself: billing and early media differ from the markup that this one copies.
    if (!["Redirect", "Dial", "Conference"].includes(verb._tag)) yield* answer(runner, leg)
    const step = yield* performVerb(runner, leg, verb, listening)
    if (step._tag !== "Continue") return step
  }
  return goOn
})

const performVerb = Effect.fnUntraced(function* (
  runner: Runner,
  leg: Leg,
  verb: Exclude<Verb, { readonly _tag: "Reject" | "Broken" }>,
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
      return fetch(verb.hook)
    case "Connect": {
      const outcome = yield* performStream(runner, leg, verb.stream, false)
      // A connection that fails is an error: the call flow stops. A stream that ends lets it go on.
      return outcome._tag === "Refused" ? stopped(leg) : fetch(verb.action)
    }
    case "Start":
      yield* FiberHandle.run(listening, Effect.asVoid(performStream(runner, leg, verb.stream, true)))
      return goOn
    case "Stop":
      yield* FiberHandle.clear(listening)
      return goOn
    case "Conference":
      yield* runner.conferences.attend(leg, verb.room)
      return fetch(verb.action, { CallStatus: "completed" })
    case "Dial": {
      const outcome = yield* performDial(runner, leg, verb)
      return fetch(verb.action, { CallStatus: outcome })
    }
    case "Skipped":
      yield* note(leg, `<${verb.name}> is not simulated: skipped`)
      return goOn
  }
})

/** Calls somebody and joins them with this session until one of the two is gone. Gives the result as `CallStatus` has it. */
const performDial = Effect.fnUntraced(function* (
  runner: Runner,
  leg: Leg,
  verb: Extract<Verb, { readonly _tag: "Dial" }>
) {
  const other = yield* Effect.acquireRelease(
    runner.dialOut({
      from: verb.callerId ?? leg.from,
      to: verb.destination,
      ringSeconds: verb.ringSeconds,
      trunk: verb.trunk
    }),
    hangUpLeg
  )
  const picked = yield* other.record.until(({ state }) => !["queued", "initiated", "ringing"].includes(state))
  if (picked.state !== "in-progress") return picked.state
  yield* answer(runner, leg)
  const gone = other.record.until(({ state }) => state !== "in-progress")
  const { state } = yield* Effect.raceFirst(gone, runner.conferences.bridge(leg, other))
  return state
}, Effect.scoped)
