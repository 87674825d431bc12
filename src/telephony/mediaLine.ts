import { Clock, Effect, Option, Result, Schedule, Schema } from "effect"
import type { AgentEnd, AgentLeg, AgentLost, AgentUnreachable, CallLine, NotDone } from "../agents/AgentSpec.ts"
import { defaultRedialSeconds, type LineSettings } from "../agents/callSettings/line.ts"
import { holdTone } from "../audio/holdTone.ts"
import type { FormValues } from "../Form.ts"
import { AudioClips, type Sound } from "../organizations/AudioClips.ts"
import type { Transport } from "../Transport.ts"
import type { Call } from "./Call.ts"
import type { EndReason } from "./EndReason.ts"
import { mayComeBack } from "./mediaAgent.ts"
import { hangUp, hungUp, released } from "./mediaEnding.ts"
import { loopSound, playSound } from "./mediaSounds.ts"
import { mediaTransfers } from "./mediaTransfers.ts"

/** Why a caller is without an agent. */
type Trouble = AgentLost | AgentUnreachable

/** A call whose media is open, and the ways to its agent. */
export interface OpenLine {
  readonly call: Call
  readonly settings: LineSettings
  readonly transport: Transport
  readonly line: CallLine
  /** The first connection, which may have been begun already. */
  readonly first: Effect.Effect<AgentLeg, AgentUnreachable>
  /** Connects the agent anew; what is left of the connection before is closed. `attempt` counts from 1. */
  readonly again: (attempt: number) => Effect.Effect<AgentLeg, AgentUnreachable>
  /** Writes something into the call's log; nothing waits for it. */
  readonly note: (kind: string, details: FormValues) => Effect.Effect<void>
}

const endReason = (trouble: Trouble): EndReason => {
  if (trouble._tag === "AgentLost") return "agent_lost"
  return trouble.reason === "refused-call" ? "agent_refused" : "agent_unreachable"
}

/** The media ended while no agent was reading it. */
class MediaOver extends Schema.TaggedError<MediaOver>()("MediaOver", {}) {}

/** Does something while nobody reads the media, until that ends. */
const unattended = <A, E>({ transport }: OpenLine, work: Effect.Effect<A, E>) =>
  Effect.raceFirst(work, Effect.andThen(transport.ended, Effect.fail(new MediaOver())))

/** From one try to the next: 250 ms, then twice as long each time, up to 2 s. */
const tries = Schedule.min([Schedule.exponential("250 millis", 2), Schedule.spaced("2 seconds")])

/** The media may be open a moment before the database knows: then a transfer is asked for again, for 5 s at most. */
const onceConnected = (begin: Effect.Effect<NotDone | undefined>) =>
  Effect.repeat(begin, {
    while: (refused) => refused?.reason === "not_connected",
    schedule: Schedule.spaced("250 millis"),
    times: 20
  })

/**
 * Keeps a caller and an agent together. An agent that is lost or cannot be reached is called again while the caller hears a
 * hold sound; where it does not come back, the fallback of its settings acts. Audio that the caller says meanwhile is kept for
 * the agent, up to what a transport keeps.
 */
