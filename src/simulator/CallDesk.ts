import { Clock, Deferred, Effect, Queue, type Scope } from "effect"
import type { AudioFormat } from "../Audio.ts"
import { converter } from "../audio/converter.ts"
import type { CallRecord } from "./CallRecord.ts"
import type { FaultName, FaultOptions, FaultPanel } from "./Faults.ts"
import type { DialBehaviour, FakeCarrier, PlaceInbound, SimulatedCall, SpokenAudio } from "./SimulatorModule.ts"

/** A carrier's call, as far as the desk needs it. */
export interface DeskCall {
  /** The carrier's id. */
  readonly id: string
  readonly direction: "inbound" | "outbound"
  readonly from: string
  readonly to: string
  readonly record: CallRecord
  /** Completed when everything about the call is done. */
  readonly settled: Deferred.Deferred<void>
}

/** Sockets on the other side are real, so a fake carrier never runs on a test clock. */
export const onRealClock = Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())

/** Whether a call has reached a final state. */
export const isOver = ({ record }: { readonly record: CallRecord }) =>
  !["queued", "initiated", "ringing", "in-progress"].includes(record.state)

/** Speech in the format that the carrier streams. */
export const spokenAs = (format: AudioFormat, audio: SpokenAudio): Uint8Array => {
  const { convert, flush } = converter(audio.format, format)
  return Buffer.concat([convert(audio.bytes), flush()])
}

/** What is the same for every fake carrier: its calls by id, their handles for tests, and how destinations behave. */
export interface CallDesk<Call extends DeskCall> {
  readonly find: (id: string) => Call | undefined
  /** Every call that is remembered, oldest first. */
  readonly all: () => Iterable<Call>
  /** Remembers an inbound call. Gives the handle for the test. */
  readonly takeIn: (call: Call) => SimulatedCall
  /** Remembers a call that our side placed; `nextOutbound` hands it out. */
  readonly placed: (call: Call) => Effect.Effect<void>
  /** What happens when this call's destination is dialled; puts what the person says into their mouth. */
  readonly behaviourOf: (call: Call) => Effect.Effect<DialBehaviour>
  /** Puts the person's speech into their mouth, and switches the call's own faults on until it is settled. */
  readonly prepare: (options: PlaceInbound, call: Call) => Effect.Effect<void>
  /** The parts of the fake carrier that the desk knows. */
  readonly carrier: Pick<FakeCarrier, "whenDialed" | "nextOutbound" | "calls" | "faults">
  /** Drops settled calls, and calls that nobody took. */
  readonly forget: Effect.Effect<void>
}

/**
 * A desk without calls. `hangUp` is what happens when the person hangs up; the desk's own work lives in the scope.
 */
export const makeCallDesk = Effect.fnUntraced(function* <Call extends DeskCall>(options: {
  readonly format: (call: Call) => AudioFormat
  readonly panel: FaultPanel
  readonly hangUp: (call: Call) => Effect.Effect<void>
  /** What pressing digits does, besides going over the stream. */
  readonly pressed?: (call: Call, digits: string) => Effect.Effect<void>
}): Effect.fn.Return<CallDesk<Call>, never, Scope.Scope> {
  const { panel } = options
  const scope = yield* Effect.scope
  const calls = new Map<string, Call>()
  const handles = new Map<string, SimulatedCall>()
  const outbound = yield* Queue.unbounded<SimulatedCall>()
  const behaviours = new Map<string, DialBehaviour>()

  const handleOf = (call: Call): SimulatedCall => {
    const { id, direction, from, to, record, settled } = call
    return {
      id,
      direction,
      from,
      to,
      now: Effect.sync(record.snapshot),
      until: record.until,
      say: (audio) => Effect.sync(() => record.mouth.say(spokenAs(options.format(call), audio))),
      pressDigits: (digits) =>
        Effect.suspend(() => {
          record.digits.push(...Array.from(digits))
          return onRealClock(options.pressed?.(call, digits) ?? Effect.void)
        }),
      hangUp: onRealClock(options.hangUp(call)),
      ended: record.until(() => isOver(call)),
      settled: Effect.andThen(Deferred.await(settled), Effect.sync(record.snapshot))
    }
  }

  const takeIn = (call: Call) => {
    const handle = handleOf(call)
    calls.set(call.id, call)
    handles.set(call.id, handle)
    return handle
  }

  return {
    find: (id) => calls.get(id),
    all: () => calls.values(),
    takeIn,
    placed: (call) => Effect.asVoid(Queue.offer(outbound, takeIn(call))),
    behaviourOf: (call) =>
      Effect.sync(() => {
        const found = behaviours.get(call.to) ?? behaviours.get("*") ?? { outcome: "answer" }
        if (found.outcome === "answer" && found.audio !== undefined)
          call.record.mouth.say(spokenAs(options.format(call), found.audio))
        return found
      }),
    prepare: Effect.fnUntraced(function* ({ audio, faults = [] }, call) {
      if (audio !== undefined) call.record.mouth.say(spokenAs(options.format(call), audio))
      const chosen = faults.map((fault): readonly [FaultName, FaultOptions] =>
        typeof fault === "string" ? [fault, {}] : fault
      )
      for (const [name, faultOptions] of chosen) yield* panel.switches.on(name, faultOptions)
      if (chosen.length === 0) return
      const off = Effect.forEach(chosen, ([name]) => panel.switches.off(name), { discard: true })
      yield* Effect.forkIn(Effect.andThen(Deferred.await(call.settled), off), scope, { startImmediately: true })
    }),
    carrier: {
      whenDialed: (destination, behaviour) => Effect.sync(() => void behaviours.set(destination, behaviour)),
      nextOutbound: Queue.take(outbound),
      calls: Effect.sync(() => Array.from(handles.values())),
      faults: panel.switches
    },
    forget: Effect.gen(function* () {
      for (const [id, call] of calls) {
        if (!Deferred.isDoneUnsafe(call.settled)) continue
        calls.delete(id)
        handles.delete(id)
      }
      yield* Queue.clear(outbound)
    })
  }
})
