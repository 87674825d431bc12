import { Effect, Queue, type Scope } from "effect"
import type { AgentLeg, AnsweringNews } from "../agents/AgentSpec.ts"
import { CallerEar } from "../answering/callerEar.ts"
import type { Finding } from "../answering/detector.ts"
import type { FormValues } from "../Form.ts"
import type { MediaTap, Transport } from "../Transport.ts"
import { answererOf } from "./answerers.ts"
import type { Call } from "./Call.ts"

/** What is known about who answered a call that we placed, and the agent that is to know it. */
export interface CallAnswering {
  /** The agent was connected, or connected anew: it is told what is known, and whatever follows. */
  readonly introduce: (leg: AgentLeg) => Effect.Effect<void>
  /** Something became known. The same again is not told twice. */
  readonly tell: (news: AnsweringNews) => Effect.Effect<void>
  /** Listens for an answering machine while the scope is open; the findings are noted in the call's log and told. */
  readonly listen: (transport: Pick<Transport, "info" | "tap">) => Effect.Effect<void, never, Scope.Scope>
}

interface Options {
  readonly call: Pick<Call, "direction" | "answeredBy">
  /** The clock of the media, ms. */
  readonly now: () => number
  /** Writes something into the call's log; nothing waits for it. */
  readonly note: (kind: string, details: FormValues) => Effect.Effect<void>
}

/** How often is looked whether the carrier sends nothing any more: that is silence, too. */
const lookEvery = "1 second"

/** A verdict, a beep, and a defect. */
const mostFindings = 3

/** The detection met a defect of its own. */
interface Broken {
  readonly _tag: "Broken"
  readonly defect: unknown
}

const isSame = (one: AnsweringNews, other: AnsweringNews) =>
  one._tag === "Answered"
    ? other._tag === "Answered" && one.source === other.source && one.result === other.result
    : other._tag === "Beep"

const newsOf = (finding: Finding): AnsweringNews =>
  finding._tag === "Beep"
    ? finding
    : {
        _tag: "Answered",
        source: "switchboard",
        result: finding.result,
        reason: finding.reason,
        atMs: finding.atMs
      }

/** A defect of the detection must not reach the media: it ends the detection alone. */
const tapOf = (ear: CallerEar, startedAt: number, onDefect: (defect: unknown) => void): MediaTap => {
  const guarded = (hear: () => void) => {
    try {
      hear()
    } catch (defect) {
      onDefect(defect)
    }
  }
  return {
    missed: (chunks) => guarded(() => chunks.forEach((chunk) => ear.hear(chunk, startedAt))),
    heard: (chunk, now) => guarded(() => ear.hear(chunk, now)),
    sent: () => {},
    unheard: () => {}
  }
}

/** Keeps what is known about who answered a call. What its carrier knew before the media opened is known from the start. */
export const callAnswering = ({ call, note, now }: Options): CallAnswering => {
  const known: Array<AnsweringNews> = []
  if (call.direction === "outbound" && call.answeredBy !== undefined)
    known.push({ _tag: "Answered", source: "carrier", ...answererOf(call.answeredBy), atMs: 0 })
  let leg: AgentLeg | undefined

  const tell = (news: AnsweringNews) =>
    Effect.suspend(() => {
      if (known.some((before) => isSame(before, news))) return Effect.void
      known.push(news)
      return leg?.answeringMachine?.(news) ?? Effect.void
    })

  const found = (finding: Finding) => {
    const { atMs } = finding
    const noted =
      finding._tag === "Beep"
        ? note("answering_machine.beep", { at_ms: atMs })
        : note("answering_machine", {
            source: "switchboard",
            result: finding.result,
            reason: finding.reason,
            at_ms: atMs
          })
    return Effect.andThen(tell(newsOf(finding)), noted)
  }

  const listening = Effect.fnUntraced(function* (transport: Pick<Transport, "info" | "tap">) {
    const heard = yield* Queue.dropping<Finding | Broken>(mostFindings)
    const startedAt = now()
    const ear = new CallerEar(transport.info.incomingFormat, startedAt, (finding) => {
      Queue.offerUnsafe(heard, finding)
    })
    const tap = tapOf(ear, startedAt, (defect) => Queue.offerUnsafe(heard, { _tag: "Broken", defect }))
    yield* Effect.acquireRelease(
      Effect.sync(() => transport.tap(tap)),
      (untap) => Effect.sync(untap)
    )
    const next = Effect.timeoutOrElse(Queue.take(heard), {
      duration: lookEvery,
      orElse: () => Effect.succeed(undefined)
    })
    let wasDone = false
    let finding: Finding | Broken | undefined
    do {
      finding = yield* next
      wasDone = ear.isDone
      if (finding === undefined) ear.wait(now())
      else if (finding._tag !== "Broken") yield* found(finding)
      else return yield* Effect.logError("The detection of answering machines broke off.", finding.defect)
    } while (finding !== undefined || !wasDone)
  }, Effect.scoped)

  return {
    introduce: (next) =>
      Effect.suspend(() => {
        leg = next
        return Effect.forEach(known, (news) => next.answeringMachine?.(news) ?? Effect.void, { discard: true })
      }),
    tell,
    listen: (transport) => Effect.asVoid(Effect.forkScoped(listening(transport), { startImmediately: true }))
  }
}