export const mediaLine = Effect.gen(function* () {
  const clips = yield* AudioClips
  const transferring = yield* mediaTransfers

  /** A clip of the settings. One that was deleted, or a database that is away, must not make the caller's trouble larger. */
  const clip = ({ call }: OpenLine, id: string | undefined): Effect.Effect<Sound | undefined> =>
    id === undefined
      ? Effect.undefined
      : clips.sound(call.organizationId, id).pipe(
          Effect.timeout("2 seconds"),
          Effect.catch(() => Effect.as(Effect.logWarning(`The audio clip ${id} cannot be played.`), undefined))
        )

  /** What the agent had said is heard to its end; then the caller hears that somebody is there. */
  const holding = Effect.fnUntraced(function* (line: OpenLine, begun: () => void) {
    const sound = (yield* clip(line, line.settings.hold_audio)) ?? holdTone()
    yield* line.transport.drained
    begun()
    return yield* loopSound(line.transport, sound)
  })

  /** Does something while the caller is on hold; the hold sound stops when it is done. */
  const onHold = <A, E>(line: OpenLine, work: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    let isHeard = false
    const hold = holding(line, () => {
      isHeard = true
    })
    const silence = Effect.suspend(() => (isHeard ? line.transport.clear : Effect.void))
    return Effect.tap(Effect.raceFirst(work, hold), () => silence)
  }

  /** The agent's next connection, if it comes within so many ms. */
  const redial = (line: OpenLine, attempt: number, withinMs: number) =>
    line
      .again(attempt)
      .pipe(Effect.retry({ while: mayComeBack, schedule: tries }), Effect.timeoutOption(withinMs), (work) =>
        onHold(line, work)
      )

  /** What the settings say is to be done for a caller whose agent does not come back. */
  const fallback = Effect.fnUntraced(function* (line: OpenLine, trouble: Trouble) {
    const { call, note, settings, transport } = line
    const over = hangUp(endReason(trouble))
    const action = settings.fallback ?? "hang_up"
    if (action === "hang_up") return over
    if (action === "announce") {
      const sound = yield* clip(line, settings.fallback_audio)
      yield* note("agent.fallback", { action, played: sound !== undefined })
      if (sound !== undefined) yield* playSound(transport, sound)
      return over
    }
    const refused = yield* onceConnected(
      transferring.begin(call.id, { destination: settings.fallback_destination ?? "" })
    )
    yield* note("agent.fallback", { action, ...(refused === undefined ? {} : { refused: refused.reason }) })
    if (refused !== undefined) return over
    return (yield* onHold(line, transferring.settled(call.id))) ? released : over
  })

  /** How the call ends when its agent left in good order. */
  const left = Effect.fnUntraced(function* (line: OpenLine, end: AgentEnd) {
    const { call, transport } = line
    if (end._tag === "MediaEnded") return hungUp(call)
    if (yield* unattended(line, transferring.settled(call.id))) return released
    if (end.drain) yield* transport.drained
    return hangUp("agent_ended")
  })

  /** Until the agent leaves; gives the trouble where it was lost, or was not there at all. */
  const converse = (line: OpenLine, leg: Result.Result<AgentLeg, AgentUnreachable>) =>
    Result.isFailure(leg)
      ? Effect.succeed(Result.fail<Trouble>(leg.failure))
      : leg.success.run(line.transport, line.line).pipe(
          Effect.map((end) => Result.succeed(end)),
          Effect.catchTag("AgentLost", (lost) => Effect.succeed(Result.fail<Trouble>(lost)))
        )

  /** Runs a call's conversation to its end. Fails only where the carrier's socket broke. */
  return Effect.fn("MediaLine.keep")(
    function* (line: OpenLine) {
      const { call, note, settings } = line
      const redialMs = (settings.redial_s ?? defaultRedialSeconds) * 1000
      let leg = yield* Effect.result(line.first)
      /** When the agent must be back, ms. It begins anew once an agent that came back has stayed for as long as that takes. */
      let until: number | undefined
      for (let attempt = 1; ; attempt++) {
        const beganAt = yield* Clock.currentTimeMillis
        const end = yield* converse(line, leg)
        if (Result.isSuccess(end)) return yield* left(line, end.success)
        const trouble = end.failure
        if (yield* unattended(line, transferring.settled(call.id))) return released
        yield* Effect.logWarning(trouble.message)
        const kind = trouble._tag === "AgentLost" ? "agent.lost" : "agent.unreachable"
        yield* note(kind, { reason: trouble.reason, message: trouble.message })
        const lostAt = yield* Clock.currentTimeMillis
        if (until === undefined || lostAt - beganAt > redialMs) until = lostAt + redialMs
        if (!mayComeBack(trouble) || until <= lostAt) return yield* unattended(line, fallback(line, trouble))
        const next = yield* unattended(line, Effect.result(redial(line, attempt, until - lostAt)))
        if (Result.isFailure(next)) {
          yield* note("agent.unreachable", { reason: next.failure.reason, message: next.failure.message })
          return yield* unattended(line, fallback(line, next.failure))
        }
        if (Option.isNone(next.success)) return yield* unattended(line, fallback(line, trouble))
        const backAt = yield* Clock.currentTimeMillis
        yield* note("agent.resumed", { attempt, away_ms: backAt - lostAt })
        leg = Result.succeed(next.success.value)
      }
    },
    (effect, { call }) => Effect.catchTag(effect, "MediaOver", () => Effect.succeed(hungUp(call)))
  )
})
